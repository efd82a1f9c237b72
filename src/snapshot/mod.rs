//! Snapshots of the index in a file, so that an instance can start while its store is away.
//!
//! A running instance writes its index to a file from time to time and when it ends (`keep`, `write`). At a start without
//! the store it reads the file back (`read`) and goes on as in an outage. The store stays the only place of acknowledged
//! writes: a snapshot is a copy of what lookups need, and is never merged into a store.
//!
//! The file has everything that the store says of numbers, cases, lists and notes, and the secret of the store: it needs
//! the same protection as the store. Only its owner can read it (`file`).

mod error;
mod file;
mod keep;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use error::SnapshotError;
pub use file::SnapshotDirectory;
pub use keep::{SnapshotKeeper, SnapshotSchedule};
pub use read::{Snapshot, Wanted};
