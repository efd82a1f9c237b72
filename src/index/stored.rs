//! Stored records into the index: where each kind of record is kept, and the dispatch from a kind's integer to its type.

use std::ops::ControlFlow;

use super::Index;
use crate::codec::{RecordKind, StoredRecord, UnreadableValue, stored_kinds};
use crate::domain::model::ScoreModel;
use crate::shard::{Shard, Version};

/// A kind of record that the index keeps: how one record is applied, and how those of a whole shard are replaced.
pub trait IndexedRecord: StoredRecord {
    /// The records of one shard while they are loaded.
    type Loaded: Default + Send;

    /// Adds one record to those of its shard.
    fn load(loaded: &mut Self::Loaded, id: Self::Id, version: Version, record: Self, model: &ScoreModel);

    /// Replaces the records of this kind in a shard by the loaded ones.
    fn replace(index: &Index, shard: Shard, loaded: Self::Loaded);

    /// Applies a record, unless a later version is there. None means that the record was deleted.
    fn apply(index: &Index, id: Self::Id, version: Version, record: Option<Self>);

    /// Shows every record of a shard that is there all the time. Locks are held for some records only, and not while `show`
    /// runs.
    fn visit(index: &Index, shard: Shard, show: Show<'_>) -> ControlFlow<()>;
}

/// Gets the bytes of a record's id, its version, and the bytes of the record. It may end the visit.
pub type Show<'a> = &'a mut dyn FnMut(&[u8], Version, &[u8]) -> ControlFlow<()>;

/// The records that a visit copies under one lock.
pub(super) const VISITED_AT_ONCE: usize = 128;

/// All records of one kind in one shard, as they are loaded from a store.
pub struct LoadedKind {
    kind: RecordKind,
    scanned: u64,
    records: Box<dyn LoadedRecords>,
}

impl LoadedKind {
    /// No records of this kind.
    #[must_use]
    pub fn new(kind: RecordKind) -> Self {
        let records = no_records(kind);
        Self {
            kind,
            scanned: 0,
            records,
        }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> RecordKind {
        self.kind
    }

    /// Adds a record, from the bytes of its id and of itself. `model` is that of the index. False if this release does
    /// not know such an id: the record is left out.
    ///
    /// # Errors
    /// If the record cannot be read.
    pub fn add(
        &mut self,
        id: &[u8],
        version: Version,
        bytes: &[u8],
        model: &ScoreModel,
    ) -> Result<bool, UnreadableValue> {
        self.scanned = self.scanned.saturating_add(1);
        self.records.add(id, version, bytes, model)
    }

    /// How many records were added or left out.
    #[must_use]
    pub const fn scanned(&self) -> u64 {
        self.scanned
    }
}

impl Index {
    /// Applies a record, unless a later version is there. None means that the record was deleted.
    pub fn apply<R: IndexedRecord>(&self, id: R::Id, version: Version, record: Option<R>) {
        R::apply(self, id, version, record);
    }

    /// As [`Self::apply`], from the bytes of the id and of the record. False if this release does not know such an id:
    /// the record is left out.
    ///
    /// # Errors
    /// If the record cannot be read.
    pub fn apply_bytes(
        &self,
        kind: RecordKind,
        id: &[u8],
        version: Version,
        bytes: Option<&[u8]>,
    ) -> Result<bool, UnreadableValue> {
        apply_bytes(self, kind, id, version, bytes)
    }

    /// Shows the bytes of every record of one kind in a shard, for a snapshot. Records that change meanwhile are shown as
    /// they were before or after the change, or not at all if they are new or deleted.
    pub fn visit(&self, kind: RecordKind, shard: Shard, show: Show<'_>) -> ControlFlow<()> {
        visit(self, kind, shard, show)
    }

    /// Replaces all records of a shard by the loaded ones. `loaded` has one entry for each kind.
    ///
    /// The kinds have their own locks, so a lookup may see some of them replaced and others not. They are replaced in the
    /// order of their integers: numbers, cases, lists, notes, and later ones. The steps of cases are known once both kinds are
    /// replaced; until then, a case is shown with the steps that were known before.
    pub fn replace(&self, shard: Shard, mut loaded: Vec<LoadedKind>) {
        loaded.sort_by_key(|loaded| loaded.kind as u8);
        for loaded in loaded {
            loaded.records.replace(self, shard);
        }
    }
}

/// Whether the bytes of two records of a kind say the same. Another release may have written the one, with fields that it
/// leaves out where this release writes them.
#[must_use]
pub fn is_same_record(kind: RecordKind, one: &[u8], other: &[u8]) -> bool {
    one == other || says_the_same(kind, one, other)
}

/// The records of one kind in one shard, for any kind.
trait LoadedRecords: Send {
    fn add(&mut self, id: &[u8], version: Version, bytes: &[u8], model: &ScoreModel) -> Result<bool, UnreadableValue>;
    fn replace(self: Box<Self>, index: &Index, shard: Shard);
}

/// Those of the kind `R`.
struct LoadedAs<R: IndexedRecord>(R::Loaded);

impl<R: IndexedRecord> LoadedRecords for LoadedAs<R> {
    fn add(&mut self, id: &[u8], version: Version, bytes: &[u8], model: &ScoreModel) -> Result<bool, UnreadableValue> {
        let Some(id) = R::id_from_bytes(id) else {
            return Ok(false);
        };
        R::load(&mut self.0, id, version, R::decode(bytes)?, model);
        Ok(true)
    }

    fn replace(self: Box<Self>, index: &Index, shard: Shard) {
        R::replace(index, shard, self.0);
    }
}

macro_rules! dispatch_by_kind {
    (
        records { $($(#[$doc:meta])* $kind:ident = $code:literal => $record:ty,)* }
        side_records { $($side:tt)* }
    ) => {
        fn no_records(kind: RecordKind) -> Box<dyn LoadedRecords> {
            match kind {
                $(RecordKind::$kind => Box::new(LoadedAs::<$record>(Default::default())),)*
            }
        }

        fn visit(index: &Index, kind: RecordKind, shard: Shard, show: Show<'_>) -> ControlFlow<()> {
            match kind {
                $(RecordKind::$kind => <$record>::visit(index, shard, show),)*
            }
        }

        fn says_the_same(kind: RecordKind, one: &[u8], other: &[u8]) -> bool {
            match kind {
                $(RecordKind::$kind => says_the_same_as::<$record>(one, other),)*
            }
        }

        fn apply_bytes(
            index: &Index,
            kind: RecordKind,
            id: &[u8],
            version: Version,
            bytes: Option<&[u8]>,
        ) -> Result<bool, UnreadableValue> {
            match kind {
                $(RecordKind::$kind => apply_bytes_as::<$record>(index, id, version, bytes),)*
            }
        }
    };
}
stored_kinds!(dispatch_by_kind);

fn says_the_same_as<R: IndexedRecord>(one: &[u8], other: &[u8]) -> bool {
    let read = |bytes| R::decode(bytes).map(|record| record.encode()).ok();
    read(one).is_some_and(|one| Some(one) == read(other))
}

fn apply_bytes_as<R: IndexedRecord>(
    index: &Index,
    id: &[u8],
    version: Version,
    bytes: Option<&[u8]>,
) -> Result<bool, UnreadableValue> {
    let Some(id) = R::id_from_bytes(id) else {
        return Ok(false);
    };
    R::apply(index, id, version, bytes.map(R::decode).transpose()?);
    Ok(true)
}
