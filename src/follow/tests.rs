//! A follower meets entries that it does not know, entries that are damaged, and own commits between its reads.

mod forked;
mod interleaved;

use bytes::Bytes;

use super::*;
use crate::codec;
use crate::codec::RecordKind;
use crate::codec::entry::{EntryHeader, encode_header};
use crate::domain::actor::Actor;
use crate::domain::model::ScoreModel;
use crate::domain::state::NumberState;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::index::StoreState;
use crate::number::E164;
use crate::store::memory::MemoryStore;
use crate::store::{LOG_ENTRIES_KEPT, RawLogEntry, RecordKey, RecordWrite, ShardCommit};

/// The place of the kind in the headers of these tests: after the major version, the nonce, and a length of one byte.
const KIND_AT: usize = 10;
/// A block of ten thousand numbers, which share a shard.
const BLOCK: u64 = 1_315_232;

#[derive(Clone)]
struct Fixture {
    store: Arc<MemoryStore>,
    index: Arc<Index>,
    metrics: Metrics,
    follower: Arc<Follower>,
}

impl Fixture {
    async fn new() -> Self {
        let store = memory_store();
        Self::following(Arc::<MemoryStore>::clone(&store), store).await
    }

    /// A follower of a store that keeps its data in `store`.
    async fn following(followed: Arc<dyn Store>, store: Arc<MemoryStore>) -> Self {
        let index = Arc::new(Index::new(Arc::default()));
        let metrics = Metrics::new();
        let follower = Arc::new(Follower::new(
            followed,
            Arc::clone(&index),
            Clock::manual(Timestamp::from_secs(1_605_441_600)),
            metrics.clone(),
        ));
        follower.bootstrap().await.unwrap();
        Self {
            store,
            index,
            metrics,
            follower,
        }
    }

    /// Writes the record of a new number with this header of its entry and this state.
    async fn write(&self, number: E164, header: Bytes, state: Bytes) -> Version {
        self.write_over(None, number, header, state).await
    }

    /// The same, over the record of this version.
    async fn write_over(&self, expected: Option<Version>, number: E164, header: Bytes, state: Bytes) -> Version {
        let key = RecordKey::of::<NumberState>(TenantId::DEFAULT, &number);
        let commit = ShardCommit {
            records: vec![RecordWrite {
                key,
                expected,
                header,
                state: Some(state),
            }],
            ..ShardCommit::empty(Shard::of_number(number))
        };
        self.store.commit(vec![commit]).await.remove(0).unwrap()[0]
    }

    /// Writes the record of a number as this release does.
    async fn write_known(&self, number: E164) -> Version {
        self.write(number, encode_header(&header(number)), state()).await
    }

    fn cursor(&self) -> LogHead {
        self.follower.cursor(Shard::of_number(number(1)))
    }

    fn version(&self, number: E164) -> Option<Version> {
        self.index.record(number).map(|(version, _)| version)
    }

    #[track_caller]
    fn assert_nothing_reloaded(&self) {
        for reason in ["other_nonce", "absent", "gap", "unconfirmed", "trimmed"] {
            self.assert_metric(&format!(
                "ringwarden_follow_shards_reloaded_total{{reason=\"{reason}\"}} 0"
            ));
        }
    }

    #[track_caller]
    fn assert_metric(&self, line: &str) {
        let text = self.metrics.render(monotonic());
        assert!(text.lines().any(|found| found == line), "no line {line}\n{text}");
    }
}

fn memory_store() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new(ScoreModel::default().fold.evidence_version()).unwrap())
}

fn number_in(block: u64, n: u64) -> E164 {
    E164::from_digits(block * 10_000 + n).unwrap()
}

fn number(n: u64) -> E164 {
    number_in(BLOCK, n)
}

fn state() -> Bytes {
    codec::number::encode(&NumberState::default())
}

