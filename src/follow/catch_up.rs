//! Catches up with a shard: reads its log from the cursor on. If the log does not continue there, the shard is loaded
//! again.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::place::{Mark, Place};
use super::{Follower, UNREAD};
use crate::codec;
use crate::codec::entry::{EntryError, EntryState, LogEntry, carries_state};
use crate::domain::tenant::TenantId;
use crate::metrics::{ReloadReason, SkipReason};
use crate::store::{LogHead, RawLogEntry, RecordKey, RecordKind, Shard, StoreError, Stored, StoredKey, Version};

/// The records whose state is not in the entries that were read.
pub(super) type LargeRecords = BTreeMap<NamedRecord, Stored>;

/// The tenant, kind and id of a record.
type NamedRecord = (TenantId, RecordKind, Bytes);

/// Entries read at a time. Each may be as large as a value ([`MAX_VALUE_BYTES`](crate::codec::MAX_VALUE_BYTES), 4 MiB),
/// and all of them are in memory at once.
const ENTRIES_AT_A_TIME: usize = 64;

/// What became of an entry that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// It was applied, now or before, or left out.
    In,
    /// Another change was shown with its sequence number.
    Unconfirmed,
}

/// How far a shard was caught up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caught {
    /// To the end of its log.
    Up,
    /// Not at all: it must be loaded again, for this reason.
    Lost(ReloadReason),
}

impl Follower {
    /// Reads a shard's log to its end, if it continues at the cursor.
    pub(super) async fn catch_up(&self, shard: Shard) -> Result<Caught, StoreError> {
        Ok(self.read_log(shard).await?.map_or(Caught::Up, Caught::Lost))
    }

