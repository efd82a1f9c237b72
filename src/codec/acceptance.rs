//! The bytes of what a tenant accepts from another.

use bytes::Bytes;

use super::parts::{requests, write_requests};
use super::{DecodeError, RecordKind, StoredRecord, UnreadableValue, read_as, rest, written};
use crate::domain::acceptance::{Acceptance, AcceptedKinds};
use crate::domain::tenant::TenantId;
use crate::shard::Shard;

/// The bytes of a record.
#[must_use]
pub fn encode(acceptance: &Acceptance) -> Bytes {
    written(&acceptance.unknown_fields, |writer| {
        writer.text(acceptance.from.as_str());
        writer.byte(acceptance.kinds.bits());
        writer.time(acceptance.changed_at);
        write_requests(writer, &acceptance.requests);
    })
}

/// A record from its bytes.
///
/// # Errors
/// If they are not such a record, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<Acceptance, UnreadableValue> {
    read_as("record of acceptance", bytes, |reader| {
        Ok(Acceptance {
            from: TenantId::parse(reader.text()?).map_err(|_| DecodeError::Range("tenant"))?,
            kinds: AcceptedKinds::from_bits(reader.byte()?),
            changed_at: reader.time()?,
            requests: requests(reader)?,
            unknown_fields: rest(reader),
        })
    })
}

/// An id is the name of the other tenant.
impl StoredRecord for Acceptance {
    type Id = TenantId;
    const KIND: RecordKind = RecordKind::Acceptance;
    const NAME: &'static str = "acceptance";

    fn shard(from: &TenantId) -> Shard {
        Shard::of_sharing(from.as_bytes())
    }

    fn id_bytes(from: &TenantId) -> Bytes {
        Bytes::copy_from_slice(from.as_bytes())
    }

    fn id_from_bytes(bytes: &[u8]) -> Option<TenantId> {
        TenantId::parse(std::str::from_utf8(bytes).ok()?).ok()
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
    use crate::domain::acceptance::SharedKind;
    use crate::domain::requests::Requests;
    use crate::domain::time::Timestamp;
    use crate::domain::unknown_fields::UnknownFields;

    const CODEC: Codec<Acceptance> = Codec { encode, decode };

    fn acceptances() -> impl Strategy<Value = Acceptance> {
        ("[a-z0-9_-]{1,32}", any::<u8>(), any::<i64>(), any::<Vec<u8>>()).prop_map(|(from, bits, millis, unknown)| {
            Acceptance {
                from: TenantId::parse(&from).unwrap(),
                kinds: AcceptedKinds::from_bits(bits),
                changed_at: Timestamp::from_millis(millis),
                requests: Requests::default(),
                unknown_fields: UnknownFields::new(&unknown),
            }
        })
    }

    proptest! {
        #[test]
        fn round_trips(acceptance in acceptances()) {
            let id = Acceptance::id_bytes(&acceptance.from);
            prop_assert!(id.len() <= MAX_ID_BYTES);
            prop_assert_eq!(Acceptance::id_from_bytes(&id), Some(acceptance.from));
            prop_assert_eq!(decode(&encode(&acceptance)).unwrap(), acceptance);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, is_ours: bool) {
            CODEC.takes_any_bytes(bytes, is_ours);
        }
    }

    fn from_pots() -> Acceptance {
        Acceptance {
            from: TenantId::parse("pots").unwrap(),
            kinds: [SharedKind::Reports, SharedKind::Lists].into_iter().collect(),
            changed_at: Timestamp::from_secs(1_700_000_000),
            requests: Requests::from_pairs([(1, 2)].into_iter()),
            unknown_fields: UnknownFields::new(&[0xee]),
        }
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        CODEC.respects_a_newer_release(&from_pots(), |acceptance| &acceptance.unknown_fields);
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        assert_eq!(hex(&encode(&from_pots())), FROZEN);
        assert_eq!(hex(&Acceptance::id_bytes(&from_pots().from)), "706f7473");
    }

    const FROZEN: &str = "0104706f74730a80a0abfef9620101000000000000000000000000000000\
        0200000000000000ee";
}
