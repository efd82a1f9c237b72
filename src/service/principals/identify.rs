//! Finding the principal behind a request, from the index alone.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use parking_lot::RwLock;

use crate::clock::Clock;
use crate::domain::identity::{
    ApiKey, CertificateHash, Credential, Identified, KeyId, KeyState, Principal, PrincipalKey, SecretHash, Subject,
    UseSlot,
};
use crate::domain::time::Timestamp;
use crate::index::{Freshness, Holder, Index};
use crate::service::ServiceError;

/// A hash that belongs to no secret. An unknown key is compared with it, so that the time of an answer does not tell whether
/// the id of the key exists.
const NO_HASH: SecretHash = SecretHash::from_bytes([0; 32]);

/// What a request shows of its sender.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// The text of an API key.
    Key(&'a str),
    /// A client certificate that the transport has verified.
    Certificate(CertificateHash),
    /// The subject of a token whose signature, issuer, audience and times were verified, and the end of the token.
    Subject(&'a Subject, Timestamp),
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
        /// Several principals have it.
        Ambiguous = 9 "AMBIGUOUS",
    }
}

/// Finds principals by their credentials. It reads the index only, so it never waits for the store.
pub struct Identities {
    index: Arc<Index>,
    freshness: Arc<Freshness>,
    clock: Clock,
    /// When keys were last accepted here. A key is known before it is in this map, so they are as few as keys.
    uses: RwLock<HashMap<KeyId, KeyUse>>,
}

/// The last use of a key at this instance.
struct KeyUse {
    /// The minute, counted from 1970.
    minute: AtomicI64,
    /// The slot of the latest use that the store has from here.
    kept: AtomicU32,
}

