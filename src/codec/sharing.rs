//! The bytes of what a tenant shares.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::parts::{name, requests, write_name, write_requests};
use super::{ByteReader, ByteWriter, DecodeError, RecordKind, StoredRecord, UnreadableValue, read_as, rest, written};
use crate::domain::ids::{CaseId, ListId};
use crate::domain::note::NoteId;
use crate::domain::tenant::TenantId;
use crate::domain::visibility::{SharedKey, SharedThing, Sharing, Visibility};
use crate::shard::Shard;

/// The integers of the things.
const REPORTS: u8 = 1;
const STATUSES: u8 = 2;
const CASE: u8 = 3;
const LIST: u8 = 4;
const NOTE: u8 = 5;

/// The integers of the visibilities.
const PRIVATE: u8 = 1;
const NAMED: u8 = 2;
const ALL: u8 = 3;

/// The bytes of a record.
#[must_use]
pub fn encode(sharing: &Sharing) -> Bytes {
    written(&sharing.unknown_fields, |writer| {
        write_thing(writer, &sharing.thing);
        match &sharing.visibility {
            Visibility::Private => writer.byte(PRIVATE),
            Visibility::Named(tenants) => {
                writer.byte(NAMED);
                writer.list(tenants.iter(), |writer, tenant| writer.text(tenant.as_str()));
            }
            Visibility::All => writer.byte(ALL),
        }
        writer.time(sharing.changed_at);
        write_requests(writer, &sharing.requests);
    })
}

/// A record from its bytes.
///
/// # Errors
/// If they are not such a record, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<Sharing, UnreadableValue> {
    read_as("record of sharing", bytes, |reader| {
        Ok(Sharing {
            thing: thing(reader)?,
            visibility: visibility(reader)?,
            changed_at: reader.time()?,
            requests: requests(reader)?,
            unknown_fields: rest(reader),
        })
    })
}

fn write_thing(writer: &mut ByteWriter, thing: &SharedThing) {
    match thing {
        SharedThing::Reports => writer.byte(REPORTS),
        SharedThing::Statuses => writer.byte(STATUSES),
        SharedThing::Case(id) => {
            writer.byte(CASE);
            write_name(writer, id.as_str());
        }
        SharedThing::List(id) => {
            writer.byte(LIST);
            write_name(writer, id.as_str());
        }
        SharedThing::Note(id) => {
            writer.byte(NOTE);
            writer.fixed128(id.raw());
        }
    }
}

fn thing(reader: &mut ByteReader<'_>) -> Result<SharedThing, DecodeError> {
    match reader.byte()? {
        REPORTS => Ok(SharedThing::Reports),
        STATUSES => Ok(SharedThing::Statuses),
        CASE => name(reader, CaseId::parse, "case id").map(SharedThing::Case),
        LIST => name(reader, ListId::parse, "list id").map(SharedThing::List),
        NOTE => reader.fixed128().map(NoteId::from_raw).map(SharedThing::Note),
        _ => Err(DecodeError::Range("shared thing")),
    }
}

/// Who may see it. A visibility that this release does not know is private: nobody must see more than was allowed.
fn visibility(reader: &mut ByteReader<'_>) -> Result<Visibility, DecodeError> {
    match reader.byte()? {
        PRIVATE => Ok(Visibility::Private),
        NAMED => {
            let tenants =
                reader.list(|reader| TenantId::parse(reader.text()?).map_err(|_| DecodeError::Range("tenant")))?;
            Ok(Visibility::Named(tenants.into_iter().collect::<BTreeSet<_>>()))
        }
        ALL => Ok(Visibility::All),
        _ => Err(DecodeError::Range("visibility")),
    }
}

/// An id is the integer of the kind, and sixteen bytes, big-endian, that name the thing.
impl StoredRecord for Sharing {
    type Id = SharedKey;
    const KIND: RecordKind = RecordKind::Sharing;
    const NAME: &'static str = "sharing";

    fn shard(key: &SharedKey) -> Shard {
        Shard::of_sharing(&Self::id_bytes(key))
    }

    fn id_bytes(key: &SharedKey) -> Bytes {
        let mut bytes = vec![key.kind];
        bytes.extend(key.of.to_be_bytes());
        Bytes::from(bytes)
    }

