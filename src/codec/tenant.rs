//! The bytes of a tenant's quota, a side record.

use bytes::Bytes;

use super::{ByteReader, DecodeError, SideKind, SideRecord, UnreadableValue, read_as, rest, written};
use crate::domain::day::Day;
use crate::domain::day_use::DayUse;
use crate::domain::quota::TenantDay;
use crate::domain::tenant::TenantId;
use crate::shard::Shard;

/// The bytes of a tenant's quota.
#[must_use]
pub fn encode(quota: &TenantDay) -> Bytes {
    written(&quota.unknown_fields, |writer| {
        writer.int(quota.day.number());
        writer.uint(quota.leased);
        // The use of principals was added later. It names its day, since an older release keeps it unread when a new day
        // begins.
        if !quota.used.is_empty() || !quota.unknown_fields.bytes().is_empty() {
            writer.int(quota.day.number());
            writer.list(quota.used.iter(), |writer, (principal, units)| {
                writer.fixed64(principal);
                writer.uint(units);
            });
        }
    })
}

/// A tenant's quota from its bytes.
///
/// # Errors
/// If they are not a tenant's quota, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<TenantDay, UnreadableValue> {
    read_as("tenant's quota", bytes, |reader| {
        let day = Day::from_number(reader.int()?);
        let leased = reader.uint()?;
        let used = if reader.remaining().is_empty() {
            DayUse::default()
        } else {
            used_on(day, reader)?
        };
        Ok(TenantDay {
            day,
            leased,
            used,
            unknown_fields: rest(reader),
        })
    })
}

/// What principals have used on a day; nothing if the bytes are about another day.
fn used_on(day: Day, reader: &mut ByteReader<'_>) -> Result<DayUse, DecodeError> {
    let of = Day::from_number(reader.int()?);
    let used = reader.list(|reader| Ok((reader.fixed64()?, reader.uint()?)))?;
    Ok(DayUse::new(used.into_iter().filter(|_| of == day)))
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
    use super::super::samples::hex;
    use super::*;
    use crate::domain::unknown_fields::UnknownFields;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(day: i64, leased: u64, used: Vec<(u64, u32)>, unknown_fields: Vec<u8>) {
            let used = DayUse::new(used.into_iter().map(|(principal, units)| (principal, u64::from(units))));
            let quota = TenantDay { day: Day::from_number(day), leased, used, unknown_fields: UnknownFields::new(&unknown_fields) };
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
        let without = TenantDay {
            day: Day::from_number(20_000),
            leased: 100_000,
            used: DayUse::default(),
            unknown_fields: UnknownFields::default(),
        };
        assert_eq!(hex(&encode(&without)), "01c0b802a08d06");
        assert_eq!(decode(&encode(&without)).unwrap(), without);
        let quota = TenantDay {
            used: DayUse::new([(7, 300)]),
            unknown_fields: UnknownFields::new(&[0xee]),
            ..without
        };
        let mut bytes = encode(&quota).to_vec();
        assert_eq!(hex(&bytes), "01c0b802a08d06c0b802010700000000000000ac02ee");
        assert_eq!(decode(&bytes).unwrap(), quota);
        bytes[7] = 0xc2; // yesterday's or tomorrow's use
        assert!(decode(&bytes).unwrap().used.is_empty());
        bytes[0] = 2;
        let newer = DecodeError::NewerMajor { found: 2, known: 1 };
        assert_eq!(decode(&bytes).unwrap_err().cause, newer);
    }
}