fn header(number: E164) -> EntryHeader {
    EntryHeader {
        nonce: number.digits(),
        tenant: TenantId::DEFAULT,
        kind: RecordKind::Number,
        id: Bytes::copy_from_slice(&number.digits().to_be_bytes()),
        state: codec::entry::EntryState::Follows,
        at: Timestamp::from_secs(1_605_441_600),
        actor: Actor::parse("ana").unwrap(),
        request: "r1".into(),
        reason: "".into(),
    }
}

/// A header with this byte in place of another. Negative places count from the end.
fn patched(number: E164, at: isize, byte: u8) -> Bytes {
    let mut bytes = encode_header(&header(number)).to_vec();
    let at = if at < 0 {
        bytes.len().checked_add_signed(at).unwrap()
    } else {
        at.unsigned_abs()
    };
    bytes[at] = byte;
    Bytes::from(bytes)
}

#[tokio::test]
async fn entries_that_this_release_does_not_know_are_passed_over() {
    let fixture = Fixture::new().await;
    let unknown_kind = |number| patched(number, KIND_AT.cast_signed(), 200);
    let other_tenant = encode_header(&EntryHeader {
        tenant: TenantId::parse("other").unwrap(),
        ..header(number(3))
    });
    let unknown_id = encode_header(&EntryHeader {
        id: Bytes::from_static(b"no number"),
        ..header(number(5))
    });
    fixture.write_known(number(1)).await;
    fixture.write(number(2), unknown_kind(number(2)), Bytes::new()).await;
    fixture.write(number(3), other_tenant, state()).await;
    fixture.write(number(4), patched(number(4), -1, b'!'), state()).await;
    fixture.write(number(5), unknown_id, state()).await;
    fixture.write_known(number(6)).await;
    fixture
        .write(number(7), unknown_kind(number(7)), Bytes::from_static(b"x"))
        .await;
    fixture.follower.sweep().await;
    fixture.follower.sweep().await;

    assert_eq!(fixture.follower.freshness().store(), StoreState::Up);
    let versions: Vec<_> = (1..=7).map(|n| fixture.version(number(n))).collect();
    assert_eq!(versions, [Some(1), None, None, None, None, Some(6), None]);
    let cursor = fixture.cursor();
    assert_eq!((cursor.seq, cursor.nonce), (7, number(7).digits()));
    for (reason, count) in [
        ("unknown_kind", 2),
        ("other_tenant", 0),
        ("unknown_tenant", 1),
        ("unknown_id", 1),
    ] {
        fixture.assert_metric(&format!(
            "ringwarden_follow_entries_skipped_total{{reason=\"{reason}\"}} {count}"
        ));
    }
    fixture.assert_metric("ringwarden_follow_entries_applied_total 3");
    // A record of another tenant is in the index of that tenant only.
    let other = fixture
        .follower
        .indexes()
        .get(TenantId::parse("other").unwrap())
        .unwrap();
    assert_eq!(other.record(number(3)).map(|(version, _)| version), Some(3));

    // The log continues at the entry that was left out: nothing is loaded again.
    fixture.write_known(number(8)).await;
    fixture.follower.sweep().await;
    assert_eq!(fixture.version(number(8)), Some(8));
    fixture.assert_nothing_reloaded();
}

