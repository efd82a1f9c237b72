//! The bytes of a store's identity.

use super::{Reader, Writer, begin, check_major, unreadable};
use crate::store::error::StoreError;
use crate::store::meta::Meta;

/// The bytes of an identity.
#[must_use]
pub fn encode(meta: &Meta) -> Vec<u8> {
    let mut writer = Writer::default();
    begin(&mut writer);
    writer.fixed128(meta.store_id);
    writer.raw(&meta.secret);
    writer.uint(u64::from(meta.evidence_version));
    writer.byte(u8::from(meta.ready));
    writer.finish()
}

/// The identity from its bytes.
///
/// # Errors
/// If they are not an identity, or a newer release's.
pub fn decode(bytes: &[u8]) -> Result<Meta, StoreError> {
    let mut reader = Reader::new(bytes);
    let mut read = || {
        check_major(&mut reader)?;
        let store_id = reader.fixed128()?;
        let mut secret = [0; 32];
        secret.copy_from_slice(reader.take(32)?);
        Ok(Meta {
            store_id,
            secret,
            evidence_version: reader.uint32()?,
            ready: reader.byte()? == 1,
        })
    };
    read().map_err(unreadable("store identity"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_and_refuses_a_newer_major() {
        let meta = Meta {
            store_id: 7,
            secret: [9; 32],
            evidence_version: 3,
            ready: true,
        };
        let mut bytes = encode(&meta);
        assert!(decode(&bytes).unwrap() == meta);
        bytes.push(1); // a newer release's field
        assert!(decode(&bytes).unwrap() == meta);
        bytes[0] = 2;
        assert!(matches!(decode(&bytes), Err(StoreError::Unreadable { .. })));
        assert!(decode(&[1, 2, 3]).is_err());
    }
}
