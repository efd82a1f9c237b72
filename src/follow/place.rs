//! Where a follower stands in the log of a shard, and which changes it has shown whose entries it has not read yet.
//!
//! A change is in the index before its entry was read: this process has committed it, or has read its record. A store
//! that fails over to a copy that lacks the change puts another entry in its place. The index would then keep the
//! change for ever, since it drops what looks older. So every such change is remembered until the log confirms it: the
//! entry with its sequence number must have its nonce, or must be of the same record with the same content.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::catch_up::LargeRecords;
use super::{OwnChange, UNREAD};
use crate::codec::entry::{EntryState, LogEntry};
use crate::domain::tenant::TenantId;
use crate::index::is_same_record;
use crate::store::{LOG_ENTRIES_KEPT, LogHead, RecordKey, RecordKind, Stored, Version};

/// The most changes of a shard that are remembered. The log keeps no more entries, so the shard is loaded again.
const MAX_SHOWN: usize = 1_024;
const _: () = assert!(MAX_SHOWN as u64 == LOG_ENTRIES_KEPT);
/// The most bytes of their records.
const MAX_SHOWN_BYTES: usize = 16 * 1_024 * 1_024;

/// How long own changes are remembered, so that those are counted that a failover loses.
const COUNTED_FOR: Duration = Duration::from_secs(300);
/// The most own changes that are remembered to be counted: the log keeps no more entries.
const MAX_COUNTED: usize = MAX_SHOWN;

/// A change that is in the index, and whose entry was not read.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// The record.
    pub(super) key: RecordKey,
    /// The nonce of its entry, if this process has committed it; none if it was read.
    pub(super) nonce: Option<u64>,
    /// The record as it was shown; none if it was deleted.
    pub(super) state: Option<Bytes>,
    /// How many changes of the shard were remembered before it.
    order: u64,
}

/// A change that this process has committed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    /// Its sequence number.
    pub(super) version: Version,
    /// The nonce of its entry.
    pub(super) nonce: u64,
    /// How many changes of the shard were remembered before it. No other own change has the same.
    pub(super) order: u64,
    /// When it was remembered.
    at: Instant,
}

/// Where a follower stands in the log of a shard.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The last entry that was applied, or left out.
    pub(super) cursor: LogHead,
    /// The changes after the cursor that were shown, by their versions. After a failover, two may have the same.
    shown: BTreeMap<Version, Vec<Shown>>,
    /// How many there are, and the bytes of their records.
    size: (usize, usize),
    /// The own changes of the last minutes, in the order in which they were committed; the entries of most were read.
    own: VecDeque<Own>,
    /// How many changes were remembered so far.
    remembered: u64,
    /// Whether some could not be remembered, or will not be confirmed: the shard must be loaded again.
    overflowed: bool,
    /// Whether the shard is being loaded again. The cursor may then be in a log that is gone, and says nothing of what comes.
    is_loading: bool,
    /// The latest version that the index may hold of changes which nobody remembers: a snapshot gave them.
    unread: Version,
    /// How often the shard was loaded again.
    loads: u64,
}

/// Where a place is while the index holds exactly the entries up to the cursor. If it is the same later, nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Still {
    cursor: LogHead,
    remembered: u64,
    loads: u64,
}

impl Still {
    /// Whether the cursor is at the head of the log.
    pub(super) const fn is_at(self, head: LogHead) -> bool {
        self.cursor.seq == head.seq && (self.cursor.nonce == UNREAD || self.cursor.nonce == head.nonce)
    }
}

/// What a place was before the store was asked for its heads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    /// The cursor.
    pub(super) cursor: LogHead,
    /// The latest version that was shown.
    pub(super) last_shown: Version,
    /// Whether some changes could not be remembered.
    pub(super) overflowed: bool,
    /// See [`Place::unread`].
    pub(super) unread: Version,
    /// The changes that were remembered by then.
    pub(super) mark: Mark,
}

impl Before {
    /// Whether the index may hold changes of a snapshot that the store has lost: nobody knows their nonces. `was_followed` is
    /// whether the last sweep could follow the store: after an outage, others may have taken their places.
    pub(super) const fn may_be_lost(self, head: LogHead, was_followed: bool) -> bool {
        self.unread > self.cursor.seq && (head.seq < self.unread || !was_followed)
    }
}