/// A later major version of an entry or of a known kind's state is refused on purpose: a release raises it if older ones
/// must not go on without it.
#[tokio::test]
async fn a_damaged_entry_stops_its_shard_and_no_other() {
    let damaged_number = number(1);
    let damaged_shard = Shard::of_number(damaged_number).index();
    let of_blocks = |after: bool| {
        let mut numbers = (BLOCK..).map(|block| number_in(block, 1));
        let is_there = |found: &E164| {
            let shard = Shard::of_number(*found).index();
            if after {
                shard > damaged_shard
            } else {
                shard < damaged_shard
            }
        };
        numbers.find(is_there).unwrap()
    };
    let (before, after) = (of_blocks(false), of_blocks(true));
    let truncated = encode_header(&header(damaged_number)).slice(..KIND_AT + 4);
    for (damaged, state_of_it) in [
        (truncated, Bytes::new()),
        (patched(damaged_number, 0, 2), state()),
        (encode_header(&header(damaged_number)), Bytes::from_static(&[1])),
        (encode_header(&header(damaged_number)), Bytes::from_static(&[2, 0])),
    ] {
        let fixture = Fixture::new().await;
        fixture.write(damaged_number, damaged, state_of_it).await;
        fixture.write_known(number(2)).await;
        fixture.write_known(before).await;
        fixture.write_known(after).await;
        for sweeps in 1..=2 {
            fixture.follower.sweep().await;
            assert_eq!(fixture.follower.freshness().store(), StoreState::Down);
            assert_eq!((fixture.version(before), fixture.version(after)), (Some(1), Some(1)));
            assert_eq!((fixture.version(number(2)), fixture.cursor().seq), (None, 0));
            fixture.assert_metric(&format!(
                "ringwarden_store_errors_total{{kind=\"unreadable\"}} {sweeps}"
            ));
        }
        fixture.assert_metric("ringwarden_follow_entries_skipped_total{reason=\"unknown_kind\"} 0");
        recover(&fixture, damaged_number).await;
    }
}

/// Writes a damaged record again, and so many others that its entry leaves the log. The follower then loads the shard.
async fn recover(fixture: &Fixture, damaged: E164) {
    let header = encode_header(&header(damaged));
    assert_eq!(fixture.write_over(Some(1), damaged, header, state()).await, 3);
    for n in 3..=LOG_ENTRIES_KEPT {
        fixture.write_known(number(n)).await;
    }
    fixture.follower.sweep().await;
    assert_eq!(fixture.follower.freshness().store(), StoreState::Up);
    let versions = (fixture.version(damaged), fixture.version(number(2)));
    assert_eq!(versions, (Some(3), Some(2)));
    assert_eq!(fixture.cursor().seq, LOG_ENTRIES_KEPT + 1);
    fixture.assert_metric("ringwarden_follow_shards_reloaded_total{reason=\"trimmed\"} 1");
}

/// The store counts as one that refuses writes for a while after it has refused one, and then commits try again.
#[tokio::test]
async fn a_refused_commit_is_forgotten_after_a_while() {
    let fixture = Fixture::new().await;
    let freshness = fixture.follower.freshness();
    let full = StoreError::WritesRefused {
        cause: "full".to_owned(),
    };
    fixture.follower.commit_failed(&full);
    fixture.follower.sweep().await;
    assert_eq!(freshness.store(), StoreState::ReadOnly);
    *fixture.follower.refused.lock() = monotonic().checked_sub(REFUSED_FOR);
    fixture.follower.sweep().await;
    assert_eq!(freshness.store(), StoreState::Up);
    // A commit that nobody answered says nothing of the store: that is left to the sweep.
    for error in [
        StoreError::Unavailable {
            cause: "away".to_owned(),
        },
        StoreError::OutcomeUnknown {
            cause: "away".to_owned(),
        },
        StoreError::Refused {
            cause: "large".to_owned(),
        },
    ] {
        fixture.follower.commit_failed(&error);
        assert_eq!(freshness.store(), StoreState::Up, "{error}");
    }
    // One that found another store than the sweep before it makes the answers stale at once.
    for (error, state) in [
        (
            StoreError::Replica {
                cause: "demoted".to_owned(),
            },
            StoreState::Replica,
        ),
        (
            StoreError::Foreign {
                found: "nothing".to_owned(),
            },
            StoreState::Foreign,
        ),
    ] {
        assert!(!freshness.is_stale());
        fixture.follower.commit_failed(&error);
        assert_eq!(freshness.store(), state);
        assert!(freshness.is_stale());
        fixture.follower.set_store(StoreState::Down);
        assert!(freshness.is_stale(), "until a sweep has found it to be the right one");
        fixture.follower.sweep().await;
    }
}

