//! A store is opened, has an id, and is opened again.

use ringwarden::store::{RecordKind, ScanTable};

use crate::support::backends::{EVIDENCE_VERSION, Place};
use crate::support::commits::*;

pub async fn a_new_store_is_ready_and_has_a_name_of_its_own(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let meta = store.meta();
    assert!(meta.ready);
    assert_ne!(meta.store_id, 0);
    assert_ne!(meta.secret, [0; 32]);
    assert_eq!(meta.evidence_version, EVIDENCE_VERSION);
    store.verify().await.unwrap();
    let secret = meta.secret.map(|byte| format!("{byte:02x}")).concat();
    assert!(!store.describe().is_empty() && !store.describe().contains(&secret));
}

pub async fn a_store_opened_again_is_the_same(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let meta = store.meta().clone();
    let records = (0..5).map(|n| write(number_key(number(n)), None, Some(b"a")));
    let buckets = vec![bucket(number(0), 0, Some(b"rows"))];
    put(&store, commit(records.collect(), buckets)).await.unwrap();
    let delete = write(number_key(number(4)), Some(5), None);
    put(&store, commit(vec![delete], vec![])).await.unwrap();
    let heads = store.heads().await.unwrap();
    let entries = log(&store, shard(), 1).await;
    let numbers = scan_all(&store, shard(), ScanTable::Records(RecordKind::Number), 10).await;
    drop(store);

    let store = place.open(EVIDENCE_VERSION + 1).await;
    assert!(*store.meta() == meta, "made once, never again");
    store.verify().await.unwrap();
    assert_eq!(store.heads().await.unwrap(), heads);
    assert_eq!(log(&store, shard(), 1).await, entries);
    assert_eq!(
        scan_all(&store, shard(), ScanTable::Records(RecordKind::Number), 10).await,
        numbers
    );
    assert_eq!(numbers.len(), 4);
    assert_eq!(scan_all(&store, shard(), ScanTable::Rows, 10).await.len(), 1);
    assert_eq!(put_number(&store, number(0), Some(1), b"b").await.unwrap(), 7);
}

pub async fn the_evidence_version_is_kept(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    assert_eq!(store.evidence_version().await.unwrap(), EVIDENCE_VERSION);
    let id = store.meta().store_id;
    drop(store);
    let store = place.open(EVIDENCE_VERSION + 1).await;
    assert_eq!(store.evidence_version().await.unwrap(), EVIDENCE_VERSION);
    store.set_evidence_version(EVIDENCE_VERSION + 1).await.unwrap();
    assert_eq!(store.evidence_version().await.unwrap(), EVIDENCE_VERSION + 1);
    drop(store);
    let store = place.open(EVIDENCE_VERSION + 2).await;
    assert_eq!(store.evidence_version().await.unwrap(), EVIDENCE_VERSION + 1);
    assert_eq!(store.meta().store_id, id);
    store.verify().await.unwrap();
}
