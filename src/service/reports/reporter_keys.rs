//! The keys of reporter hashes. The first hashes the names of new reporters; a reporter whom the store knows under another key
//! stays known under that one (`reporters`).

use std::sync::Arc;

use parking_lot::RwLock;

use crate::domain::ids::{ReporterHash, ReporterKeyId};
use crate::domain::tenant::TenantId;
use crate::service::key_file::{self, KEY_BYTES, KeyFileError, unhex};

/// The line of a file that stands for the key of the store.
const STORE: &str = "store";

/// The keys in a file, in its order; `None` stands for the key that is derived from the secret of the store. A file need not
/// name that one: then it is the last, since the reporters of before the file are hashed under it.
#[derive(Clone, PartialEq, Eq)]
pub struct ReporterKeyRing(Vec<Option<[u8; KEY_BYTES]>>);

impl ReporterKeyRing {
    /// Reads a file of keys: one a line, in hexadecimal digits, or the word `store`. Blank lines and lines that begin with `#`
    /// are ignored.
    ///
    /// # Errors
    /// If a line is not a key or repeats one, or if there is no key, or if there are more than 32.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        let read = |line: &str| match line {
            STORE => Some(None),
            digits => unhex(digits).map(Some),
        };
        let is_same = |one: &Option<_>, other: &Option<_>| id_of(one.as_ref()) == id_of(other.as_ref());
        key_file::keys(text, read, is_same).map(Self)
    }
}

/// Keeps the keys out of logs.
impl std::fmt::Debug for ReporterKeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReporterKeyRing({} keys)", self.0.len())
    }
}

/// A key and its name.
#[derive(Clone)]
pub(super) struct ReporterKey {
    id: ReporterKeyId,
    key: [u8; KEY_BYTES],
}

impl ReporterKey {
    pub(super) fn hash(&self, tenant: TenantId, name: &str) -> ReporterHash {
        ReporterHash::keyed((self.id, &self.key), tenant.as_str(), name)
    }
}

/// The keys in use, for all tenants.
pub(in crate::service) struct ReporterKeys {
    /// That of the store.
    store: ReporterKey,
    all: RwLock<Arc<OrderedKeys>>,
}

/// Keys in the order in which they are tried.
pub(super) struct OrderedKeys {
    pub(super) first: ReporterKey,
    pub(super) others: Vec<ReporterKey>,
}

impl ReporterKeys {
    pub(in crate::service) fn new(store_key: [u8; KEY_BYTES], ring: Option<ReporterKeyRing>) -> Self {
        let store = ReporterKey {
            id: ReporterKeyId::OF_STORE,
            key: store_key,
        };
        let all = RwLock::new(Arc::new(ordered(&store, ring)));
        Self { store, all }
    }

    /// Replaces the keys.
    pub(in crate::service) fn replace(&self, ring: Option<ReporterKeyRing>) {
        *self.all.write() = Arc::new(ordered(&self.store, ring));
    }

    /// The keys of now.
    pub(super) fn all(&self) -> Arc<OrderedKeys> {
        Arc::clone(&self.all.read())
    }
}

impl std::fmt::Debug for ReporterKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReporterKeys({} keys)", 1 + self.all().others.len())
    }
}

fn ordered(store: &ReporterKey, ring: Option<ReporterKeyRing>) -> OrderedKeys {
    let ring = ring.map(|ring| ring.0).unwrap_or_default();
    let at_the_end = (!ring.contains(&None)).then_some(None);
    let mut keys = ring.into_iter().chain(at_the_end).map(|key| match key {
        None => store.clone(),
        Some(key) => ReporterKey {
            id: id_of(Some(&key)),
            key,
        },
    });
    OrderedKeys {
        first: keys.next().unwrap_or_else(|| store.clone()),
        others: keys.collect(),
    }
}

/// The name of a key: derived from it, so that it is the same on every instance and in any order of the file. Frozen: stores
/// hold it.
fn id_of(key: Option<&[u8; KEY_BYTES]>) -> ReporterKeyId {
    let Some(key) = key else {
        return ReporterKeyId::OF_STORE;
    };
    let [a, b, c, d, ..] = blake3::derive_key("ringwarden 2026 names of reporter keys", key);
    ReporterKeyId::from_raw(u32::from_be_bytes([a, b, c, d]).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId::DEFAULT;

    fn line(byte: u8) -> String {
        format!("{byte:02x}").repeat(KEY_BYTES)
    }

    fn hashes(text: &str) -> Vec<ReporterHash> {
        let ring = Some(text)
            .filter(|text| !text.is_empty())
            .map(|text| ReporterKeyRing::parse(text).unwrap());
        let keys = ReporterKeys::new([9; KEY_BYTES], ring);
        let keys = keys.all();
        let all = std::iter::once(&keys.first).chain(&keys.others);
        all.map(|key| key.hash(TENANT, "alice")).collect()
    }

    #[test]
    fn the_key_of_the_store_is_the_last_unless_the_file_says_where() {
        let [store] = hashes("")[..] else { panic!() };
        assert_eq!(store.key(), ReporterKeyId::OF_STORE);
        let [one, two] = [line(1), line(2)].map(|line| hashes(&line)[0]);
        assert!(one.raw() != two.raw() && one.key() != two.key());
        assert_eq!(hashes(&format!("# new\n{}\n\n{}", line(2), line(1))), [two, one, store]);
        assert_eq!(hashes(&format!("store\n{}", line(1))), [store, one]);
    }

    #[test]
    fn keys_can_be_replaced() {
        let keys = ReporterKeys::new([9; KEY_BYTES], None);
        let first = |keys: &ReporterKeys| keys.all().first.hash(TENANT, "alice");
        let before = first(&keys);
        keys.replace(Some(ReporterKeyRing::parse(&line(1)).unwrap()));
        assert_ne!(first(&keys), before);
        keys.replace(None);
        assert_eq!(first(&keys), before);
    }

    /// Stores hold these names and hashes.
    #[test]
    fn names_and_hashes_are_frozen() {
        let hashes = hashes(&line(1)).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(hashes, FROZEN);
    }

    const FROZEN: [&str; 2] = ["6ec506f5d30dabfe-be088f9b", "6c0479dca04dd15a"];

    #[test]
    fn faulty_files_are_refused_by_line_and_without_a_key() {
        for (text, expected) in [
            (String::new(), KeyFileError::Empty),
            (format!("{}\nabc", line(1)), KeyFileError::Line { line: 2 }),
            ("Store".to_owned(), KeyFileError::Line { line: 1 }),
            (format!("store\n{}\nstore", line(1)), KeyFileError::Twice { line: 3 }),
            (format!("{0}\n{0}", line(1)), KeyFileError::Twice { line: 2 }),
            ((0..33).map(|n| line(n) + "\n").collect(), KeyFileError::TooMany),
        ] {
            assert_eq!(ReporterKeyRing::parse(&text).unwrap_err(), expected);
        }
        let ring = ReporterKeyRing::parse(&line(1)).unwrap();
        assert_eq!(format!("{ring:?}"), "ReporterKeyRing(1 keys)");
    }
}
