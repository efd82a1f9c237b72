//! The bytes of principals.

use bytes::Bytes;

use super::parts::{name, requests, write_name, write_requests};
use super::rows::brand_name;
use super::{ByteReader, ByteWriter, DecodeError, RecordKind, StoredRecord, UnreadableValue, read_as, rest, written};
use crate::domain::identity::{
    CertificateHash, Grants, KeyId, Principal, PrincipalId, PrincipalKey, Roles, SecretHash, Subject, SubjectName,
};
use crate::domain::ids::Feed;
use crate::domain::tenant::TenantId;
use crate::shard::Shard;

/// The principal is locked out.
const DISABLED: u8 = 1;

/// The bytes of a principal.
#[must_use]
pub fn encode(principal: &Principal) -> Bytes {
    written(&principal.unknown_fields, |writer| {
        writer.text(principal.id.as_str());
        writer.text(principal.tenant.as_str());
        writer.byte(principal.roles.bits());
        writer.byte(if principal.disabled { DISABLED } else { 0 });
        writer.time(principal.created_at);
        write_grants(writer, &principal.grants);
        writer.list(principal.keys.iter(), write_key);
        writer.list(principal.certificates.iter(), |writer, hash| writer.raw(&hash.0));
        writer.list(principal.subjects.iter(), |writer, subject| {
            writer.text(subject.issuer.as_str());
            writer.text(subject.subject.as_str());
        });
        write_requests(writer, &principal.requests);
    })
}

/// A principal from its bytes.
///
/// # Errors
/// If they are not a principal, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<Principal, UnreadableValue> {
    read_as("principal", bytes, |reader| record(reader))
}

fn record(reader: &mut ByteReader<'_>) -> Result<Principal, DecodeError> {
    Ok(Principal {
        id: PrincipalId::parse(reader.text()?).map_err(|_| DecodeError::Range("principal id"))?,
        tenant: TenantId::parse(reader.text()?).map_err(|_| DecodeError::Range("tenant"))?,
        roles: Roles::from_bits(reader.byte()?),
        disabled: reader.byte()? & DISABLED != 0,
        created_at: reader.time()?,
        grants: grants(reader)?,
        keys: reader.list(key)?,
        certificates: reader.list(|reader| fixed(reader).map(CertificateHash))?,
        subjects: reader.list(subject)?,
        requests: requests(reader)?,
        unknown_fields: rest(reader),
    })
}

fn write_grants(writer: &mut ByteWriter, grants: &Grants) {
    writer.uint(u64::from(grants.source_bits()));
    writer.list(grants.feeds.iter(), |writer, feed| write_name(writer, feed.as_str()));
    writer.list(grants.brands.iter(), |writer, brand| writer.text(brand.as_str()));
}

fn grants(reader: &mut ByteReader<'_>) -> Result<Grants, DecodeError> {
    let sources = u16::try_from(reader.uint()?).map_err(|_| DecodeError::Range("sources"))?;
    let feeds = reader.list(|reader| name(reader, Feed::parse, "feed"))?;
    let brands = reader.list(brand_name)?;
    Ok(Grants::from_parts(sources, feeds, brands))
}

fn write_key(writer: &mut ByteWriter, key: &PrincipalKey) {
    writer.fixed64(key.id.raw());
    writer.raw(key.hash.bytes());
    writer.time(key.created_at);
    for time in [key.not_before, key.expires_at, key.revoked_at] {
        writer.option(time, ByteWriter::time);
    }
}

fn key(reader: &mut ByteReader<'_>) -> Result<PrincipalKey, DecodeError> {
    Ok(PrincipalKey {
        id: KeyId::from_raw(reader.fixed64()?),
        hash: SecretHash::from_bytes(fixed(reader)?),
        created_at: reader.time()?,
        not_before: reader.option(ByteReader::time)?,
        expires_at: reader.option(ByteReader::time)?,
        revoked_at: reader.option(ByteReader::time)?,
    })
}

fn subject(reader: &mut ByteReader<'_>) -> Result<Subject, DecodeError> {
    let mut part = || SubjectName::parse(reader.text()?).map_err(|_| DecodeError::Range("subject"));
    Ok(Subject {
        issuer: part()?,
        subject: part()?,
    })
}

fn fixed(reader: &mut ByteReader<'_>) -> Result<[u8; 32], DecodeError> {
    reader.take(32)?.try_into().map_err(|_| DecodeError::Range("hash"))
}

/// An id is the principal's id as text.
impl StoredRecord for Principal {
    type Id = PrincipalId;
    const KIND: RecordKind = RecordKind::Principal;
    const NAME: &'static str = "principal";

    fn shard(id: &PrincipalId) -> Shard {
        Shard::of_principal(id)
    }

    fn id_bytes(id: &PrincipalId) -> Bytes {
        Bytes::copy_from_slice(id.as_str().as_bytes())
    }

    fn id_from_bytes(bytes: &[u8]) -> Option<PrincipalId> {
        let text = std::str::from_utf8(bytes).ok()?;
        PrincipalId::parse(text).ok().filter(|id| id.as_str() == text)
    }