    fn id_from_bytes(bytes: &[u8]) -> Option<SharedKey> {
        let (kind, of) = bytes.split_first()?;
        let of = u128::from_be_bytes(of.try_into().ok()?);
        Some(SharedKey { kind: *kind, of })
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

    use super::super::MAX_ID_BYTES;
    use super::super::laws::Codec;
    use super::super::samples::hex;
    use super::*;
    use crate::domain::requests::Requests;
    use crate::domain::time::Timestamp;
    use crate::domain::unknown_fields::UnknownFields;
    use crate::domain::visibility::MAX_NAMED_TENANTS;

    const CODEC: Codec<Sharing> = Codec { encode, decode };

    fn things() -> impl Strategy<Value = SharedThing> {
        prop_oneof![
            Just(SharedThing::Reports),
            Just(SharedThing::Statuses),
            "[a-z0-9-]{1,64}".prop_map(|id| SharedThing::Case(CaseId::parse(&id).unwrap())),
            "[a-z0-9-]{1,32}".prop_map(|id| SharedThing::List(ListId::parse(&id).unwrap())),
            any::<u128>().prop_map(|id| SharedThing::Note(NoteId::from_raw(id))),
        ]
    }

    fn sharings() -> impl Strategy<Value = Sharing> {
        let names = proptest::collection::btree_set("[a-z0-9_-]{1,32}", 0..MAX_NAMED_TENANTS);
        let visibilities = prop_oneof![
            Just(Visibility::Private),
            Just(Visibility::All),
            names.prop_map(|names| {
                Visibility::Named(names.iter().map(|name| TenantId::parse(name).unwrap()).collect())
            }),
        ];
        (things(), visibilities, any::<i64>(), any::<Vec<u8>>()).prop_map(|(thing, visibility, millis, unknown)| {
            Sharing {
                thing,
                visibility,
                changed_at: Timestamp::from_millis(millis),
                requests: Requests::default(),
                unknown_fields: UnknownFields::new(&unknown),
            }
        })
    }

    proptest! {
        #[test]
        fn round_trips(sharing in sharings()) {
            let key = sharing.thing.key();
            let id = Sharing::id_bytes(&key);
            prop_assert!(id.len() <= MAX_ID_BYTES);
            prop_assert_eq!(Sharing::id_from_bytes(&id), Some(key));
            prop_assert_eq!(decode(&encode(&sharing)).unwrap(), sharing);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, is_ours: bool) {
            CODEC.takes_any_bytes(bytes, is_ours);
        }
    }

    fn shared_case() -> Sharing {
        let names = ["north", "south"].map(|name| TenantId::parse(name).unwrap());
        Sharing {
            thing: SharedThing::Case(CaseId::parse("c-1").unwrap()),
            visibility: Visibility::Named(names.into()),
            changed_at: Timestamp::from_secs(1_700_000_000),
            requests: Requests::from_pairs([(1, 2)].into_iter()),
            unknown_fields: UnknownFields::new(&[0xee]),
        }
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        CODEC.respects_a_newer_release(&shared_case(), |sharing| &sharing.unknown_fields);
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        assert_eq!(hex(&encode(&shared_case())), FROZEN);
        let ids = [
            SharedThing::Reports,
            SharedThing::Statuses,
            SharedThing::Case(CaseId::parse("c-1").unwrap()),
            SharedThing::List(ListId::parse("dno").unwrap()),
            SharedThing::Note(NoteId::from_raw(1)),
        ];
        let ids: Vec<String> = ids.iter().map(|thing| hex(&Sharing::id_bytes(&thing.key()))).collect();
        assert_eq!(ids, FROZEN_IDS);
    }

    const FROZEN: &str = "\
        010306632d310202056e6f72746805736f75746880a0abfef96201010000000000000000000000000000000200000000\
        000000ee";
    const FROZEN_IDS: [&str; 5] = [
        "0100000000000000000000000000000000",
        "0200000000000000000000000000000000",
        "031f71444d053be47c35db047e091396df",
        "04b8c97c985594bb7cba4d73502f4fb3f9",
        "0500000000000000000000000000000001",
    ];
}
