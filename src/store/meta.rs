//! The identity of a store, and its bytes.

use super::error::StoreError;
use crate::codec::{DecodeError, Reader, UnreadableValue, Writer};

/// The major version of an identity's bytes.
const MAJOR: u8 = 1;

/// Made when a store is first opened, and never again while it lives.
#[derive(Clone, PartialEq, Eq)]
pub struct Meta {
    /// Names the store: a follower that meets another one keeps what it has and raises an alarm.
    pub store_id: u128,
    /// Signs page tokens and keys the hashes of reporters; shared by all instances through the store.
    pub secret: [u8; 32],
    /// What the stored evidence was folded with.
    pub evidence_version: u32,
    /// Whether the store was made ready for use after it was created.
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
        let mut writer = Writer::default();
        writer.byte(MAJOR);
        writer.fixed128(self.store_id);
        writer.raw(&self.secret);
        writer.uint(u64::from(self.evidence_version));
        writer.byte(u8::from(self.ready));
        writer.finish()
    }

    /// From the bytes that a store kept.
    ///
    /// # Errors
    /// If they are no identity, or a newer release's.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let what = "store identity";
        Ok(read(&mut Reader::new(bytes)).map_err(|cause| UnreadableValue { what, cause })?)
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

fn read(reader: &mut Reader<'_>) -> Result<Meta, DecodeError> {
    let found = reader.byte()?;
    if found != MAJOR {
        return Err(DecodeError::NewerMajor { found, known: MAJOR });
    }
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

    #[test]
    fn round_trips_and_refuses_a_newer_major() {
        let meta = Meta {
            store_id: 7,
            secret: [9; 32],
            evidence_version: 3,
            ready: true,
        };
        let mut bytes = meta.to_bytes();
        assert!(Meta::from_bytes(&bytes).unwrap() == meta);
        bytes.push(1); // a newer release's field
        assert!(Meta::from_bytes(&bytes).unwrap() == meta);
        bytes[0] = 2;
        assert!(matches!(Meta::from_bytes(&bytes), Err(StoreError::Unreadable { .. })));
        assert!(Meta::from_bytes(&[1, 2, 3]).is_err());
    }
}
