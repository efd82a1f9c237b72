//! A snapshot is used whole or not at all, and gives back what the index held.

use std::fs::{File, Permissions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use super::error::SnapshotError;
use super::file::SnapshotDirectory;
use super::read::{Snapshot, Wanted};
use super::write::{self, Pace, WriteError};
use crate::clock::{Clock, monotonic};
use crate::codec::snapshot::{FORMAT, Head, MAGIC, RecordsWriter, SectionWriter, ShardEnd};
use crate::domain::acceptance::{Acceptance, SharedKind};
use crate::domain::model::ScoreModel;
use crate::domain::requests::Requests;
use crate::domain::state::NumberState;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::unknown_fields::UnknownFields;
use crate::follow::Follower;
use crate::index::{Index, StoreState};
use crate::metrics::Metrics;
use crate::number::E164;
use crate::store::memory::MemoryStore;
use crate::store::{LogHead, RecordKind, STORE_FORMAT, Shard, Version};

/// More numbers than are copied under one lock, in one block and in others.
const NUMBERS: u64 = 300;
const STORE_ID: u128 = 7;

fn number(n: u64) -> E164 {
    E164::from_digits(13_152_320_000 + n * 40).unwrap()
}

fn state(n: u64) -> NumberState {
    NumberState {
        rows: u32::try_from(n).unwrap(),
        unknown_fields: UnknownFields::new(b"of a newer release"),
        ..NumberState::default()
    }
}

/// An index with its follower, of a store that is empty.
struct Instance {
    index: Arc<Index>,
    follower: Follower,
}

impl Instance {
    fn new() -> Self {
        Self::with_metrics(&Metrics::new())
    }

    fn with_metrics(metrics: &Metrics) -> Self {
        let model = ScoreModel::default();
        let store = MemoryStore::new(model.fold.evidence_version()).unwrap();
        let index = Arc::new(Index::new(Arc::new(model)));
        let clock = Clock::manual(Timestamp::from_secs(2_000));
        let follower = Follower::new(Arc::new(store), Arc::clone(&index), clock, metrics.clone());
        Self { index, follower }
    }

    fn with_numbers() -> Self {
        let instance = Self::new();
        for n in 0..NUMBERS {
            instance.index.apply(number(n), version(n), Some(state(n)));
        }
        instance
    }

    fn head(&self) -> Head {
        Head {
            store_format: STORE_FORMAT,
            store_id: STORE_ID,
            secret: [9; 32],
            evidence_version: self.index.model().fold.evidence_version(),
            tenant: TenantId::DEFAULT,
            data_as_of: Timestamp::from_secs(1_000),
        }
    }

    fn write(&self, directory: &SnapshotDirectory, head: &Head) -> Result<u64, WriteError> {
        let stop = AtomicBool::new(false);
        let pace = Pace {
            pause: Duration::ZERO,
            stop: &stop,
        };
        directory.replace(|out| write::write(out, head, &self.follower, pace).map(drop))
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            evidence_version: self.index.model().fold.evidence_version(),
            expected_id: Some(STORE_ID),
            max_age: Some(Duration::from_secs(3_600)),
            now: Timestamp::from_secs(2_000),
        }
    }

    fn open(&self, directory: &SnapshotDirectory) -> Result<Snapshot, SnapshotError> {
        Snapshot::open(directory, self.wanted(), self.index.model())
    }
}

fn version(n: u64) -> Version {
    n + 1
}

fn directory() -> (TempDir, SnapshotDirectory) {
    let place = TempDir::new().unwrap();
    let directory = SnapshotDirectory::create(&place.path().join("kept/here")).unwrap();
    (place, directory)
}

/// A snapshot of an instance with numbers.
fn written() -> (TempDir, SnapshotDirectory, Instance) {
    let (place, directory) = directory();
    let instance = Instance::with_numbers();
    instance.write(&directory, &instance.head()).unwrap();
    (place, directory, instance)
}

fn writable(directory: &SnapshotDirectory) -> File {
    File::options()
        .read(true)
        .write(true)
        .open(directory.snapshot())
        .unwrap()
}

#[test]
fn a_snapshot_gives_back_every_record_with_its_version_and_its_unknown_fields() {
    let (_place, directory, _) = written();
    let restored = Instance::new();
    let snapshot = restored.open(&directory).unwrap();
    assert_eq!(snapshot.meta().store_id, STORE_ID);
    assert_eq!(snapshot.meta().secret, [9; 32]);
    snapshot.restore(&restored.follower, restored.index.model()).unwrap();
    assert_eq!(restored.index.number_count(), usize::try_from(NUMBERS).unwrap());
    for n in 0..NUMBERS {
        assert_eq!(restored.index.record(number(n)), Some((version(n), state(n))));
    }
    let freshness = restored.follower.freshness();
    assert!(freshness.is_ready() && freshness.is_stale() && freshness.is_from_snapshot());
    assert_eq!(freshness.data_as_of(), Timestamp::from_secs(1_000));
    assert_eq!(freshness.store(), StoreState::Down);
}

