//! Reads and scans.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use ringwarden::codec::entry::decode;
use ringwarden::domain::ids::{CaseId, ListId};
use ringwarden::domain::tenant::TenantId;
use ringwarden::store::{MAX_VALUE_BYTES, RecordKind, ScanTable, Shard, Store, StoredKey};
use tokio::task::JoinSet;

use crate::support::backends::{EVIDENCE_VERSION, Place};
use crate::support::commits::*;

/// Numbers of the tests of scans.
const NUMBERS: u64 = 250;

pub async fn reads_answer_in_the_order_of_the_keys(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let far = number_in(1_415_555, 9);
    put_number(&store, number(1), None, b"one").await.unwrap();
    put_number(&store, far, None, b"far").await.unwrap();
    let case = write(case_key(&case_id(3)), None, Some(b"case"));
    put(&store, commit(vec![case], vec![])).await.unwrap();
    let rows = commit(
        vec![write(number_key(number(1)), Some(1), Some(b"one"))],
        vec![bucket(number(1), 2, Some(b"rows"))],
    );
    put(&store, rows).await.unwrap();
    let rows_of = |bucket| StoredKey::Bucket(bucket_key(number(1), bucket));
    let keys = [
        StoredKey::Record(number_key(far)),
        rows_of(1),
        StoredKey::Record(case_key(&case_id(3))),
        StoredKey::Record(number_key(number(2))),
        rows_of(2),
        StoredKey::Record(number_key(number(1))),
        StoredKey::Record(number_key(far)),
        StoredKey::Record(case_key(&case_id(4))),
    ];
    let found = store.read(&keys).await.unwrap();
    let found: Vec<Option<(u64, &[u8])>> = found
        .iter()
        .map(|stored| stored.as_ref().map(|stored| (stored.version, &stored.bytes[..])))
        .collect();
    let wanted: [Option<(u64, &[u8])>; 8] = [
        Some((1, b"far")),
        None,
        Some((1, b"case")),
        None,
        Some((0, b"rows")),
        Some((2, b"one")),
        Some((1, b"far")),
        None,
    ];
    assert_eq!(found, wanted);
    assert_eq!(store.read(&[]).await.unwrap(), []);
}

pub async fn any_bytes_come_back_as_they_were(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let all: Vec<u8> = (0..=u8::MAX).collect();
    for (n, bytes) in [&all[..], b"", b"\0", b"\r\n", b"12", b"\xff\xfe"]
        .into_iter()
        .enumerate()
    {
        let number = number(n as u64);
        let write = commit(
            vec![write(number_key(number), None, Some(bytes))],
            vec![bucket(number, 0, Some(bytes))],
        );
        put(&store, write).await.unwrap();
        assert_eq!(&get_number(&store, number).await.unwrap().bytes[..], bytes);
        let rows = get(&store, StoredKey::Bucket(bucket_key(number, 0))).await.unwrap();
        assert_eq!(&rows.bytes[..], bytes);
    }
}

pub async fn scans_are_complete_and_of_one_table(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let records = (0..NUMBERS).map(|n| write(number_key(number(n)), None, Some(&n.to_le_bytes())));
    let buckets = (0..NUMBERS).map(|n| bucket(number(n), 3, Some(&n.to_be_bytes())));
    put(&store, commit(records.collect(), buckets.collect())).await.unwrap();
    put_number(&store, number_in(1_415_555, 0), None, b"elsewhere")
        .await
        .unwrap();
    let case = case_key(&case_id(1));
    put(&store, commit(vec![write(case.clone(), None, Some(b"case"))], vec![]))
        .await
        .unwrap();
    for limit in [1, 7, 249, 250, 251, 10_000] {
        let numbers = scan_all(&store, shard(), ScanTable::Records(RecordKind::Number), limit).await;
        assert_eq!(numbers.len() as u64, NUMBERS, "pages of {limit}");
        for (n, (id, stored)) in (0..).zip(&numbers) {
            assert_eq!(id, number_key(number(n)).id());
            assert_eq!((stored.version, &stored.bytes[..]), (n + 1, &n.to_le_bytes()[..]));
        }
        let rows = scan_all(&store, shard(), ScanTable::Rows, limit).await;
        assert_eq!(rows.len() as u64, NUMBERS, "pages of {limit}");
        for (n, (id, stored)) in (0..).zip(&rows) {
            let key = bucket_key(number(n), 3);
            assert_eq!(id[..], key.id());
            assert_eq!((stored.version, &stored.bytes[..]), (0, &n.to_be_bytes()[..]));
        }
    }
    let list = list_key(&list_id(1));
    let largest = vec![7; MAX_VALUE_BYTES];
    put(&store, commit(vec![write(list.clone(), None, Some(&largest))], vec![]))
        .await
        .unwrap();
    let lists = scan_all(&store, list.shard(), ScanTable::Records(RecordKind::List), 10).await;
    assert_eq!(lists.len(), 1);
    assert!(lists[0].0 == list.id() && lists[0].1.bytes == largest);
    let cases = scan_all(&store, case.shard(), ScanTable::Records(RecordKind::Case), 10).await;
    assert_eq!(cases.len(), 1);
    assert_eq!(&cases[0].0, case.id());
}

