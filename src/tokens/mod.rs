//! Tokens of an OpenID provider as bearer tokens (RFC 6750): JSON Web Tokens (RFC 7519) with the signature of a key of the
//! provider (RFC 7515).
//!
//! A token only says who somebody is: its `iss` and `sub` are a [`Subject`], which an administrator has bound to a principal.
//! No other claim gives a right.

mod cache;
mod claims;
mod keys;
mod signatures;
mod unique;

use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::Notify;

use self::cache::{Cache, Verified};
use self::claims::{Claims, Header};
use self::keys::Choice;
use crate::clock::Clock;
use crate::config::TokenAlgorithm;
use crate::domain::identity::{Subject, SubjectName};
use crate::domain::time::Timestamp;

pub use self::keys::{KeySet, KeySetFault};

/// The most bytes of a token.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// How far the clocks of the provider and of this server may be apart, in seconds.
pub const LEEWAY_SECONDS: u32 = 30;

/// Which tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRules {
    /// The value of `iss`.
    pub issuer: SubjectName,
    /// A value that `aud` must have.
    pub audience: SubjectName,
    /// The algorithms of signatures. There is none without a public key.
    pub algorithms: Vec<TokenAlgorithm>,
}

/// Why a token is not accepted. Clients are not told which: all get the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// It is not a token, is too long, or lacks a claim.
    Malformed,
    /// Its algorithm is not one of those that are accepted, or not one of its key.
    WrongAlgorithm,
    /// No key of the set has the id that it names.
    UnknownKey,
    /// The signature is not that of its key.
    WrongSignature,
    /// It is of another issuer.
    WrongIssuer,
    /// It is for somebody else.
    WrongAudience,
    /// It is not valid yet.
    NotYet,
    /// Its time is over.
    Expired,
    /// Its signature was not checked: too many were in a short time.
    NotChecked,
}

/// Reads tokens. Its key set is replaced while it works.
#[derive(Debug)]
pub struct Tokens {
    rules: TokenRules,
    clock: Clock,
    keys: RwLock<Arc<KeySet>>,
    verified: Cache,
    unknown_key: Notify,
}

impl Tokens {
    /// A reader that has no keys yet, so it accepts no token.
    #[must_use]
    pub fn new(rules: TokenRules, clock: Clock) -> Self {
        signatures::install();
        Self {
            rules,
            clock,
            keys: RwLock::default(),
            verified: Cache::default(),
            unknown_key: Notify::new(),
        }
    }

    /// Reads a key set for [`Self::replace_keys`].
    ///
    /// # Errors
    /// If it is not a set, or has no key that can be used.
    pub fn parse_keys(&self, json: &[u8]) -> Result<KeySet, KeySetFault> {
        KeySet::parse(json, &self.rules)
    }

    /// Accepts the tokens that these keys have signed from now on, and no others.
    pub fn replace_keys(&self, keys: KeySet) {
        let mut current = self.keys.write();
        *current = Arc::new(keys);
        self.verified.clear();
    }

    /// The number of keys.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys.read().len()
    }

    /// Completes when a token named a key that the set does not have, since this was asked last. The provider may have a new
    /// key.
    pub async fn unknown_key(&self) {
        self.unknown_key.notified().await;
    }

    /// The person of a token, and until when the token is accepted.
    ///
    /// # Errors
    /// If the token is not accepted.
    pub fn subject(&self, token: &str) -> Result<(Arc<Subject>, Timestamp), TokenFault> {
        self.subject_if(token, || true)
    }

    /// The same. Before the work of a check of the signature, it is asked whether it may be done: anybody can send texts that
    /// look like tokens.
    ///
    /// # Errors
    /// If the token is not accepted, or its signature may not be checked now.
    pub fn subject_if(
        &self,
        token: &str,
        may_check: impl FnOnce() -> bool,
    ) -> Result<(Arc<Subject>, Timestamp), TokenFault> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenFault::Malformed);
        }
        let (hash, now) = (blake3::hash(token.as_bytes()), self.clock.now());
        if let Some(verified) = self.verified.get(&hash, now) {
            verified.check_times(now)?;
            let until = verified.until();
            return Ok((verified.subject, until));
        }
        let keys = Arc::clone(&self.keys.read());
        let verified = self.verify(token, &keys, may_check)?;
        verified.check_times(now)?;
        let accepted = (Arc::clone(&verified.subject), verified.until());
        // The keys may have been replaced meanwhile. They are not while this lock is held.
        let current = self.keys.read();
        if Arc::ptr_eq(&current, &keys) {
            self.verified.insert(hash, verified, now);
        }
        Ok(accepted)
    }

    /// Checks all of a token but its times.
    fn verify(&self, token: &str, keys: &KeySet, may_check: impl FnOnce() -> bool) -> Result<Verified, TokenFault> {
        let header = Header::of(token)?;
        let key = match keys.choose(&header) {
            Choice::Key(key) => key,
            Choice::WrongAlgorithm => return Err(TokenFault::WrongAlgorithm),
            Choice::Unknown => {
                self.unknown_key.notify_one();
                return Err(TokenFault::UnknownKey);
            }
        };
        if !may_check() {
            return Err(TokenFault::NotChecked);
        }
        let claims = Claims::of(token, key)?;
        claims.verified()
    }
}
