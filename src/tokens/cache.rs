//! Tokens whose signature was checked: the same token comes with each request of a client, and a check costs as much as some
//! lookups.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;

use super::{LEEWAY_SECONDS, TokenFault};
use crate::domain::identity::Subject;
use crate::domain::time::Timestamp;

/// The most tokens that are kept, about 200 bytes each.
const MAX_TOKENS: usize = 4_096;
/// How long a check is trusted.
const TRUSTED_FOR: Duration = Duration::from_secs(300);

/// A token with a right signature.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verified {
    pub(super) subject: Arc<Subject>,
    /// The claim `exp`, in seconds since 1970.
    pub(super) expires_at: f64,
    /// The claim `nbf`, in seconds since 1970.
    pub(super) not_before: Option<f64>,
}

impl Verified {
    /// The moment from which the token is refused.
    pub(super) fn until(&self) -> Timestamp {
        let seconds = (self.expires_at + f64::from(LEEWAY_SECONDS)).max(0.0);
        let until = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        Timestamp::from_millis(i64::try_from(until.as_millis()).unwrap_or(i64::MAX))
    }

    /// # Errors
    /// If the token is not valid at this time, even if the clocks are apart a little.
    pub(super) fn check_times(&self, now: Timestamp) -> Result<(), TokenFault> {
        let now = Duration::from_millis(u64::try_from(now.millis()).unwrap_or(0)).as_secs_f64();
        let leeway = f64::from(LEEWAY_SECONDS);
        if now >= self.expires_at + leeway {
            return Err(TokenFault::Expired);
        }
        match self.not_before {
            Some(not_before) if now + leeway < not_before => Err(TokenFault::NotYet),
            _ => Ok(()),
        }
    }
}

/// The tokens that were checked, by their hash: the text of a token is a secret, and is not kept.
#[derive(Debug, Default)]
pub(super) struct Cache(RwLock<HashMap<blake3::Hash, (Verified, Timestamp)>>);

impl Cache {
    /// The token of this hash, if it was checked a short time ago.
    pub(super) fn get(&self, hash: &blake3::Hash, now: Timestamp) -> Option<Verified> {
        let tokens = self.0.read();
        let (verified, until) = tokens.get(hash)?;
        (*until > now).then(|| verified.clone())
    }

    /// Notes a token that was checked now. If there are too many, forgets the checks that are old, or else all of them.
    pub(super) fn insert(&self, hash: blake3::Hash, verified: Verified, now: Timestamp) {
        let mut tokens = self.0.write();
        if tokens.len() >= MAX_TOKENS {
            tokens.retain(|_, (verified, until)| *until > now && verified.check_times(now).is_ok());
        }
        if tokens.len() >= MAX_TOKENS {
            tokens.clear();
        }
        tokens.insert(hash, (verified, now.plus(TRUSTED_FOR)));
    }

    pub(super) fn clear(&self) {
        self.0.write().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::SubjectName;

    fn verified() -> Verified {
        let name = |text| SubjectName::parse(text).unwrap();
        Verified {
            subject: Arc::new(Subject {
                issuer: name("https://id.example"),
                subject: name("ana"),
            }),
            expires_at: 2_000.0,
            not_before: Some(1_000.0),
        }
    }

    #[test]
    fn the_clocks_may_be_apart_by_the_leeway() {
        let check = |seconds| verified().check_times(Timestamp::from_secs(seconds));
        assert_eq!(check(969), Err(TokenFault::NotYet));
        assert_eq!(check(970), Ok(()));
        assert_eq!(check(2_029), Ok(()));
        assert_eq!(check(2_030), Err(TokenFault::Expired));
        assert_eq!(check(-1), Err(TokenFault::NotYet));
    }

    #[test]
    fn it_is_bounded_and_forgets() {
        let cache = Cache::default();
        let now = Timestamp::from_secs(1_500);
        let hash = |n: usize| blake3::hash(&n.to_le_bytes());
        for n in 0..MAX_TOKENS + 10 {
            cache.insert(hash(n), verified(), now);
        }
        assert!(cache.0.read().len() <= MAX_TOKENS);
        let last = hash(MAX_TOKENS + 9);
        assert_eq!(cache.get(&last, now), Some(verified()));
        assert_eq!(cache.get(&last, now.plus(TRUSTED_FOR)), None);
        cache.clear();
        assert_eq!(cache.get(&last, now), None);
    }
}