pub async fn records_of_all_kinds_are_apart(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    // A case and a list of one name, in one shard and one commit.
    let name = "one-name";
    let case = case_key(&CaseId::parse(name).unwrap());
    let list = list_key(&ListId::parse(name).unwrap());
    assert_eq!(case.shard(), list.shard());
    let records = vec![
        write(case.clone(), None, Some(b"case")),
        write(list.clone(), None, Some(b"list")),
    ];
    assert_eq!(put(&store, commit(records, vec![])).await.unwrap(), [1, 2]);
    for (table, key, state) in [
        (ScanTable::Records(RecordKind::Case), &case, b"case"),
        (ScanTable::Records(RecordKind::List), &list, b"list"),
    ] {
        let found = scan_all(&store, case.shard(), table, 10).await;
        let [(id, stored)] = &found[..] else {
            panic!("{table:?}: {} records", found.len());
        };
        assert_eq!((id, &stored.bytes[..]), (key.id(), &state[..]));
        assert_eq!(get(&store, StoredKey::Record(key.clone())).await.as_ref(), Some(stored));
    }
    let stale = write(list.clone(), Some(1), Some(b"stale"));
    assert!(is_conflict(&put(&store, commit(vec![stale], vec![])).await));
    put(&store, commit(vec![write(list.clone(), Some(2), None)], vec![]))
        .await
        .unwrap();
    assert_eq!(get(&store, StoredKey::Record(list.clone())).await, None);
    assert_eq!(get(&store, StoredKey::Record(case)).await.unwrap().version, 1);
    let entries = log(&store, list.shard(), 2).await;
    let kinds: Vec<RecordKind> = entries.iter().map(|entry| decode(entry).unwrap().header.kind).collect();
    assert_eq!(kinds, [RecordKind::List, RecordKind::List]);
}

pub async fn a_scan_survives_writes_between_its_pages(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let records = (0..NUMBERS).map(|n| write(number_key(number(n)), None, Some(b"a")));
    put(&store, commit(records.collect(), vec![])).await.unwrap();
    let mut seen = BTreeSet::new();
    let mut after = None;
    let mut pages = 0;
    loop {
        let page = store
            .scan(
                shard(),
                TenantId::DEFAULT,
                ScanTable::Records(RecordKind::Number),
                after,
                10,
            )
            .await
            .unwrap();
        seen.extend(page.items.into_iter().map(|(id, _)| id));
        after = page.next;
        if after.is_none() {
            break;
        }
        // Every tenth number goes, one that the scan has passed or not, and new ones come.
        if pages * 10 < NUMBERS {
            let gone = write(number_key(number(pages * 10)), Some(pages * 10 + 1), None);
            let new = write(number_key(number(9_000 - pages)), None, Some(b"new"));
            put(&store, commit(vec![gone, new], vec![])).await.unwrap();
        }
        pages += 1;
        assert!(pages < 10 * NUMBERS, "the scan does not end");
    }
    let stayed: Vec<Bytes> = (0..NUMBERS)
        .filter(|n| n % 10 != 0)
        .map(|n| number_key(number(n)).id().clone())
        .collect();
    assert!(stayed.iter().all(|id| seen.contains(id)));
}

pub async fn tables_start_empty(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    for table in ScanTable::all() {
        let page = store
            .scan(Shard::new(255), TenantId::DEFAULT, table, None, 10)
            .await
            .unwrap();
        assert!(page.items.is_empty() && page.next.is_none());
    }
    assert_eq!(store.entries(shard(), 1, 10).await.unwrap(), []);
}

/// A writer replaces all buckets of a number in each commit, and no reader finds buckets of two commits.
pub async fn buckets_of_a_number_are_read_at_once(place: &dyn Place) {
    const BUCKETS: u32 = 12;
    let store = place.open(EVIDENCE_VERSION).await;
    let write_all = async |store: &Arc<dyn Store>, expected: Option<u64>, value: &[u8]| {
        let buckets = (0..BUCKETS).map(|place| bucket(number(1), place, Some(value)));
        let record = write(number_key(number(1)), expected, Some(b"state"));
        put(store, commit(vec![record], buckets.collect())).await.unwrap()[0]
    };
    let first = write_all(&store, None, b"0").await;
    let mut writer = JoinSet::new();
    let writing = Arc::clone(&store);
    writer.spawn(async move {
        let mut version = first;
        for round in 1..=60 {
            version = write_all(&writing, Some(version), round.to_string().as_bytes()).await;
        }
    });
    let keys: Vec<StoredKey> = (0..BUCKETS)
        .map(|place| StoredKey::Bucket(bucket_key(number(1), place)))
        .collect();
    while writer.try_join_next().map(Result::unwrap).is_none() {
        let found = store.read(&keys).await.unwrap();
        let values: BTreeSet<_> = found.into_iter().map(|stored| stored.unwrap().bytes).collect();
        assert_eq!(values.len(), 1, "{values:?}");
    }
}