/// Each tenant gets its own records back, and the records of others are not counted as those of the default tenant.
#[test]
fn a_snapshot_gives_back_the_records_of_every_tenant() {
    let (_place, directory) = directory();
    let instance = Instance::with_numbers();
    let north = TenantId::parse("north").unwrap();
    let of_north = instance.follower.indexes().get_or_make(north).unwrap();
    for n in 0..3 {
        of_north.apply(number(n), version(n) + 1_000, Some(state(n + 7)));
    }
    let acceptance = Acceptance {
        from: TenantId::DEFAULT,
        kinds: [SharedKind::Reports].into_iter().collect(),
        changed_at: Timestamp::from_secs(0),
        requests: Requests::default(),
        unknown_fields: UnknownFields::default(),
    };
    of_north.apply(TenantId::DEFAULT, 7, Some(acceptance.clone()));
    instance.write(&directory, &instance.head()).unwrap();
    let restored = Instance::new();
    let snapshot = restored.open(&directory).unwrap();
    snapshot.restore(&restored.follower, restored.index.model()).unwrap();
    assert_eq!(restored.index.number_count(), usize::try_from(NUMBERS).unwrap());
    assert_eq!(restored.index.record(number(0)), Some((version(0), state(0))));
    let of_north = restored.follower.indexes().get(north).unwrap();
    assert_eq!(of_north.number_count(), 3);
    assert_eq!(of_north.record(number(2)), Some((version(2) + 1_000, state(9))));
    assert_eq!(of_north.acceptance(TenantId::DEFAULT), Some((7, acceptance)));
    assert!(restored.index.accepted().is_empty());
}

/// The follower of the restored index goes on where the other one stood.
#[tokio::test]
async fn the_place_in_the_logs_is_kept() {
    let (_place, directory) = directory();
    let instance = Instance::new();
    instance.follower.bootstrap().await.unwrap();
    instance.write(&directory, &instance.head()).unwrap();
    let restored = Instance::new();
    let snapshot = restored.open(&directory).unwrap();
    snapshot.restore(&restored.follower, restored.index.model()).unwrap();
    for shard in Shard::all() {
        assert_eq!(restored.follower.position(shard), instance.follower.position(shard));
    }
    restored.follower.sweep().await;
    let freshness = restored.follower.freshness();
    assert!(!freshness.is_stale() && !freshness.is_from_snapshot());
    assert_eq!(freshness.store(), StoreState::Up);
}

/// A newer release may have written the snapshot: records of a kind that this one does not know are left out and counted,
/// as those of a store are.
#[test]
fn records_of_an_unknown_kind_are_left_out() {
    let (_place, directory) = directory();
    let metrics = Metrics::new();
    let instance = Instance::with_metrics(&metrics);
    let written = directory.replace(|out| -> std::io::Result<()> {
        let mut sections = SectionWriter::default();
        out.write_all(&sections.head(&instance.head()))?;
        for kind in [99, RecordKind::Number as u8] {
            let mut records = RecordsWriter::new(TenantId::DEFAULT, kind);
            records.add((b"no id that is known", 3, b"new"));
            out.write_all(&sections.records(records))?;
        }
        for shard in Shard::all() {
            let (seq, nonce, seen) = (5, 6, 7);
            out.write_all(&sections.shard(ShardEnd {
                shard,
                seq,
                nonce,
                seen,
            }))?;
        }
        out.write_all(&sections.end())
    });
    written.unwrap();
    let snapshot = instance.open(&directory).unwrap();
    snapshot.restore(&instance.follower, instance.index.model()).unwrap();
    assert_eq!(instance.index.number_count(), 0);
    assert!(instance.follower.freshness().is_ready());
    let text = metrics.render(monotonic());
    for reason in ["unknown_kind", "unknown_id"] {
        let line = format!("ringwarden_follow_entries_skipped_total{{reason=\"{reason}\"}} 1");
        assert!(text.lines().any(|found| found == line), "{line}");
    }
    let position = instance.follower.position(Shard::new(0));
    assert_eq!((position.cursor, position.seen), (LogHead { seq: 5, nonce: 6 }, 7));
}

#[test]
fn a_snapshot_that_ends_too_early_is_refused_at_every_length() {
    let (_place, directory) = directory();
    let instance = Instance::new();
    instance.index.apply(number(1), 1, Some(state(1)));
    let bytes = instance.write(&directory, &instance.head()).unwrap();
    instance.open(&directory).unwrap();
    let file = writable(&directory);
    for length in (0..bytes).rev() {
        file.set_len(length).unwrap();
        let refused = instance.open(&directory).unwrap_err();
        let known = matches!(refused, SnapshotError::Damaged(_) | SnapshotError::NotASnapshot);
        assert!(known, "{length}: {refused}");
    }
}

