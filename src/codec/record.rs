//! The traits of stored kinds: their name, ids, shard and bytes.

use bytes::Bytes;

use super::{RecordKind, SideKind, UnreadableValue};
use crate::shard::Shard;

/// A kind of record. Its `impl` stands beside its bytes in `codec`; `index::IndexedRecord` says where
/// the index keeps it.
pub trait StoredRecord: Sized + Send + 'static {
    /// The id of a record of this kind within a tenant.
    type Id: Clone + Send + Sync + 'static;
    /// The kind.
    const KIND: RecordKind;
    /// Its name in the keys of stores and in errors. Frozen.
    const NAME: &'static str;

    /// The shard of the record with this id. Frozen.
    fn shard(id: &Self::Id) -> Shard;

    /// The bytes of an id: at most [`MAX_ID_BYTES`]. Scans return records in the order of these bytes.
    fn id_bytes(id: &Self::Id) -> Bytes;

    /// The id with these bytes; none if there is no such id.
    fn id_from_bytes(bytes: &[u8]) -> Option<Self::Id>;

    /// The bytes of a record.
    fn encode(&self) -> Bytes;

    /// The record from its bytes.
    ///
    /// # Errors
    /// If they are not a record of this kind, or a newer release wrote them.
    fn decode(bytes: &[u8]) -> Result<Self, UnreadableValue>;
}

/// A kind of side record: it has a version and no change-log entry. The default is what there is before the first
/// write.
pub trait SideRecord: Default + Send + 'static {
    /// The id of a side record of this kind within a tenant.
    type Id;
    /// The kind.
    const KIND: SideKind;
    /// Its name in the keys of stores. Frozen.
    const NAME: &'static str;

    /// The shard of the side record with this id. Frozen.
    fn shard(id: &Self::Id) -> Shard;

    /// The bytes of an id: at most [`MAX_ID_BYTES`].
    fn id_bytes(id: &Self::Id) -> Bytes;

    /// The bytes of a side record.
    fn encode(&self) -> Bytes;

    /// The side record from its bytes.
    ///
    /// # Errors
    /// If they are not a side record of this kind, or a newer release wrote them.
    fn decode(bytes: &[u8]) -> Result<Self, UnreadableValue>;
}

/// The most bytes of an id of any kind.
pub const MAX_ID_BYTES: usize = 64;
