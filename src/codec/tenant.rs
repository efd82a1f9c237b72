//! The bytes of a tenant's quota, a side record.

use bytes::Bytes;

use super::{ByteReader, ByteWriter, SideKind, SideRecord, UnreadableValue, begin, check_major, rest, unreadable};
use crate::domain::day::Day;
use crate::domain::quota::TenantDay;
use crate::domain::tenant::TenantId;
use crate::shard::Shard;

/// The bytes of a tenant's quota.
#[must_use]
pub fn encode(quota: &TenantDay) -> Bytes {
    let mut writer = ByteWriter::default();
    begin(&mut writer);
    writer.int(quota.day.number());
    writer.uint(quota.leased);
    writer.raw(quota.unknown_fields.bytes());
    Bytes::from(writer.finish())
}

/// A tenant's quota from its bytes.
///
/// # Errors
/// If they are not a tenant's quota, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<TenantDay, UnreadableValue> {
    let mut reader = ByteReader::new(bytes);
    let mut read = || {
        check_major(&mut reader)?;
        Ok(TenantDay {
            day: Day::from_number(reader.int()?),
            leased: reader.uint()?,
            unknown_fields: rest(&mut reader),
        })
    };
    read().map_err(unreadable("tenant's quota"))
}

impl SideRecord for TenantDay {
    type Id = TenantId;
    const KIND: SideKind = SideKind::Tenant;
    const NAME: &'static str = "tenant";

    fn shard(id: &TenantId) -> Shard {
        Shard::of_tenant(id.as_str())
    }

    fn id_bytes(id: &TenantId) -> Bytes {
        Bytes::copy_from_slice(id.as_bytes())
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
    use super::super::DecodeError;
    use super::super::samples::hex;
    use super::*;
    use crate::domain::unknown_fields::UnknownFields;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(day: i64, leased: u64, unknown_fields: Vec<u8>) {
            let quota = TenantDay { day: Day::from_number(day), leased, unknown_fields: UnknownFields::new(&unknown_fields) };
            prop_assert_eq!(decode(&encode(&quota)).unwrap(), quota);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            if let Ok(quota) = decode(&bytes) {
                prop_assert!(decode(&encode(&quota)).is_ok());
            }
        }
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen_and_a_newer_major_is_refused() {
        let quota = TenantDay {
            day: Day::from_number(20_000),
            leased: 100_000,
            unknown_fields: UnknownFields::new(&[0xee]),
        };
        let mut bytes = encode(&quota).to_vec();
        assert_eq!(hex(&bytes), "01c0b802a08d06ee");
        bytes[0] = 2;
        let newer = DecodeError::NewerMajor { found: 2, known: 1 };
        assert_eq!(decode(&bytes).unwrap_err().cause, newer);
    }
}
