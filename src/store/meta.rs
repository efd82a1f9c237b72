//! Who a store is.

use super::codec;
use super::error::StoreError;

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
        codec::meta::encode(self)
    }

    /// From the bytes that a store kept.
    ///
    /// # Errors
    /// If they are no identity, or a newer release's.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        codec::meta::decode(bytes)
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
