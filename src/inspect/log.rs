//! The change log of a shard, for a comparison with its records.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use super::{DamageKind, Findings, Part};
use crate::codec::checksum::{canonical, name_hash};
use crate::codec::entry::{self, EntryError, EntryState};
use crate::domain::tenant::TenantId;
use crate::store::{LOG_ENTRIES_KEPT, LogHead, RecordKind, Shard, Store, StoreError, Stored, Version};

/// Entries read at a time. Each may have as many bytes as a value.
const ENTRIES_AT_A_TIME: usize = 64;

/// The last change of a record, as the log says it.
struct LastChange {
    seq: Version,
    tenant: TenantId,
    kind: RecordKind,
    id: Bytes,
    /// None if the record was deleted.
    state: Option<LoggedState>,
}

enum LoggedState {
    /// These bytes.
    Whole(Bytes),
    /// It is in the record only.
    InRecord,
}

/// What the log says of the records of a shard.
#[derive(Default)]
pub(super) struct Log {
    /// By the hashes of the names of the records.
    last: HashMap<u128, LastChange>,
    /// The entries of which nobody knows any more what they said: their content is erased, or this release does not know it.
    unknown: HashSet<Version>,
    /// The first entry; none if there are none.
    first: Option<Version>,
    /// How many there are.
    pub(super) entries: u64,
    /// Those that this release does not know.
    pub(super) left_out: u64,
}

impl Log {
    /// Reads the log of a shard. `sure` gets what cannot be read, `cross` what does not fit the head.
    pub(super) async fn read(
        store: &dyn Store,
        (shard, head): (Shard, LogHead),
        (sure, cross): (&mut Findings, &mut Findings),
    ) -> Result<Self, StoreError> {
        let mut log = Self::default();
        let mut next = head.seq.saturating_sub(LOG_ENTRIES_KEPT - 1).max(1);
        let mut end = LogHead::default();
        let mut is_broken = false;
        while next <= head.seq {
            let entries = match store.entries(shard, next, ENTRIES_AT_A_TIME).await {
                Ok(entries) => entries,
                Err(StoreError::Unreadable { .. }) => {
                    sure.add(DamageKind::Unreadable, Part::Entry(next));
                    return Ok(log);
                }
                Err(error) => return Err(error),
            };
            let Some(last) = entries.last() else { break };
            next = last.seq + 1;
            for raw in entries {
                is_broken |= end.seq > 0 && raw.seq != end.seq + 1;
                end = LogHead {
                    seq: raw.seq,
                    nonce: entry::nonce(&raw.bytes).unwrap_or_default(),
                };
                log.first.get_or_insert(raw.seq);
                log.entries += 1;
                log.take(&raw, sure);
            }
        }
        if is_broken || end != head {
            cross.add(DamageKind::BrokenLog, Part::Shard);
        }
        Ok(log)
    }

    fn take(&mut self, raw: &entry::RawLogEntry, sure: &mut Findings) {
        if entry::is_blank(&raw.bytes) {
            self.unknown.insert(raw.seq);
            return;
        }
        match entry::decode(raw) {
            Ok(entry::LogEntry { seq, header, state }) => {
                let name = name_hash(header.tenant, header.kind, &header.id);
                let state = match header.state {
                    EntryState::Deleted => None,
                    EntryState::InRecord => Some(LoggedState::InRecord),
                    EntryState::Follows => Some(LoggedState::Whole(state.unwrap_or_default())),
                };
                let change = LastChange {
                    seq,
                    tenant: header.tenant,
                    kind: header.kind,
                    id: header.id,
                    state,
                };
                self.last.insert(name, change);
            }
            Err(EntryError::UnknownKind { .. } | EntryError::UnknownTenant { .. }) => {
                self.left_out += 1;
                self.unknown.insert(raw.seq);
            }
            Err(EntryError::Unreadable(_)) => {
                sure.add(DamageKind::Unreadable, Part::Entry(raw.seq));
                self.unknown.insert(raw.seq);
            }
        }
    }

    /// Compares a record with its last change, and forgets the change.
    pub(super) fn check(&mut self, name: u128, kind: RecordKind, head: LogHead, stored: &Stored) -> Option<DamageKind> {
        let last = self.last.remove(&name);
        if stored.version > head.seq {
            return Some(DamageKind::BeyondLog);
        }
        match last {
            Some(LastChange { seq, id, state, .. }) => {
                let fits = match state {
                    None => false,
                    Some(LoggedState::InRecord) => true,
                    Some(LoggedState::Whole(bytes)) => is_same(kind, &id, (&bytes, &stored.bytes)),
                };
                (seq != stored.version || !fits).then_some(DamageKind::UnlikeLog)
            }
            None => {
                let is_in_log = self.first.is_some_and(|first| stored.version >= first);
                (is_in_log && !self.unknown.contains(&stored.version)).then_some(DamageKind::UnlikeLog)
            }
        }
    }

    /// The records of these tenants that the log has, and that were not found.
    pub(super) fn missing(self, tenants: &[TenantId], cross: &mut Findings) {
        let mut left: Vec<LastChange> = self
            .last
            .into_values()
            .filter(|change| change.state.is_some())
            .collect();
        left.sort_by_key(|change| change.seq);
        for LastChange { tenant, kind, id, .. } in left {
            if tenants.contains(&tenant) {
                let table = crate::store::ScanTable::Records(kind);
                cross.add(DamageKind::Missing, Part::Item(tenant, table, id));
            }
        }
    }
}

/// Whether two records say the same. Another release may have written the one.
fn is_same(kind: RecordKind, id: &[u8], (one, other): (&[u8], &[u8])) -> bool {
    let read = |bytes| canonical(kind, id, bytes).ok();
    one == other || read(one).is_some_and(|one| Some(one) == read(other))
}