impl KeyUse {
    fn last(&self) -> Timestamp {
        Timestamp::from_secs(self.minute.load(Ordering::Relaxed).saturating_mul(60))
    }
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
        Some(self.uses.read().get(&key)?.last())
    }

    /// The keys that were accepted here in a later slot than the store has from here.
    pub(super) fn unkept_uses(&self) -> Vec<(KeyId, UseSlot)> {
        let uses = self.uses.read();
        let slots = uses
            .iter()
            .map(|(key, of_key)| (of_key, (*key, UseSlot::of(of_key.last()))));
        let unkept = slots.filter(|(of_key, (_, slot))| slot.raw() > of_key.kept.load(Ordering::Relaxed));
        unkept.map(|(_, found)| found).collect()
    }

    /// Remembers that the store has these uses.
    pub(super) fn uses_are_kept(&self, kept: &[(KeyId, UseSlot)]) {
        let uses = self.uses.read();
        for (key, slot) in kept {
            if let Some(of_key) = uses.get(key) {
                of_key.kept.store(slot.raw(), Ordering::Relaxed);
            }
        }
    }

    /// Whether the store has a principal. Unknown before the index is loaded.
    ///
    /// # Errors
    /// If the index is not loaded.
    pub fn any(&self) -> Result<bool, ServiceError> {
        self.loaded()?;
        Ok(self.has_principals())
    }

    /// Whether the index has a principal, also a disabled one.
    pub fn has_principals(&self) -> bool {
        self.index.principal_count() > 0
    }

    /// Whether it is known that the store has no principal: everything was loaded, and not from a snapshot alone. A snapshot
    /// may be older than the first principal.
    pub fn are_none(&self) -> bool {
        self.freshness.is_ready() && !self.freshness.is_from_snapshot() && !self.has_principals()
    }

    /// How often the principals have changed. While it is the same, a caller that was identified is still the same, until
    /// the credential ends by itself.
    pub fn generation(&self) -> u64 {
        self.index.principals_generation()
    }

    /// Identifies a party again that was identified before, by what the index says now. It proved the possession of its
    /// credential then.
    ///
    /// # Errors
    /// If the credential or the principal is not accepted any more.
    pub fn identify_again(&self, known: &Identified) -> Result<Identified, Refused> {
        let now = self.clock.now();
        if known.has_ended(now) {
            return Err(Refused::Expired);
        }
        let before = &known.principal;
        let again = match known.credential {
            Credential::Key(id) => {
                let holder = one(self.index.principal_of_key(id))?;
                let key = holder.key(id).ok_or(Refused::Unknown)?;
                check_state(key, now)?;
                if before.key(id).is_none_or(|before| before.hash != key.hash) {
                    return Err(Refused::WrongSecret);
                }
                let until = key.expires_at;
                identified(holder, known.credential, until)
            }
            Credential::Certificate(first) => {
                let mut bound = before.certificates.iter();
                let hash = bound.find(|hash| first_bytes(hash) == first).ok_or(Refused::Unknown)?;
                let holder = one(self.index.principal_of_certificate(hash))?;
                identified(holder, known.credential, known.until)
            }
            // The token is not kept, so its subject is not known here: all of them must still be bound.
            Credential::Token => {
                let (_, holder) = self.index.principal(&before.id).ok_or(Refused::Unknown)?;
                if holder.subjects != before.subjects {
                    return Err(Refused::Unknown);
                }
                identified(holder, known.credential, known.until)
            }
        };
        if again.principal.id != before.id {
            return Err(Refused::Unknown);
        }
        not_disabled(again)
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
                let credential = Credential::Certificate(first_bytes(&hash));
                let holder = one(self.index.principal_of_certificate(&hash));
                holder.map(|holder| identified(holder, credential, None))
            }
            Proof::Subject(subject, until) => {
                let holder = one(self.index.principal_of_subject(subject));
                holder.map(|holder| identified(holder, Credential::Token, Some(until)))
            }
        };
        Ok(found.and_then(not_disabled))
    }

    /// Notes that a request is let in by this credential. What is refused for another reason, such as a certificate of somebody
    /// else beside the key, is no use of the key.
    pub fn note_use(&self, found: &Identified) {
        let Credential::Key(key) = found.credential else {
            return;
        };
        let minute = self.clock.now().millis().div_euclid(60_000);
        if let Some(last) = self.uses.read().get(&key) {
            // Most uses are in a minute that is noted already: a write would move the line of memory between processors.
            if last.minute.load(Ordering::Relaxed) != minute {
                last.minute.store(minute, Ordering::Relaxed);
            }
            return;
        }
        let first = KeyUse {
            minute: AtomicI64::new(minute),
            kept: AtomicU32::new(0),
        };
        self.uses.write().insert(key, first);
    }

    fn of_key(&self, text: &str) -> Result<Identified, Refused> {
        let key = ApiKey::parse(text).map_err(|_| Refused::Malformed)?;
        let holder = one(self.index.principal_of_key(key.id()));
        let stored = holder.as_ref().ok().and_then(|holder| holder.key(key.id()));
        let is_right = key
            .secret_hash()
            .matches(stored.map_or(&NO_HASH, |stored| &stored.hash));
        let now = self.clock.now();
        let Some(stored) = stored else {
            return Err(holder.err().unwrap_or(Refused::Unknown));
        };
        if !is_right {
            return Err(Refused::WrongSecret);
        }
        check_state(stored, now)?;
        let until = stored.expires_at;
        Ok(identified(holder?, Credential::Key(key.id()), until))
    }

    fn loaded(&self) -> Result<(), ServiceError> {
        if self.freshness.is_ready() {
            Ok(())
        } else {
            Err(ServiceError::IndexLoading)
        }
    }
}

fn one(holder: Holder) -> Result<Arc<Principal>, Refused> {
    match holder {
        Holder::None => Err(Refused::Unknown),
        Holder::One(holder) => Ok(holder),
        Holder::Several => Err(Refused::Ambiguous),
    }
}

fn check_state(key: &PrincipalKey, now: Timestamp) -> Result<(), Refused> {
    match key.state(now) {
        KeyState::Valid => Ok(()),
        KeyState::NotYet => Err(Refused::NotYet),
        KeyState::Expired => Err(Refused::Expired),
        KeyState::Revoked => Err(Refused::Revoked),
    }
}

/// The part of a certificate's hash that a [`Credential`] has.
const fn first_bytes(hash: &CertificateHash) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = hash.0;
    [a, b, c, d, e, f, g, h]
}

const fn identified(principal: Arc<Principal>, credential: Credential, until: Option<Timestamp>) -> Identified {
    Identified {
        principal,
        credential,
        until,
    }
}

fn not_disabled(found: Identified) -> Result<Identified, Refused> {
    if found.principal.disabled {
        Err(Refused::Disabled)
    } else {
        Ok(found)
    }
}