#[test]
fn a_snapshot_with_something_after_its_end_is_refused() {
    let (_place, directory, instance) = written();
    let mut file = writable(&directory);
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(&[0]).unwrap();
    assert!(matches!(instance.open(&directory), Err(SnapshotError::Damaged(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_snapshot_with_one_changed_bit_is_refused(places in prop::collection::vec((any::<prop::sample::Index>(), 0..8u8), 16)) {
        let (_place, directory, instance) = written();
        let mut file = writable(&directory);
        let length = usize::try_from(file.metadata().unwrap().len()).unwrap();
        for (place, bit) in places {
            let place = place.index(length) as u64;
            let mut flip = || {
                let mut byte = [0];
                file.seek(SeekFrom::Start(place)).unwrap();
                file.read_exact(&mut byte).unwrap();
                file.seek(SeekFrom::Start(place)).unwrap();
                file.write_all(&[byte[0] ^ (1 << bit)]).unwrap();
            };
            flip();
            prop_assert!(instance.open(&directory).is_err(), "byte {}, bit {}", place, bit);
            flip();
        }
        prop_assert!(instance.open(&directory).is_ok());
    }
}

#[test]
fn a_snapshot_of_something_else_is_refused_with_a_sentence() {
    let (_place, directory, instance) = written();
    let right = instance.wanted();
    let open = |wanted: Wanted| {
        let opened = Snapshot::open(&directory, wanted, instance.index.model());
        opened.err().map(|error| error.to_string())
    };
    let cases = [
        (
            Wanted {
                expected_id: Some(8),
                ..right
            },
            "the configuration expects 00000000000000000000000000000008",
        ),
        (
            Wanted {
                evidence_version: 1,
                ..right
            },
            "another evidence version",
        ),
        (
            Wanted {
                now: Timestamp::from_secs(1_000 + 3_601),
                ..right
            },
            "more than 1 hours ago (--snapshot-max-age)",
        ),
    ];
    for (wanted, sentence) in cases {
        let found = open(wanted).unwrap();
        assert!(found.contains(sentence), "{found}");
    }
    let any_age = Wanted {
        max_age: None,
        now: Timestamp::from_secs(1_000_000_000),
        expected_id: None,
        ..right
    };
    assert_eq!(open(any_age), None);

    let mut file = writable(&directory);
    file.seek(SeekFrom::Start(MAGIC.len() as u64)).unwrap();
    file.write_all(&[FORMAT + 1]).unwrap();
    assert!(open(right).unwrap().contains("format 2"));
    let other_store_format = Head {
        store_format: STORE_FORMAT + 1,
        ..instance.head()
    };
    instance.write(&directory, &other_store_format).unwrap();
    assert!(open(right).unwrap().contains("a store of format 3"));
    std::fs::write(directory.snapshot(), "hello").unwrap();
    assert!(open(right).unwrap().contains("not a snapshot"));
    std::fs::remove_file(directory.snapshot()).unwrap();
    assert_eq!(open(right).unwrap(), "there is none yet");
}

#[test]
fn nobody_else_can_read_a_snapshot() {
    let (_place, directory, instance) = written();
    let path = directory.snapshot();
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    let parent = std::fs::metadata(path.parent().unwrap()).unwrap();
    assert_eq!((mode(), parent.permissions().mode() & 0o777), (0o600, 0o700));
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    instance.open(&directory).unwrap();
    assert_eq!(mode(), 0o600);
}

#[test]
fn a_write_that_stops_leaves_the_snapshot_before_it() {
    let (_place, directory, instance) = written();
    let before = std::fs::read(directory.snapshot()).unwrap();
    let stop = AtomicBool::new(true);
    let pace = Pace {
        pause: Duration::ZERO,
        stop: &stop,
    };
    let head = instance.head();
    let stopped = directory.replace(|out| write::write(out, &head, &instance.follower, pace).map(drop));
    assert!(matches!(stopped, Err(WriteError::Stopped)));
    assert_eq!(std::fs::read(directory.snapshot()).unwrap(), before);
    let names = std::fs::read_dir(directory.snapshot().parent().unwrap())
        .unwrap()
        .count();
    assert_eq!(names, 1, "a rest stays");
}

#[test]
fn one_process_at_a_time_keeps_a_snapshot_in_a_directory() {
    let (_place, directory) = directory();
    let lock = directory.lock().unwrap();
    let refused = directory.lock().unwrap_err().to_string();
    assert!(refused.contains("another process"), "{refused}");
    drop(lock);
    directory.lock().unwrap();
}