/// The changes of a shard that were remembered before a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark(u64);

impl Mark {
    /// Whether a change was remembered before this moment.
    pub(super) const fn is_after(self, own: Own) -> bool {
        own.order < self.0
    }
}

impl Place {
    /// That of a shard from a snapshot.
    pub(super) fn restored(cursor: LogHead, seen: Version) -> Self {
        Self {
            cursor,
            unread: seen,
            ..Self::default()
        }
    }

    /// The place as it is now.
    pub(super) fn before(&self) -> Before {
        Before {
            cursor: self.cursor,
            last_shown: self.last_shown(),
            overflowed: self.overflowed,
            unread: self.unread,
            mark: Mark(self.remembered),
        }
    }

    /// Where the place is; none while the shard is loaded, or while the index may hold more than the entries up to the cursor.
    pub(super) fn still(&self) -> Option<Still> {
        let is_still = !self.is_loading && !self.overflowed && self.seen() <= self.cursor.seq;
        is_still.then_some(Still {
            cursor: self.cursor,
            remembered: self.remembered,
            loads: self.loads,
        })
    }

    /// The latest version that the index may hold.
    pub(super) fn seen(&self) -> Version {
        self.cursor.seq.max(self.unread).max(self.last_shown())
    }

    fn last_shown(&self) -> Version {
        self.shown.last_key_value().map_or(0, |(version, _)| *version)
    }

    /// Remembers a change that this process has committed. A change before the cursor was read already, as the log has it.
    pub(super) fn committed(&mut self, version: Version, change: OwnChange, at: Instant) {
        let OwnChange { key, nonce, state } = change;
        let is_over = |own: &Own| at.saturating_duration_since(own.at) > COUNTED_FOR;
        while self.own.len() >= MAX_COUNTED || self.own.front().is_some_and(is_over) {
            self.own.pop_front();
        }
        self.own.push_back(Own {
            version,
            nonce,
            order: self.remembered,
            at,
        });
        self.remembered += 1;
        if version > self.cursor.seq || self.is_loading {
            self.remember(version, key, Some(nonce), state);
        }
    }

    /// Remembers a record that was read from the store, unless it is known by its commit. False if the index has it already:
    /// the log was read up to there.
    pub(super) fn read(&mut self, version: Version, key: RecordKey, state: impl FnOnce() -> Option<Bytes>) -> bool {
        let mut known = self.shown.get(&version).into_iter().flatten();
        if known.any(|shown| shown.key == key) {
            return true;
        }
        if version <= self.cursor.seq {
            return false;
        }
        self.remember(version, key, None, state());
        true
    }

    fn remember(&mut self, version: Version, key: RecordKey, nonce: Option<u64>, state: Option<Bytes>) {
        let (count, bytes) = self.size;
        let size = (count + 1, bytes + state.as_ref().map_or(0, Bytes::len));
        if size.0 > MAX_SHOWN || size.1 > MAX_SHOWN_BYTES {
            self.overflowed = true;
            return;
        }
        self.size = size;
        let order = self.remembered;
        self.remembered += 1;
        let shown = Shown {
            key,
            nonce,
            state,
            order,
        };
        self.shown.entry(version).or_default().push(shown);
    }

    /// Whether the log confirms what was shown with this sequence number. `said` is the entry, if this release knows it.
    pub(super) fn is_confirmed(&self, seq: Version, nonce: u64, said: Option<(&LogEntry, &LargeRecords)>) -> bool {
        let mut shown = self.shown.get(&seq).into_iter().flatten();
        shown.all(|shown| match shown.nonce {
            Some(own) => own == nonce,
            None => said.is_some_and(|(entry, large)| shown.is_said(entry, large)),
        })
    }

    /// Moves the cursor to an entry that was read. What was shown up to there is confirmed.
    pub(super) fn pass(&mut self, entry: LogHead) {
        self.cursor = entry;
        while let Some(first) = self.shown.first_entry() {
            if *first.key() > entry.seq {
                break;
            }
            for shown in first.remove() {
                let (count, bytes) = self.size;
                self.size = (count.saturating_sub(1), bytes.saturating_sub(shown.bytes()));
            }
        }
    }