/// A follower that has read nothing yet is not behind a hole, but behind the beginning of the log.
#[test]
fn the_reason_to_load_a_shard_again_is_the_true_one() {
    let entry = |seq| RawLogEntry {
        seq,
        bytes: encode_header(&header(number(seq))),
    };
    let head = |seq| LogHead {
        seq,
        nonce: number(seq).digits(),
    };
    let of = |cursor, entries: &[u64]| {
        let entries: Vec<RawLogEntry> = entries.iter().copied().map(entry).collect();
        catch_up::doubt(cursor, &entries)
    };
    let start = LogHead::default();
    assert_eq!(of(start, &[]), None);
    assert_eq!(of(start, &[1, 2]), None);
    assert_eq!(of(start, &[2, 3]), Some(ReloadReason::Trimmed));
    assert_eq!(of(start, &[1, 3]), Some(ReloadReason::Gap));
    assert_eq!(of(head(4), &[4, 5]), None);
    assert_eq!(of(head(4), &[4, 6]), Some(ReloadReason::Gap));
    assert_eq!(of(head(4), &[5, 6]), Some(ReloadReason::Trimmed));
    assert_eq!(of(head(4), &[]), Some(ReloadReason::Absent));
    let other = LogHead { seq: 4, nonce: 1 };
    assert_eq!(of(other, &[4, 5]), Some(ReloadReason::OtherNonce));
}

/// A commit that was acknowledged, and lost with the store's machine before its entry was read.
#[tokio::test]
async fn a_commit_that_the_store_lost_before_it_was_read_leaves_the_index() {
    let fixture = Fixture::new().await;
    fixture.write_known(number(1)).await;
    fixture.follower.sweep().await;
    let own = |version| Committed {
        id: number(2),
        version,
        record: NumberState::default(),
    };
    fixture.follower.applied(TenantId::DEFAULT, [own(2)]);
    assert_eq!(fixture.version(number(2)), Some(2));
    fixture.follower.sweep().await;
    assert_eq!(
        (fixture.version(number(1)), fixture.version(number(2))),
        (Some(1), None)
    );
    fixture.assert_metric("ringwarden_follow_shards_reloaded_total{reason=\"unconfirmed\"} 1");

    // Another writer has taken its place in the log by the time the store is back.
    fixture.follower.applied(TenantId::DEFAULT, [own(2)]);
    fixture.follower.set_store(StoreState::Down);
    fixture.write_known(number(3)).await;
    fixture.follower.sweep().await;
    assert_eq!(
        (fixture.version(number(2)), fixture.version(number(3))),
        (None, Some(2))
    );
    fixture.follower.sweep().await;
    fixture.assert_metric("ringwarden_follow_shards_reloaded_total{reason=\"unconfirmed\"} 2");
}

/// Another instance erased a number before this one had read the entries: of the last of them, only the nonce is left.
#[tokio::test]
async fn an_erased_entry_that_was_not_read_is_taken_from_its_record() {
    let fixture = Fixture::new().await;
    let shard = Shard::of_number(number(1));
    for n in 1..=2 {
        fixture.write_known(number(n)).await;
        fixture.store.forget_log(shard, n).await.unwrap();
        fixture.follower.sweep().await;
        assert_eq!(fixture.version(number(n)), Some(n));
        fixture.assert_metric(&format!(
            "ringwarden_follow_shards_reloaded_total{{reason=\"trimmed\"}} {n}"
        ));
    }
    // One that has read the entries goes on behind them.
    fixture.write_known(number(3)).await;
    fixture.follower.sweep().await;
    fixture.store.forget_log(shard, 3).await.unwrap();
    fixture.write_known(number(4)).await;
    fixture.follower.sweep().await;
    assert_eq!(
        (fixture.version(number(3)), fixture.version(number(4))),
        (Some(3), Some(4))
    );
    fixture.assert_metric("ringwarden_follow_shards_reloaded_total{reason=\"trimmed\"} 2");
    fixture.assert_metric("ringwarden_follow_entries_skipped_total{reason=\"unknown_kind\"} 0");
}