    /// Loads shards again, and reads the entries written during that time. The heads of the logs and the tenants are asked
    /// for once: after a failover, all shards may be lost.
    pub(super) async fn reload(&self, shards: &[(Shard, ReloadReason)]) -> Result<(), StoreError> {
        if shards.is_empty() {
            return Ok(());
        }
        let mut marks = Vec::with_capacity(shards.len());
        for (shard, reason) in shards {
            tracing::warn!(shard = shard.index(), ?reason, "the shard is loaded again");
            self.metrics.shard_reloaded(*reason);
            // Before the heads are asked for: what was acknowledged by now is in the log up to the head, or lost.
            marks.push((*shard, self.place_of(*shard).lock().begin_load()));
        }
        let heads = self.heads_and_tenants().await.inspect_err(|_| {
            for (shard, _) in &marks {
                self.place_of(*shard).lock().give_up_load();
            }
        })?;
        let mut failed = None;
        for (shard, mark) in marks {
            // One shard may be damaged. A store that fails as a whole would let each further one wait for the time-out.
            if !matches!(failed, None | Some(StoreError::Unreadable { .. })) {
                self.place_of(shard).lock().give_up_load();
                continue;
            }
            let head = heads.get(shard.index()).copied().unwrap_or_default();
            if let Err(error) = self.load_again(shard, (head, mark)).await {
                failed = Some(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// The heads of the logs, and after them the tenants: another instance may have begun one whose entries are gone.
    async fn heads_and_tenants(&self) -> Result<Vec<LogHead>, StoreError> {
        let heads = self.store.heads().await?;
        self.find_tenants().await?;
        Ok(heads)
    }

    async fn load_again(&self, shard: Shard, from: (LogHead, Mark)) -> Result<(), StoreError> {
        let loaded = self.load_shard(shard, from).await;
        loaded.inspect_err(|_| self.place_of(shard).lock().give_up_load())?;
        // If the log does not continue even now, the next sweep finds that.
        self.read_log(shard).await?;
        Ok(())
    }

    /// Reads a shard's log from the cursor on. The entry at the cursor must still be the same. Returns the reason to load
    /// the shard again, if there is one.
    async fn read_log(&self, shard: Shard) -> Result<Option<ReloadReason>, StoreError> {
        loop {
            let cursor = self.cursor(shard);
            let entries = self.store.entries(shard, cursor.seq.max(1), ENTRIES_AT_A_TIME).await?;
            let full = entries.len() >= ENTRIES_AT_A_TIME;
            let doubt = doubt(cursor, &entries);
            if doubt.is_some() {
                return Ok(doubt);
            }
            let large = match self.large_records(shard, cursor, &entries).await? {
                Ok(large) => large,
                Err(reason) => return Ok(Some(reason)),
            };
            for raw in &entries {
                if self.take_in(shard, raw, &large)? == Taken::Unconfirmed {
                    return Ok(Some(ReloadReason::Unconfirmed));
                }
            }
            if !full {
                return Ok(None);
            }
        }
    }

    /// Reads the records whose state is not in these entries. A record may be newer than its entry, which changes
    /// nothing: later entries leave it as it is. One that is older was lost by the store, and the shard is loaded again.
    async fn large_records(
        &self,
        shard: Shard,
        cursor: LogHead,
        entries: &[RawLogEntry],
    ) -> Result<Result<LargeRecords, ReloadReason>, StoreError> {
        let mut wanted: BTreeMap<NamedRecord, Version> = BTreeMap::new();
        for raw in entries
            .iter()
            .filter(|raw| raw.seq > cursor.seq && !carries_state(&raw.bytes))
        {
            if let Ok(LogEntry { seq, header, .. }) = codec::entry::decode(raw) {
                wanted.insert((header.tenant, header.kind, header.id), seq);
            }
        }
        if wanted.is_empty() {
            return Ok(Ok(LargeRecords::new()));
        }
        let key = |(tenant, kind, id): &NamedRecord| RecordKey::of_entry(shard, *tenant, *kind, id.clone());
        let keys: Vec<StoredKey> = wanted.keys().map(|named| StoredKey::Record(key(named))).collect();
        let mut found = LargeRecords::new();
        for ((named, seq), stored) in wanted.into_iter().zip(self.store.read(&keys).await?) {
            match stored {
                Some(stored) if stored.version < seq => return Ok(Err(ReloadReason::OtherNonce)),
                Some(stored) => _ = found.insert(named, stored),
                None => {}
            }
        }
        Ok(Ok(found))
    }

    /// Applies an entry and moves the cursor past it, if the cursor is before it: the entry at the cursor was applied, and
    /// so were own commits that moved the cursor meanwhile. An entry that this release does not know is left out: a newer
    /// release may write to the same store, and one entry must not hold up all that follow it. An entry in the place of
    /// another change that was shown is not applied: the store has lost that change, and the shard is loaded again.
    fn take_in(&self, shard: Shard, raw: &RawLogEntry, large: &LargeRecords) -> Result<Taken, StoreError> {
        let mut place = self.place_of(shard).lock();
        if raw.seq <= place.cursor.seq {
            return Ok(Taken::In);
        }
        let (nonce, entry) = match codec::entry::decode(raw) {
            Ok(entry) => (entry.header.nonce, Ok(entry)),
            Err(EntryError::UnknownKind { nonce, .. }) => (nonce, Err(SkipReason::UnknownKind)),
            Err(EntryError::UnknownTenant { nonce }) => (nonce, Err(SkipReason::UnknownTenant)),
            Err(EntryError::Unreadable(damaged)) => return Err(damaged.into()),
        };
        let said = entry.as_ref().ok().map(|entry| (entry, large));
        if !place.is_confirmed(raw.seq, nonce, said) {
            return Ok(Taken::Unconfirmed);
        }
        let skipped = match &entry {
            Ok(entry) => self.apply_entry(&mut place, (shard, entry), large)?,
            Err(reason) => Some(*reason),
        };
        place.pass(LogHead { seq: raw.seq, nonce });
        drop(place);
        if let Some(reason) = skipped {
            self.skipped(shard, raw.seq, reason);
        }
        Ok(Taken::In)
    }

    /// Applies an entry to the index, or gives the reason to leave it out.
    fn apply_entry(
        &self,
        place: &mut Place,
        (shard, entry): (Shard, &LogEntry),
        large: &LargeRecords,
    ) -> Result<Option<SkipReason>, StoreError> {
        let LogEntry { seq, header, state } = entry;
        let Some(index) = self.indexes.get_or_make(header.tenant) else {
            return Ok(Some(SkipReason::OtherTenant)); // there are too many
        };
        let applied = match header.state {
            EntryState::Follows | EntryState::Deleted => {
                index.apply_bytes(header.kind, &header.id, *seq, state.as_deref())?
            }
            EntryState::InRecord => match large.get(&(header.tenant, header.kind, header.id.clone())) {
                Some(record) => {
                    if record.version > *seq {
                        let key = RecordKey::of_entry(shard, header.tenant, header.kind, header.id.clone());
                        place.read(record.version, key, || Some(record.bytes.clone()));
                    }
                    index.apply_bytes(header.kind, &header.id, record.version, Some(&record.bytes))?
                }
                None => true, // deleted since: a later entry says so
            },
        };
        if !applied {
            return Ok(Some(SkipReason::UnknownId));
        }
        self.metrics.entries_applied(1);
        self.metrics.replicated(header.at.until(self.freshness().now()));
        Ok(None)
    }
}

/// The reason to load a shard again, if the entries do not continue at the cursor.
pub(super) fn doubt(cursor: LogHead, entries: &[RawLogEntry]) -> Option<ReloadReason> {
    if cursor.seq > 0 {
        match entries.first() {
            None => return Some(ReloadReason::Absent),
            Some(first) if first.seq != cursor.seq => return Some(ReloadReason::Trimmed),
            Some(first) if cursor.nonce != UNREAD && codec::entry::nonce(&first.bytes) != Some(cursor.nonce) => {
                return Some(ReloadReason::OtherNonce);
            }
            Some(_) => {}
        }
    }
    if entries.first().is_some_and(|first| first.seq > cursor.seq.max(1)) {
        return Some(ReloadReason::Trimmed); // nothing was read yet, and the log begins later
    }
    let contiguous = (cursor.seq.max(1)..)
        .zip(entries)
        .all(|(expected, entry)| entry.seq == expected);
    if !contiguous {
        return Some(ReloadReason::Gap);
    }
    // An erasure has left no more than the nonce of this entry: only the record says now what it said.
    let is_erased = |entry: &RawLogEntry| entry.seq > cursor.seq && codec::entry::is_blank(&entry.bytes);
    entries.iter().any(is_erased).then_some(ReloadReason::Trimmed)
}
