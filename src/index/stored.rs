//! Stored records into the index: where each kind of record is kept, and the dispatch from a kind's integer to its type.

use super::Index;
use crate::codec::{DecodeError, RecordKind, StoredRecord, UnreadableValue, stored_kinds};
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
}

/// All records of one kind in one shard, as they are loaded from a store.
pub struct LoadedKind(Box<dyn LoadedRecords>);

impl LoadedKind {
    /// No records of this kind.
    #[must_use]
    pub fn new(kind: RecordKind) -> Self {
        Self(no_records(kind))
    }

    /// Adds a record, from the bytes of its id and of itself. `model` is that of the index.
    ///
    /// # Errors
    /// If the id or the record cannot be read.
    pub fn add(
        &mut self,
        id: &[u8],
        version: Version,
        bytes: &[u8],
        model: &ScoreModel,
    ) -> Result<(), UnreadableValue> {
        self.0.add(id, version, bytes, model)
    }
}

impl Index {
    /// Applies a record, unless a later version is there. None means that the record was deleted.
    pub fn apply<R: IndexedRecord>(&self, id: R::Id, version: Version, record: Option<R>) {
        R::apply(self, id, version, record);
    }

    /// As [`Self::apply`], from the bytes of the id and of the record.
    ///
    /// # Errors
    /// If the id or the record cannot be read.
    pub fn apply_bytes(
        &self,
        kind: RecordKind,
        id: &[u8],
        version: Version,
        bytes: Option<&[u8]>,
    ) -> Result<(), UnreadableValue> {
        apply_bytes(self, kind, id, version, bytes)
    }

    /// Replaces all records of one kind in a shard by the loaded ones.
    pub fn replace(&self, shard: Shard, loaded: LoadedKind) {
        loaded.0.replace(self, shard);
    }
}

/// The records of one kind in one shard, for any kind.
trait LoadedRecords: Send {
    fn add(&mut self, id: &[u8], version: Version, bytes: &[u8], model: &ScoreModel) -> Result<(), UnreadableValue>;
    fn replace(self: Box<Self>, index: &Index, shard: Shard);
}

/// Those of the kind `R`.
struct LoadedAs<R: IndexedRecord>(R::Loaded);

impl<R: IndexedRecord> LoadedRecords for LoadedAs<R> {
    fn add(&mut self, id: &[u8], version: Version, bytes: &[u8], model: &ScoreModel) -> Result<(), UnreadableValue> {
        R::load(&mut self.0, id_of::<R>(id)?, version, R::decode(bytes)?, model);
        Ok(())
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

        fn apply_bytes(
            index: &Index,
            kind: RecordKind,
            id: &[u8],
            version: Version,
            bytes: Option<&[u8]>,
        ) -> Result<(), UnreadableValue> {
            match kind {
                $(RecordKind::$kind => apply_bytes_as::<$record>(index, id, version, bytes),)*
            }
        }
    };
}
stored_kinds!(dispatch_by_kind);

fn apply_bytes_as<R: IndexedRecord>(
    index: &Index,
    id: &[u8],
    version: Version,
    bytes: Option<&[u8]>,
) -> Result<(), UnreadableValue> {
    let record = bytes.map(R::decode).transpose()?;
    match R::id_from_bytes(id) {
        Some(id) => R::apply(index, id, version, record),
        // One entry that nobody can ask for must not hold up all that follow it.
        None => tracing::warn!(kind = R::NAME, version, "an entry with an unreadable id was left out"),
    }
    Ok(())
}

fn id_of<R: StoredRecord>(bytes: &[u8]) -> Result<R::Id, UnreadableValue> {
    R::id_from_bytes(bytes).ok_or(UnreadableValue {
        what: R::NAME,
        cause: DecodeError::Range("id"),
    })
}
