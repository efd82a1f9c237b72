//! Finding the principal behind a request, from the index alone.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::RwLock;

use crate::clock::Clock;
use crate::domain::identity::{
    ApiKey, CertificateHash, Credential, Identified, KeyId, KeyState, Principal, SecretHash, Subject,
};
use crate::domain::time::Timestamp;
use crate::index::{Freshness, Index};
use crate::service::ServiceError;

/// A hash that belongs to no secret. An unknown key is compared with it, so that the time of an answer does not tell whether the
/// id of the key exists.
const NO_HASH: SecretHash = SecretHash::from_bytes([0; 32]);

/// What a request shows of its sender.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// The text of an API key.
    Key(&'a str),
    /// A client certificate that the transport has verified.
    Certificate(CertificateHash),
    /// The subject of a token whose signature, issuer, audience and times were verified.
    Subject(&'a Subject),
}

stable_enum! {
    /// Why a proof is not accepted. Clients are not told which: all get the same answer.
    Refused {
        /// There is none.
        Missing = 1 "MISSING",
        /// It has not the form of a credential.
        Malformed = 2 "MALFORMED",
        /// Nobody has it.
        Unknown = 3 "UNKNOWN",
        /// The secret is another one.
        WrongSecret = 4 "WRONG_SECRET",
        /// It is not valid yet.
        NotYet = 5 "NOT_YET",
        /// Its time is over.
        Expired = 6 "EXPIRED",
        /// It was revoked.
        Revoked = 7 "REVOKED",
        /// Its principal is locked out.
        Disabled = 8 "DISABLED",
    }
}

/// Finds principals by their credentials. It reads the index only, so it never waits for the store.
pub struct Identities {
    index: Arc<Index>,
    freshness: Arc<Freshness>,
    clock: Clock,
    /// The minutes in which keys were last accepted. A key is known before it is here, so they are as few as keys.
    uses: RwLock<HashMap<KeyId, AtomicI64>>,
}

impl Identities {
    pub(in crate::service) fn new(index: Arc<Index>, freshness: Arc<Freshness>, clock: Clock) -> Self {
        Self {
            index,
            freshness,
            clock,
            uses: RwLock::default(),
        }
    }

    /// When this instance last accepted a key, to the minute. None: not since it started.
    pub fn last_used(&self, key: KeyId) -> Option<Timestamp> {
        let uses = self.uses.read();
        let minute = uses.get(&key)?.load(Ordering::Relaxed);
        Some(Timestamp::from_secs(minute.saturating_mul(60)))
    }

    /// Whether the store has a principal. Unknown before the index is loaded.
    ///
    /// # Errors
    /// If the index is not loaded.
    pub fn any(&self) -> Result<bool, ServiceError> {
        self.loaded()?;
        Ok(self.index.principal_count() > 0)
    }

    /// The principal behind a proof; or why it is refused.
    ///
    /// # Errors
    /// If the index is not loaded: nobody can be recognised yet.
    pub fn identify(&self, proof: Proof<'_>) -> Result<Result<Identified, Refused>, ServiceError> {
        self.loaded()?;
        let found = match proof {
            Proof::Key(text) => self.of_key(text),
            Proof::Certificate(hash) => {
                let [a, b, c, d, e, f, g, h, ..] = hash.0;
                let credential = Credential::Certificate([a, b, c, d, e, f, g, h]);
                known(self.index.principal_of_certificate(&hash), credential)
            }
            Proof::Subject(subject) => known(self.index.principal_of_subject(subject), Credential::Token),
        };
        Ok(found.and_then(not_disabled))
    }

    fn note_use(&self, key: KeyId, now: Timestamp) {
        let minute = now.millis().div_euclid(60_000);
        if let Some(last) = self.uses.read().get(&key) {
            // Most uses are in a minute that is noted already: a write would move the line of memory between processors.
            if last.load(Ordering::Relaxed) != minute {
                last.store(minute, Ordering::Relaxed);
            }
            return;
        }
        self.uses.write().insert(key, AtomicI64::new(minute));
    }

    fn of_key(&self, text: &str) -> Result<Identified, Refused> {
        let key = ApiKey::parse(text).map_err(|_| Refused::Malformed)?;
        let holder = self.index.principal_of_key(key.id());
        let stored = holder.as_ref().and_then(|holder| holder.key(key.id()));
        let is_right = key
            .secret_hash()
            .matches(stored.map_or(&NO_HASH, |stored| &stored.hash));
        let now = self.clock.now();
        let state = stored.ok_or(Refused::Unknown)?.state(now);
        if !is_right {
            return Err(Refused::WrongSecret);
        }
        match state {
            KeyState::Valid => {
                self.note_use(key.id(), now);
                known(holder, Credential::Key(key.id()))
            }
            KeyState::NotYet => Err(Refused::NotYet),
            KeyState::Expired => Err(Refused::Expired),
            KeyState::Revoked => Err(Refused::Revoked),
        }
    }

    fn loaded(&self) -> Result<(), ServiceError> {
        if self.freshness.is_ready() {
            Ok(())
        } else {
            Err(ServiceError::IndexLoading)
        }
    }
}

fn known(principal: Option<Arc<Principal>>, credential: Credential) -> Result<Identified, Refused> {
    let principal = principal.ok_or(Refused::Unknown)?;
    Ok(Identified { principal, credential })
}

fn not_disabled(found: Identified) -> Result<Identified, Refused> {
    if found.principal.disabled {
        Err(Refused::Disabled)
    } else {
        Ok(found)
    }
}
