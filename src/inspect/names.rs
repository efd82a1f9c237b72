//! How ids of records are shown: as people read them, or as a keyed hash.

use std::fmt::Write as _;

use crate::domain::tenant::TenantId;
use crate::store::{Meta, ScanTable, key};

/// The key under which ids are shown as hashes: the same on all servers of a store.
pub struct HashKey([u8; 32]);

impl HashKey {
    /// That of a store.
    #[must_use]
    pub fn of(meta: &Meta) -> Self {
        Self(meta.derived_key("ringwarden 2026 compared records"))
    }

    /// The hash of an id, 32 hexadecimal digits.
    #[must_use]
    pub fn hash(&self, tenant: TenantId, table: ScanTable, id: &[u8]) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(table_name(table).as_bytes());
        hasher.update(&[0]);
        hasher.update(tenant.as_str().as_bytes());
        hasher.update(&[0]);
        hasher.update(id);
        let hash = hasher.finalize();
        hex(hash.as_bytes().get(..16).unwrap_or_default())
    }
}

/// The name of a table.
#[must_use]
pub const fn table_name(table: ScanTable) -> &'static str {
    match table {
        ScanTable::Records(kind) => kind.name(),
        ScanTable::Rows => "rows",
        ScanTable::Sides(kind) => kind.name(),
    }
}

/// An id as people read it: a number in E.164 (with its bucket, for rows), a text, or hexadecimal digits.
#[must_use]
pub fn shown_id(table: ScanTable, id: &[u8]) -> String {
    use crate::store::RecordKind::Number;
    if matches!(table, ScanTable::Rows | ScanTable::Records(Number))
        && let Some(number) = key::number_of_id(id)
    {
        return match key::bucket_of_id(id) {
            Some(bucket) => format!("{number} bucket {bucket}"),
            None => number.to_string(),
        };
    }
    match std::str::from_utf8(id) {
        Ok(text) if text.chars().all(|c| !c.is_control()) => text.to_owned(),
        Ok(_) | Err(_) => hex(id),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::RecordKind;

    #[test]
    fn ids_are_shown_as_people_read_them_and_hashed_under_the_key_of_the_store() {
        let number = 13_152_328_257_u64.to_be_bytes();
        let table = ScanTable::Records;
        assert_eq!(shown_id(table(RecordKind::Number), &number), "+13152328257");
        let bucket = [&number[..], &7_u32.to_be_bytes()].concat();
        assert_eq!(shown_id(ScanTable::Rows, &bucket), "+13152328257 bucket 7");
        assert_eq!(shown_id(table(RecordKind::Case), b"c-1"), "c-1");
        assert_eq!(shown_id(table(RecordKind::ErasedNumber), &[0, 255]), "00ff");
        let (one, other) = (HashKey([1; 32]), HashKey([2; 32]));
        let hash = |key: &HashKey, kind| key.hash(TenantId::DEFAULT, table(kind), b"c-1");
        assert_eq!(hash(&one, RecordKind::Case).len(), 32);
        assert_eq!(hash(&one, RecordKind::Case), hash(&one, RecordKind::Case));
        assert_ne!(hash(&one, RecordKind::Case), hash(&other, RecordKind::Case));
        assert_ne!(hash(&one, RecordKind::Case), hash(&one, RecordKind::Note));
    }
}
