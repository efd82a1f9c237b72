//! The bytes of the latest time at which old data was dropped, a side record.

use bytes::Bytes;

use super::{ByteReader, ByteWriter, SideKind, SideRecord, UnreadableValue, begin, check_major, rest, unreadable};
use crate::domain::latest_time::LatestTime;
use crate::domain::tenant::TenantId;
use crate::shard::Shard;

/// There is one in a store, under its default tenant.
impl SideRecord for LatestTime {
    type Id = TenantId;
    const KIND: SideKind = SideKind::LatestTime;
    const NAME: &'static str = "latest-time";

    fn shard(id: &TenantId) -> Shard {
        Shard::of_tenant(id.as_str())
    }

    fn id_bytes(id: &TenantId) -> Bytes {
        Bytes::copy_from_slice(id.as_bytes())
    }

    fn encode(&self) -> Bytes {
        let mut writer = ByteWriter::default();
        begin(&mut writer);
        writer.list(self.at.iter(), |writer, at| writer.time(*at));
        writer.raw(self.unknown_fields.bytes());
        Bytes::from(writer.finish())
    }

    fn decode(bytes: &[u8]) -> Result<Self, UnreadableValue> {
        let mut reader = ByteReader::new(bytes);
        let mut read = || {
            check_major(&mut reader)?;
            Ok(Self {
                at: reader.list(ByteReader::time)?.pop(),
                unknown_fields: rest(&mut reader),
            })
        };
        read().map_err(unreadable("latest time"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::DecodeError;
    use super::super::samples::hex;
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::domain::unknown_fields::UnknownFields;

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen_and_a_newer_major_is_refused() {
        let none = LatestTime::default();
        assert_eq!(hex(&none.encode()), "0100");
        assert_eq!(LatestTime::decode(&none.encode()).unwrap(), none);
        let latest = LatestTime {
            at: Some(Timestamp::from_secs(5)),
            unknown_fields: UnknownFields::new(&[0xee]),
        };
        let mut bytes = latest.encode().to_vec();
        assert_eq!(hex(&bytes), "0101904eee");
        assert_eq!(LatestTime::decode(&bytes).unwrap(), latest);
        bytes[0] = 2;
        let newer = DecodeError::NewerMajor { found: 2, known: 1 };
        assert_eq!(LatestTime::decode(&bytes).unwrap_err().cause, newer);
        assert!(LatestTime::decode(&[]).is_err());
    }
}