    /// Notes that the shard is about to be loaded again.
    pub(super) fn begin_load(&mut self) -> Mark {
        self.is_loading = true;
        self.loads += 1;
        self.before().mark
    }

    /// Notes that the load has failed. The cursor counts again. What was shown before it meanwhile is never compared with the
    /// log, which may have other changes there: then the next sweep loads the shard.
    pub(super) fn give_up_load(&mut self) {
        self.is_loading = false;
        let first = self.shown.first_key_value();
        self.overflowed |= first.is_some_and(|(version, _)| *version <= self.cursor.seq);
        let cursor = self.cursor;
        self.pass(cursor);
    }

    /// Moves the cursor to the head after which a shard was loaded. What was shown up to there, or was remembered before the
    /// head was asked for, is as the store has it now, or gone. What came later stays, and must be shown again. `lost` are
    /// the own changes that are gone.
    pub(super) fn loaded(&mut self, head: LogHead, mark: Mark, lost: &[Own]) {
        self.cursor = head;
        let lost: BTreeSet<u64> = lost.iter().map(|own| own.order).collect();
        self.own.retain(|own| !lost.contains(&own.order));
        self.unread = 0;
        self.overflowed = false;
        self.is_loading = false;
        self.shown.retain(|version, shown| {
            shown.retain(|shown| *version > head.seq && shown.order >= mark.0);
            !shown.is_empty()
        });
        let left = self.shown.values().flatten();
        self.size = left.fold((0, 0), |(count, bytes), shown| (count + 1, bytes + shown.bytes()));
    }

    /// All that was shown, in the order of the versions.
    pub(super) fn shown(&self) -> impl Iterator<Item = (Version, &Shown)> {
        let all = self.shown.iter();
        all.flat_map(|(version, shown)| shown.iter().map(|shown| (*version, shown)))
    }

    /// The own changes that are remembered.
    pub(super) fn own(&self) -> Vec<Own> {
        self.own.iter().copied().collect()
    }
}

impl Shown {
    fn bytes(&self) -> usize {
        self.state.as_ref().map_or(0, Bytes::len)
    }

    /// Whether it is a record of this tenant and kind.
    pub(super) fn is_of(&self, tenant: TenantId, kind: RecordKind) -> bool {
        self.key.tenant() == tenant && self.key.kind() == kind
    }

