//! The identity of a store, and its bytes.

use super::error::StoreError;
use super::format::STORE_FORMAT;
use crate::codec::{ByteReader, ByteWriter, DecodeError, UnreadableValue};

/// The identity of a store: made when the store is created, and kept as long as it exists.
#[derive(Clone, PartialEq, Eq)]
pub struct Meta {
    /// Names the store. A follower that finds another id keeps its index and raises an alarm.
    pub store_id: u128,
    /// Signs page tokens and keys the hashes of reporters; shared by all instances through the store.
    pub secret: [u8; 32],
    /// The evidence version that the stored evidence was folded with.
    pub evidence_version: u32,
    /// Whether the creation of the store was completed.
    pub ready: bool,
}

impl Meta {
    /// The identity of a new store.
    ///
    /// # Errors
    /// If the machine gives no random numbers.
    pub fn create(evidence_version: u32) -> Result<Self, StoreError> {
        let unavailable = |error: getrandom::Error| StoreError::Unavailable {
            cause: error.to_string(),
        };
        let mut store_id = [0; 16];
        let mut secret = [0; 32];
        getrandom::fill(&mut store_id).map_err(unavailable)?;
        getrandom::fill(&mut secret).map_err(unavailable)?;
        Ok(Self {
            store_id: u128::from_le_bytes(store_id),
            secret,
            evidence_version,
            ready: false,
        })
    }

    /// The store's name, for people.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{:032x}", self.store_id)
    }

    /// A key for one purpose, derived from the store's secret.
    #[must_use]
    pub fn derived_key(&self, purpose: &'static str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.secret)
    }

    /// Its bytes, as stores keep them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = ByteWriter::default();
        writer.byte(STORE_FORMAT);
        writer.fixed128(self.store_id);
        writer.raw(&self.secret);
        writer.uint(u64::from(self.evidence_version));
        writer.byte(u8::from(self.ready));
        writer.finish()
    }

    /// From the bytes that a store kept.
    ///
    /// # Errors
    /// [`StoreError::OtherFormat`] if the store has another format; [`StoreError::Unreadable`] if they are no identity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        if let Some(&found) = bytes.first()
            && found != STORE_FORMAT
        {
            return Err(StoreError::OtherFormat { found });
        }
        let what = "store identity";
        Ok(read(&mut ByteReader::new(bytes)).map_err(|cause| UnreadableValue { what, cause })?)
    }
}

/// The secret stays out of logs.
impl std::fmt::Debug for Meta {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meta")
            .field("store_id", &self.name())
            .field("evidence_version", &self.evidence_version)
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}

fn read(reader: &mut ByteReader<'_>) -> Result<Meta, DecodeError> {
    reader.byte()?; // the format, which the caller has checked
    let store_id = reader.fixed128()?;
    let mut secret = [0; 32];
    secret.copy_from_slice(reader.take(32)?);
    Ok(Meta {
        store_id,
        secret,
        evidence_version: reader.uint32()?,
        ready: reader.byte()? == 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta() -> Meta {
        Meta {
            store_id: 7,
            secret: [9; 32],
            evidence_version: 3,
            ready: true,
        }
    }

    #[test]
    fn round_trips_with_fields_of_a_newer_release() {
        let mut bytes = meta().to_bytes();
        assert!(Meta::from_bytes(&bytes).unwrap() == meta());
        bytes.push(1); // a newer release's field
        assert!(Meta::from_bytes(&bytes).unwrap() == meta());
        assert!(Meta::from_bytes(&bytes[..5]).is_err());
        assert!(Meta::from_bytes(&[]).is_err());
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        let hex: String = meta().to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let secret = "09".repeat(32);
        assert_eq!(hex, format!("0207000000000000000000000000000000{secret}0301"));
    }

    #[test]
    fn a_store_of_another_format_is_refused_with_what_to_do() {
        for (format, wanted) in [(1, "import your reports again"), (3, "a newer release")] {
            let mut bytes = meta().to_bytes();
            bytes[0] = format;
            let error = Meta::from_bytes(&bytes).unwrap_err();
            assert!(matches!(error, StoreError::OtherFormat { found } if found == format));
            assert!(error.to_string().contains(wanted), "{error}");
        }
    }
}