    fn encode(&self) -> Bytes {
        encode(self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, UnreadableValue> {
        decode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws::Codec;
    use super::super::samples::hex;
    use super::super::{MAX_ID_BYTES, MAX_VALUE_BYTES};
    use super::*;
    use crate::domain::brand::Brand;
    use crate::domain::identity::{
        MAX_BRAND_GRANTS, MAX_CERTIFICATES, MAX_FEED_GRANTS, MAX_KEPT_KEYS, MAX_SUBJECTS, Role,
    };
    use crate::domain::kinds::Source;
    use crate::domain::requests::Requests;
    use crate::domain::time::Timestamp;
    use crate::domain::unknown_fields::UnknownFields;

    fn stored_key(id: u64) -> PrincipalKey {
        PrincipalKey {
            id: KeyId::from_raw(id),
            hash: SecretHash::from_bytes(std::array::from_fn(|place| u8::try_from(place).unwrap())),
            created_at: Timestamp::from_millis(1_700_000_000_123),
            not_before: None,
            expires_at: Some(Timestamp::from_secs(1_800_000_000)),
            revoked_at: Some(Timestamp::from_secs(1_750_000_000)),
        }
    }

    fn principal() -> Principal {
        let name = |text| SubjectName::parse(text).unwrap();
        Principal {
            id: PrincipalId::parse("ana@example.org").unwrap(),
            tenant: TenantId::DEFAULT,
            roles: Roles::of(&[Role::Analyst, Role::Admin]),
            grants: Grants::new(
                [Source::Analyst, Source::RegulatorFeed],
                vec![Feed::parse("ftc-3col").unwrap()],
                vec![Brand::parse("Microsoft").unwrap()],
            ),
            disabled: true,
            created_at: Timestamp::from_secs(1_700_000_000),
            keys: vec![stored_key(0x0123_4567_89ab_cdef)],
            certificates: vec![CertificateHash([7; 32])],
            subjects: vec![Subject {
                issuer: name("https://id.example.org"),
                subject: name("248289761001"),
            }],
            requests: Requests::from_pairs([(1, 2)].into_iter()),
            unknown_fields: UnknownFields::new(&[0xee]),
        }
    }

    fn principals() -> impl Strategy<Value = Principal> {
        let keys = proptest::collection::vec((any::<u64>(), any::<[u8; 32]>(), any::<Option<i64>>()), 0..4);
        let fields = (
            "[a-zA-Z0-9@._-]{1,64}",
            "[a-z]{1,32}",
            any::<u8>(),
            any::<bool>(),
            any::<u16>(),
        );
        (fields, keys, any::<Vec<u8>>()).prop_map(|((id, tenant, roles, disabled, sources), keys, unknown)| {
            let time = |millis: i64| Timestamp::from_millis(millis);
            Principal {
                id: PrincipalId::parse(&id).unwrap(),
                tenant: TenantId::parse(&tenant).unwrap(),
                roles: Roles::from_bits(roles),
                grants: Grants::from_parts(sources, vec![Feed::parse(&tenant).unwrap()], Vec::new()),
                disabled,
                keys: keys
                    .into_iter()
                    .map(|(id, hash, millis)| PrincipalKey {
                        id: KeyId::from_raw(id),
                        hash: SecretHash::from_bytes(hash),
                        not_before: millis.map(time),
                        ..stored_key(0)
                    })
                    .collect(),
                unknown_fields: UnknownFields::new(&unknown),
                ..principal()
            }
        })
    }

    const CODEC: Codec<Principal> = Codec { encode, decode };

    proptest! {
        #[test]
        fn round_trips(principal in principals()) {
            prop_assert_eq!(decode(&encode(&principal)).unwrap(), principal.clone());
            let bytes = Principal::id_bytes(&principal.id);
            prop_assert!(bytes.len() <= MAX_ID_BYTES);
            prop_assert_eq!(Principal::id_from_bytes(&bytes), Some(principal.id));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, is_ours: bool) {
            CODEC.takes_any_bytes(bytes.clone(), is_ours);
            if let Some(id) = Principal::id_from_bytes(&bytes) {
                prop_assert_eq!(&Principal::id_bytes(&id)[..], &bytes[..]);
            }
        }

        #[test]
        fn a_damaged_principal_is_read_without_a_panic(principal in principals(), place: prop::sample::Index, value: u8) {
            CODEC.takes_a_damaged(&principal, &place, value);
        }
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        CODEC.respects_a_newer_release(&principal(), |principal| &principal.unknown_fields);
    }

    #[test]
    fn the_largest_principal_can_be_stored() {
        let long = |length: usize| "a".repeat(length);
        let subject = SubjectName::parse(&long(SubjectName::MAX_BYTES)).unwrap();
        let largest = Principal {
            id: PrincipalId::parse(&long(PrincipalId::MAX_BYTES)).unwrap(),
            keys: vec![stored_key(1); MAX_KEPT_KEYS],
            certificates: vec![CertificateHash([7; 32]); MAX_CERTIFICATES],
            subjects: vec![
                Subject {
                    issuer: subject.clone(),
                    subject,
                };
                MAX_SUBJECTS
            ],
            grants: Grants::from_parts(
                u16::MAX,
                vec![Feed::parse(&long(Feed::MAX_BYTES)).unwrap(); MAX_FEED_GRANTS],
                vec![Brand::kept(&long(Brand::MAX_BYTES)).unwrap(); MAX_BRAND_GRANTS],
            ),
            ..principal()
        };
        assert!(encode(&largest).len() <= MAX_VALUE_BYTES);
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        assert_eq!(hex(&encode(&principal())), FROZEN);
        assert_eq!(
            hex(&Principal::id_bytes(&principal().id)),
            "616e61406578616d706c652e6f7267"
        );
        assert_eq!(Principal::shard(&principal().id).byte(), 87);
    }

    const FROZEN: &str = "010f616e61406578616d706c652e6f72670764656661756c74300180a0abfef962c00201106674632d33636f6c01094d6963726f736f667401efcdab8967452301000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1ff6a1abfef962000180c0e285e3680180f086c2ee65010707070707070707070707070707070707070707070707070707070707070707011668747470733a2f2f69642e6578616d706c652e6f72670c32343832383937363130303101010000000000000000000000000000000200000000000000ee";
}
