//! A principal, and the credentials that are bound to it.

use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

use super::{Grants, KeyId, Role, Roles, SecretHash};
use crate::domain::ids::NameError;
use crate::domain::requests::Requests;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::unknown_fields::UnknownFields;

/// The most keys of a principal that are valid now or later: one in use, and the next one.
pub const MAX_LIVE_KEYS: usize = 2;
/// The most keys that are kept with a principal. Of the keys that have ended, the oldest are forgotten first.
pub const MAX_KEPT_KEYS: usize = 8;
/// The most certificates of a principal.
pub const MAX_CERTIFICATES: usize = 4;
/// The most subjects of OpenID providers of a principal.
pub const MAX_SUBJECTS: usize = 4;

/// The id of a principal: 1 to 64 letters, digits, `-`, `_`, `.` and `@`. It is the actor of its changes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalId(Box<str>);

impl PrincipalId {
    /// The most bytes of an id.
    pub const MAX_BYTES: usize = 64;

    /// Checks an id.
    ///
    /// # Errors
    /// If it is empty, too long, or has another character.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(NameError::TooLong {
                max_bytes: Self::MAX_BYTES,
            });
        }
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
        if !text.chars().all(is_allowed) {
            return Err(NameError::Character {
                allowed: "letters, digits, -, _, . and @",
            });
        }
        Ok(Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A 64-bit hash of the id (XXH3), the same on every machine.
    #[must_use]
    pub fn hash64(&self) -> u64 {
        xxh3_64(self.0.as_bytes())
    }
}

impl fmt::Display for PrincipalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for PrincipalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "principal {}", self.0)
    }
}

/// The SHA-256 of a client certificate in DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateHash(pub [u8; 32]);

/// A person at an OpenID provider: the claims `iss` and `sub` of a token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The issuer.
    pub issuer: SubjectName,
    /// The person, as the issuer names him or her.
    pub subject: SubjectName,
}

/// A part of a [`Subject`]: 1 to 255 visible characters of ASCII (OpenID Connect Core 1.0, section 2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectName(Box<str>);

impl SubjectName {
    /// The most bytes of a name.
    pub const MAX_BYTES: usize = 255;

    /// Checks a name.
    ///
    /// # Errors
    /// If it is empty, too long, or has another character.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(NameError::TooLong {
                max_bytes: Self::MAX_BYTES,
            });
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NameError::Character {
                allowed: "visible ASCII characters without blanks",
            });
        }
        Ok(Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key of a principal, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalKey {
    /// The id.
    pub id: KeyId,
    /// The hash of the secret.
    pub hash: SecretHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is valid; none: at once.
    pub not_before: Option<Timestamp>,
    /// When its validity ends; none: never.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Whether a key is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It will be valid.
    NotYet,
    /// It is valid.
    Valid,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
}

impl PrincipalKey {
    /// Its state at a time. The end of its validity is not part of it.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> KeyState {
        if self.revoked_at.is_some() {
            KeyState::Revoked
        } else if self.expires_at.is_some_and(|end| now >= end) {
            KeyState::Expired
        } else if self.not_before.is_some_and(|start| now < start) {
            KeyState::NotYet
        } else {
            KeyState::Valid
        }
    }

    /// Whether it is valid now, or will be.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        match self.state(now) {
            KeyState::NotYet | KeyState::Valid => true,
            KeyState::Expired | KeyState::Revoked => false,
        }
    }
}

/// The kinds of credentials that the server accepts besides keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkingCredentials {
    /// Client certificates: the server verifies them.
    pub certificates: bool,
    /// Tokens of an OpenID provider.
    pub tokens: bool,
}

/// A party that uses the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Its id.
    pub id: PrincipalId,
    /// The tenant to which everything belongs that it makes.
    pub tenant: TenantId,
    /// Its roles.
    pub roles: Roles,
    /// What it may claim in its reports.
    pub grants: Grants,
    /// Whether it is locked out: none of its credentials is accepted.
    pub disabled: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its keys, oldest first, also some that have ended.
    pub keys: Vec<PrincipalKey>,
    /// Its client certificates, sorted.
    pub certificates: Vec<CertificateHash>,
    /// Its subjects of OpenID providers, sorted.
    pub subjects: Vec<Subject>,
    /// The latest mutations, by request id.
    pub requests: Requests,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

impl Principal {
    /// Whether it is an administrator that can prove its identity now.
    #[must_use]
    pub fn is_working_admin(&self, working: WorkingCredentials, now: Timestamp) -> bool {
        let has_credential = self.keys.iter().any(|key| key.state(now) == KeyState::Valid)
            || (working.certificates && !self.certificates.is_empty())
            || (working.tokens && !self.subjects.is_empty());
        self.roles.has(Role::Admin) && !self.disabled && has_credential
    }

