//! Side records: guarded by versions as records are, without change-log entries.

use std::time::Duration;

use ringwarden::domain::ids::ReporterHash;
use ringwarden::domain::quota::TenantDay;
use ringwarden::domain::reporter::ReporterState;
use ringwarden::domain::tenant::TenantId;
use ringwarden::store::{LogHead, MAX_VALUE_BYTES, ScanTable, Shard, ShardCommit, SideKey, Stored, StoredKey};
use tokio::time::timeout;

use crate::support::backends::{EVIDENCE_VERSION, Place};
use crate::support::commits::*;

/// The time to wait for a notification that should not come.
const SILENCE: Duration = Duration::from_millis(50);

fn reporter(n: u64) -> SideKey {
    SideKey::of::<ReporterState>(TenantId::DEFAULT, &ReporterHash::from_raw(n))
}

fn tenant_day(name: &str) -> SideKey {
    SideKey::of::<TenantDay>(TenantId::DEFAULT, &TenantId::parse(name).unwrap())
}

/// A reporter whose state is in the shard of the numbers.
fn reporter_beside_numbers() -> SideKey {
    let beside = (0..).map(reporter).find(|key| key.shard() == shard());
    beside.unwrap()
}

async fn get_side(store: &std::sync::Arc<dyn ringwarden::store::Store>, key: &SideKey) -> Option<(u64, Vec<u8>)> {
    let stored: Option<Stored> = get(store, StoredKey::Side(key.clone())).await;
    stored.map(|stored| (stored.version, stored.bytes.to_vec()))
}

pub async fn a_side_record_has_versions_of_its_own_and_makes_no_entry(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let mut notifications = store.notifications();
    let key = reporter(1);
    assert_eq!(get_side(&store, &key).await, None);
    assert_eq!(put(&store, side_commit(&key, None, b"a")).await.unwrap(), [0; 0]);
    assert_eq!(get_side(&store, &key).await, Some((1, b"a".to_vec())));
    put(&store, side_commit(&key, Some(1), b"")).await.unwrap();
    assert_eq!(get_side(&store, &key).await, Some((2, Vec::new())));
    for stale in [None, Some(0), Some(1), Some(3)] {
        assert!(
            is_conflict(&put(&store, side_commit(&key, stale, b"stale")).await),
            "{stale:?}"
        );
    }
    assert_eq!(head(&store, key.shard()).await, LogHead::default());
    assert_eq!(log(&store, key.shard(), 1).await, []);
    assert!(
        timeout(SILENCE, notifications.recv()).await.is_err(),
        "a side record notifies"
    );
    for table in ScanTable::all() {
        assert_eq!(scan_all(&store, key.shard(), table, 10).await, []);
    }
}

pub async fn a_stale_side_record_stops_the_whole_commit(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let (beside, other) = (reporter_beside_numbers(), tenant_day("t"));
    let both = |expected| ShardCommit {
        side_records: vec![side_write(&beside, expected, b"note")],
        ..commit(
            vec![write(number_key(number(1)), None, Some(b"record"))],
            vec![bucket(number(1), 0, Some(b"rows"))],
        )
    };
    assert!(is_conflict(&put(&store, both(Some(1))).await));
    assert_eq!(get_number(&store, number(1)).await, None);
    assert_eq!(scan_all(&store, shard(), ScanTable::Rows, 10).await, []);
    assert_eq!(
        put(&store, both(None)).await.unwrap(),
        [1],
        "versions of the records alone"
    );
    assert_eq!(get_side(&store, &beside).await, Some((1, b"note".to_vec())));
    assert_eq!(&get_number(&store, number(1)).await.unwrap().bytes[..], b"record");
    assert_eq!(get_side(&store, &other).await, None);
}

pub async fn a_stale_record_stops_its_side_records(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let beside = reporter_beside_numbers();
    let stale = ShardCommit {
        side_records: vec![side_write(&beside, None, b"note")],
        ..commit(vec![write(number_key(number(1)), Some(7), Some(b"record"))], vec![])
    };
    assert!(is_conflict(&put(&store, stale).await));
    assert_eq!(get_side(&store, &beside).await, None);
}

pub async fn side_records_of_all_kinds_are_apart(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let tenants = [tenant_day("default"), tenant_day("other")];
    for (n, key) in (0u8..).zip(tenants.iter().chain([&reporter(1), &reporter(2)])) {
        put(&store, side_commit(key, None, &[n])).await.unwrap();
    }
    // An id of eight bytes may be the same in two kinds.
    let name = "12345678";
    let namesake = reporter(u64::from_be_bytes(name.as_bytes().try_into().unwrap()));
    put(&store, side_commit(&namesake, None, b"reporter")).await.unwrap();
    put(&store, side_commit(&tenant_day(name), None, b"tenant"))
        .await
        .unwrap();
    let keys = [
        StoredKey::Side(tenant_day(name)),
        StoredKey::Side(reporter(2)),
        StoredKey::Side(tenants[1].clone()),
        StoredKey::Side(namesake),
        StoredKey::Side(reporter(3)),
    ];
    let found = store.read(&keys).await.unwrap();
    let found: Vec<Option<&[u8]>> = found
        .iter()
        .map(|stored| stored.as_ref().map(|stored| &stored.bytes[..]))
        .collect();
    let wanted: [Option<&[u8]>; 5] = [Some(b"tenant"), Some(&[3]), Some(&[1]), Some(b"reporter"), None];
    assert_eq!(found, wanted);
}

pub async fn side_records_are_kept_when_the_store_is_opened_again(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let (key, large) = (reporter(9), vec![7; 100_000]);
    put(&store, side_commit(&key, None, &large)).await.unwrap();
    put(&store, side_commit(&key, Some(1), b"short again")).await.unwrap();
    drop(store);
    let store = place.open(EVIDENCE_VERSION).await;
    assert_eq!(get_side(&store, &key).await, Some((2, b"short again".to_vec())));
    put(&store, side_commit(&key, Some(2), &large)).await.unwrap();
    assert_eq!(get_side(&store, &key).await, Some((3, large)));
}

pub async fn a_side_record_named_twice_or_too_large_is_refused(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let key = reporter(1);
    let twice = ShardCommit {
        side_records: vec![side_write(&key, None, b"a"), side_write(&key, None, b"b")],
        ..ShardCommit::empty(key.shard())
    };
    let large = side_commit(&key, None, &vec![0; MAX_VALUE_BYTES + 1]);
    let elsewhere = ShardCommit {
        shard: Shard::new(key.shard().byte().wrapping_add(1)),
        ..side_commit(&key, None, b"a")
    };
    for refused in [twice, large, elsewhere] {
        assert!(is_refused(&put(&store, refused).await));
    }
    assert_eq!(get_side(&store, &key).await, None);
}