    /// Whether an entry is that of this record, and has left it as it was shown.
    fn is_said(&self, entry: &LogEntry, large: &LargeRecords) -> bool {
        let header = &entry.header;
        let key = RecordKey::of_entry(self.key.shard(), header.tenant, header.kind, header.id.clone());
        let is_same = |said: &Bytes| {
            let shown = self.state.as_ref();
            shown.is_some_and(|shown| is_same_record(header.kind, shown, said))
        };
        let is_said = match header.state {
            EntryState::Follows => entry.state.as_ref().is_some_and(is_same),
            EntryState::Deleted => self.state.is_none(),
            EntryState::InRecord => match large.get(&(header.tenant, header.kind, header.id.clone())) {
                Some(Stored { version, bytes }) if *version == entry.seq => is_same(bytes),
                Some(_) | None => true, // it has changed since: a later entry says how
            },
        };
        key == self.key && is_said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::monotonic;
    use crate::domain::state::NumberState;
    use crate::number::E164;

    fn key(n: u64) -> RecordKey {
        let number = E164::from_digits(13_152_320_000 + n).unwrap();
        RecordKey::of::<NumberState>(TenantId::DEFAULT, &number)
    }

    fn change(n: u64, nonce: u64) -> OwnChange {
        OwnChange {
            key: key(n),
            nonce,
            state: Some(Bytes::from_static(b"state")),
        }
    }

    fn head(seq: Version) -> LogHead {
        LogHead { seq, nonce: seq }
    }

    #[test]
    fn an_own_change_is_confirmed_by_its_nonce_alone() {
        let mut place = Place::default();
        place.committed(3, change(1, 7), monotonic());
        assert!(place.is_confirmed(2, 1, None), "nothing was shown there");
        assert!(place.is_confirmed(3, 7, None));
        assert!(!place.is_confirmed(3, 8, None));
        // After a failover, another own change may get the same number. Only one of them is in the log.
        place.committed(3, change(2, 8), monotonic());
        assert!(!place.is_confirmed(3, 7, None) && !place.is_confirmed(3, 8, None));
        place.pass(head(3));
        assert_eq!((place.shown().count(), place.size, place.seen()), (0, (0, 0), 3));
        assert!(!place.read(3, key(1), || None), "the log was read up to there");
    }

    #[test]
    fn a_change_is_remembered_once_and_a_read_without_a_nonce() {
        let mut place = Place::default();
        place.committed(3, change(1, 7), monotonic());
        assert!(place.read(3, key(1), || panic!("it is known by its commit")));
        assert!(place.read(4, key(1), || None) && place.read(4, key(1), || None));
        assert_eq!(place.shown().count(), 2);
        assert!(
            !place.is_confirmed(4, 9, None),
            "an entry that this release does not know is of another record"
        );
    }

    #[test]
    fn what_a_load_has_not_seen_stays() {
        let mut place = Place::default();
        place.committed(3, change(1, 3), monotonic());
        place.committed(9, change(1, 9), monotonic());
        let mark = place.before().mark;
        place.committed(5, change(2, 5), monotonic());
        place.committed(4, change(3, 4), monotonic());
        let lost: Vec<Own> = place.own().into_iter().filter(|own| mark.is_after(*own)).collect();
        assert_eq!(lost.iter().map(|own| own.version).collect::<Vec<_>>(), [3, 9]);
        // The store was asked for its head after the mark, and did not know the ninth: it is lost.
        place.loaded(head(4), mark, &lost);
        let left: Vec<Version> = place.shown().map(|(version, _)| version).collect();
        assert_eq!(left, [5]);
        assert_eq!((place.size, place.cursor), ((1, 5), head(4)));
        assert_eq!(place.own().len(), 2, "what was lost is counted once");
    }

    /// The cursor is in the log of a master that is gone, and the new one has not come so far.
    #[test]
    fn what_is_committed_during_a_load_stays_whatever_the_cursor_was() {
        let mut place = Place::default();
        place.pass(head(24));
        place.committed(17, change(1, 7), monotonic());
        assert_eq!(place.shown().count(), 0, "the log was read up to there");
        let mark = place.begin_load();
        place.committed(18, change(2, 8), monotonic());
        assert!(place.read(18, key(2), || None), "it is shown at once");
        place.loaded(head(16), mark, &[]);
        let left: Vec<Version> = place.shown().map(|(version, _)| version).collect();
        assert_eq!(left, [18]);
        assert!(!place.is_confirmed(18, 9, None) && place.is_confirmed(18, 8, None));
        place.begin_load();
        place.committed(12, change(3, 3), monotonic());
        place.give_up_load();
        let left: Vec<Version> = place.shown().map(|(version, _)| version).collect();
        assert_eq!(left, [18], "the cursor counts again");
        assert!(place.before().overflowed, "nothing will confirm the twelfth");
    }

    #[test]
    fn more_than_can_be_remembered_leads_to_a_load() {
        let mut place = Place::default();
        for n in 1..=MAX_SHOWN as u64 {
            place.committed(n, change(n, n), monotonic());
            assert!(!place.before().overflowed);
        }
        place.committed(5_000, change(1, 1), monotonic());
        assert!(place.before().overflowed);
        assert_eq!(place.own.len(), MAX_COUNTED);
        place.loaded(head(5_000), place.before().mark, &[]);
        assert_eq!((place.before().overflowed, place.size), (false, (0, 0)));
        let large = OwnChange {
            state: Some(Bytes::from(vec![0; MAX_SHOWN_BYTES + 1])),
            ..change(1, 1)
        };
        place.committed(5_001, large, monotonic());
        assert!(place.before().overflowed);
    }

    #[test]
    fn old_changes_are_not_counted() {
        let mut place = Place::default();
        let began = monotonic();
        place.committed(1, change(1, 1), began);
        place.committed(2, change(1, 2), began + COUNTED_FOR + Duration::from_secs(1));
        assert_eq!(place.own().len(), 1);
    }
}