    /// The key with this id.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<&PrincipalKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// Adds a key, and forgets the oldest keys that have ended beyond [`MAX_KEPT_KEYS`]. False if it has
    /// [`MAX_LIVE_KEYS`] live ones already.
    pub fn add_key(&mut self, key: PrincipalKey, now: Timestamp) -> bool {
        if self.keys.iter().filter(|key| key.is_live(now)).count() >= MAX_LIVE_KEYS {
            return false;
        }
        while self.keys.len() >= MAX_KEPT_KEYS {
            let Some(ended) = self.keys.iter().position(|key| !key.is_live(now)) else {
                break;
            };
            self.keys.remove(ended);
        }
        self.keys.push(key);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: u64) -> PrincipalKey {
        PrincipalKey {
            id: KeyId::from_raw(id),
            hash: SecretHash::from_bytes([0; 32]),
            created_at: Timestamp::from_secs(0),
            not_before: None,
            expires_at: None,
            revoked_at: None,
        }
    }

    fn principal() -> Principal {
        Principal {
            id: PrincipalId::parse("ana").unwrap(),
            tenant: TenantId::DEFAULT,
            roles: Roles::of(&[Role::Admin]),
            grants: Grants::default(),
            disabled: false,
            created_at: Timestamp::from_secs(0),
            keys: Vec::new(),
            certificates: Vec::new(),
            subjects: Vec::new(),
            requests: Requests::default(),
            unknown_fields: UnknownFields::default(),
        }
    }

    #[test]
    fn a_key_is_valid_within_its_times_until_it_is_revoked() {
        let at = Timestamp::from_secs;
        let timed = PrincipalKey {
            not_before: Some(at(10)),
            expires_at: Some(at(20)),
            ..key(1)
        };
        let states = [9, 10, 19, 20].map(|second| timed.state(at(second)));
        assert_eq!(
            states,
            [KeyState::NotYet, KeyState::Valid, KeyState::Valid, KeyState::Expired]
        );
        let revoked = PrincipalKey {
            revoked_at: Some(at(5)),
            ..timed
        };
        assert_eq!(revoked.state(at(12)), KeyState::Revoked);
        assert_eq!(key(1).state(at(i64::MAX / 2_000)), KeyState::Valid);
    }

    #[test]
    fn two_keys_live_at_a_time_and_few_are_kept() {
        let mut principal = principal();
        let now = Timestamp::from_secs(100);
        assert!(principal.add_key(key(1), now) && principal.add_key(key(2), now));
        assert!(!principal.add_key(key(3), now));
        for id in 3..20 {
            for key in &mut principal.keys {
                key.revoked_at = Some(now);
            }
            assert!(principal.add_key(key(id), now));
        }
        assert_eq!(principal.keys.len(), MAX_KEPT_KEYS);
        assert!(principal.key(KeyId::from_raw(19)).is_some() && principal.key(KeyId::from_raw(11)).is_none());
    }

    #[test]
    fn an_admin_without_a_credential_does_not_work() {
        let now = Timestamp::from_secs(100);
        let mut admin = principal();
        let none = WorkingCredentials::default();
        let works = |admin: &Principal| admin.is_working_admin(none, now);
        assert!(!works(&admin));
        admin.certificates.push(CertificateHash([1; 32]));
        assert!(!works(&admin), "the server asks for no certificate");
        let certificates = WorkingCredentials {
            certificates: true,
            ..none
        };
        assert!(admin.is_working_admin(certificates, now));
        let later = PrincipalKey {
            not_before: Some(Timestamp::from_secs(200)),
            ..key(2)
        };
        admin.add_key(later, now);
        assert!(!works(&admin), "its key is not valid yet");
        admin.add_key(key(1), now);
        assert!(works(&admin));
        admin.disabled = true;
        assert!(!works(&admin));
        let analyst = Principal {
            roles: Roles::of(&[Role::Analyst]),
            disabled: false,
            ..admin
        };
        assert!(!works(&analyst));
    }

    #[test]
    fn ids_and_subjects_are_checked() {
        for id in ["ana@example.org", "carrier-1", "a"] {
            assert_eq!(PrincipalId::parse(id).unwrap().as_str(), id);
        }
        for id in ["", "../x", "a b", "a\0", "{s0}", "é", &"a".repeat(65)] {
            assert!(PrincipalId::parse(id).is_err(), "{id}");
        }
        assert!(SubjectName::parse("https://id.example/a").is_ok());
        assert!(SubjectName::parse("a b").is_err() && SubjectName::parse("").is_err());
    }
}
