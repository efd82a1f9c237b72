//! Writes a snapshot of the index.
//!
//! The index is read shard by shard, some records under one lock, so that no lookup waits. Nothing is held in memory but
//! the section that is being filled. The records of a shard are not of one moment: each is at least as new as the cursor,
//! which was read before. The log from the cursor on brings all of them to one state, as after the loading of a shard.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::codec::snapshot::{Head, RecordsWriter, SectionWriter, ShardEnd};
use crate::domain::tenant::TenantId;
use crate::follow::{Follower, Position};
use crate::index::Index;
use crate::store::{RecordKind, Shard};

/// Why a snapshot was not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    /// The file cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It was to stop.
    #[error("there was no time for it")]
    Stopped,
}

/// How a snapshot is written.
#[derive(Clone, Copy)]
pub(super) struct Pace<'a> {
    /// The pause after each section. It leaves the processor to lookups.
    pub pause: Duration,
    /// Ends the writing when it is set.
    pub stop: &'a AtomicBool,
}

/// Writes the whole index; returns the count of its records.
pub(super) fn write(out: &mut impl Write, head: &Head, follower: &Follower, pace: Pace<'_>) -> Result<u64, WriteError> {
    // All cursors first: what changes from here on is in the logs after them.
    let positions: Vec<Position> = Shard::all().map(|shard| follower.position(shard)).collect();
    let mut file = SectionFile {
        out,
        sections: SectionWriter::default(),
        pace,
    };
    let bytes = file.sections.head(head);
    file.put(&bytes)?;
    for (shard, Position { cursor, .. }) in Shard::all().zip(positions) {
        for (tenant, index) in follower.indexes().all() {
            for kind in RecordKind::ALL {
                file.records((tenant, &index), *kind, shard)?;
            }
        }
        let bytes = file.sections.shard(ShardEnd {
            shard,
            seq: cursor.seq,
            nonce: cursor.nonce,
            seen: follower.position(shard).seen.max(cursor.seq),
        });
        file.put(&bytes)?;
    }
    let bytes = file.sections.end();
    file.put(&bytes)?;
    Ok(file.sections.record_count())
}

/// The file, and its sections so far.
struct SectionFile<'a, W> {
    out: &'a mut W,
    sections: SectionWriter,
    pace: Pace<'a>,
}

impl<W: Write> SectionFile<'_, W> {
    /// Writes the records of one kind in a shard.
    fn records(
        &mut self,
        (tenant, index): (TenantId, &Index),
        kind: RecordKind,
        shard: Shard,
    ) -> Result<(), WriteError> {
        let mut section = RecordsWriter::new(tenant, kind as u8);
        let mut failure = None;
        let _ended_early = index.visit(kind, shard, &mut |id, version, bytes| {
            section.add((id, version, bytes));
            if !section.is_full() {
                return ControlFlow::Continue(());
            }
            let full = std::mem::replace(&mut section, RecordsWriter::new(tenant, kind as u8));
            match self.put_records(full) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        match failure {
            Some(error) => Err(error),
            None if section.is_empty() => Ok(()),
            None => self.put_records(section),
        }
    }

    fn put_records(&mut self, records: RecordsWriter) -> Result<(), WriteError> {
        let bytes = self.sections.records(records);
        self.put(&bytes)?;
        std::thread::sleep(self.pace.pause);
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        if self.pace.stop.load(Ordering::Relaxed) {
            return Err(WriteError::Stopped);
        }
        Ok(self.out.write_all(bytes)?)
    }
}
