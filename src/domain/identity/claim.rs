//! Claims: what keeps two changes of principals at the same moment apart, also on two instances.
//!
//! Each principal is a record in a shard of its own, and a commit changes one shard only. So what must be true of several
//! principals at once (a credential has one holder, an administrator stays) is claimed first, in a side record that the
//! changes have in common, and is changed then. A claim names the version of the principal's record that its change
//! expects. When the record has another version, the change was made or will never be.

use super::{CertificateHash, KeyId, PrincipalId, Subject};
use crate::domain::unknown_fields::UnknownFields;

/// The most claims on one thing.
pub const MAX_CLAIMS: usize = 64;

/// What principals claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// A name in lower case.
    Name(PrincipalId),
    /// An API key. A claim on it stays for ever, so that its id is never used for another key.
    Key(KeyId),
    /// A client certificate.
    Certificate(CertificateHash),
    /// A subject of an OpenID provider.
    Subject(Subject),
    /// To be an administrator no longer. There may be several claims.
    Leaving,
}

impl Claimed {
    /// The bytes by which the claims are found: at most 33. Frozen.
    #[must_use]
    pub fn id_bytes(&self) -> Vec<u8> {
        let hashed = |parts: &[&[u8]]| {
            let mut hasher = blake3::Hasher::new();
            for part in parts {
                hasher.update(part).update(b"\n");
            }
            *hasher.finalize().as_bytes()
        };
        let with = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
        match self {
            Self::Leaving => vec![1],
            Self::Name(name) => with(2, &hashed(&[name.as_str().to_ascii_lowercase().as_bytes()])),
            Self::Key(id) => with(3, &id.raw().to_be_bytes()),
            Self::Certificate(hash) => with(4, &hash.0),
            Self::Subject(subject) => {
                let (issuer, person) = (subject.issuer.as_str(), subject.subject.as_str());
                with(5, &hashed(&[issuer.as_bytes(), person.as_bytes()]))
            }
        }
    }
}

/// A claim of a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The principal.
    pub principal: PrincipalId,
    /// The version of its record that the change expects; 0 for a new record.
    pub version: u64,
    /// The hash of the id of the request that makes the change.
    pub request: u128,
}

/// The claims on one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// At most one for each principal.
    pub all: Vec<Claim>,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

#[cfg(test)]
mod tests {
    use super::super::SubjectName;
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A change of these makes every store forget its claims.
    #[test]
    fn ids_are_frozen_and_names_have_no_case() {
        let name = |text| Claimed::Name(PrincipalId::parse(text).unwrap()).id_bytes();
        assert_eq!(name("Ana@example.org"), name("ana@EXAMPLE.org"));
        assert_ne!(name("ana"), name("anna"));
        assert_eq!(Claimed::Leaving.id_bytes(), [1]);
        assert_eq!(
            hex(&Claimed::Key(KeyId::from_raw(0x0102)).id_bytes()),
            "030000000000000102"
        );
        let certificate = Claimed::Certificate(CertificateHash([7; 32])).id_bytes();
        assert_eq!(hex(&certificate), format!("04{}", "07".repeat(32)));
        let subject = |issuer, person| {
            let part = |text| SubjectName::parse(text).unwrap();
            let subject = Subject {
                issuer: part(issuer),
                subject: part(person),
            };
            Claimed::Subject(subject).id_bytes()
        };
        assert_ne!(subject("ab", "c"), subject("a", "bc"));
        assert_eq!(subject("a", "b").len(), 33);
        assert_eq!(hex(&name("ana")), NAME);
    }

    const NAME: &str = "02d607fd01c436fea5c6c2ce6728a488ea4e0e337257ee51826edc04636f4019c1";
}
