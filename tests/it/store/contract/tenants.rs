//! Tenants: the same ids in two tenants are two things, in one shard and one change log.

use ringwarden::codec::entry::decode;
use ringwarden::domain::ids::ReporterHash;
use ringwarden::domain::reporter::ReporterState;
use ringwarden::domain::state::NumberState;
use ringwarden::domain::tenant::TenantId;
use ringwarden::store::{BucketKey, BucketWrite, RecordKey, RecordKind, ScanTable, ShardCommit, SideKey, StoredKey};

use crate::support::backends::{EVIDENCE_VERSION, Place};
use crate::support::commits::*;

/// Two tenants; the name of one is the beginning of the other's.
fn tenants() -> [TenantId; 2] {
    ["default", "default-2"].map(|name| TenantId::parse(name).unwrap())
}

fn record_key(tenant: TenantId) -> RecordKey {
    RecordKey::of::<NumberState>(tenant, &number(1))
}

fn rows_key(tenant: TenantId) -> BucketKey {
    BucketKey {
        tenant,
        number: number(1),
        bucket: 0,
    }
}

/// A reporter whose state is in the shard of the number.
fn side_key(tenant: TenantId) -> SideKey {
    let keys = (0..).map(|n| SideKey::of::<ReporterState>(tenant, &ReporterHash::from_raw(n)));
    keys.into_iter().find(|key| key.shard() == shard()).unwrap()
}

/// The first write of all three under one id.
fn first_write(tenant: TenantId, state: &[u8]) -> ShardCommit {
    let rows = BucketWrite {
        key: rows_key(tenant),
        bytes: Some(state.to_vec().into()),
    };
    ShardCommit {
        side_records: vec![side_write(&side_key(tenant), None, state)],
        ..commit(vec![write(record_key(tenant), None, Some(state))], vec![rows])
    }
}

pub async fn the_same_ids_of_two_tenants_are_apart(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let tenants = tenants();
    for (tenant, state) in tenants.into_iter().zip([b"one", b"two"]) {
        put(&store, first_write(tenant, state)).await.unwrap();
    }
    for (n, (tenant, state)) in (1..).zip(tenants.into_iter().zip([b"one", b"two"])) {
        let record = get(&store, StoredKey::Record(record_key(tenant))).await.unwrap();
        assert_eq!((record.version, &record.bytes[..]), (n, &state[..]));
        let rows = get(&store, StoredKey::Bucket(rows_key(tenant))).await.unwrap();
        assert_eq!(&rows.bytes[..], state);
        let side = get(&store, StoredKey::Side(side_key(tenant))).await.unwrap();
        assert_eq!((side.version, &side.bytes[..]), (1, &state[..]));
        for table in [ScanTable::Records(RecordKind::Number), ScanTable::Rows] {
            let page = store.scan(shard(), tenant, table, None, 10).await.unwrap();
            let [(_, stored)] = &page.items[..] else {
                panic!("{table:?}: {} items", page.items.len());
            };
            assert!(page.next.is_none());
            assert_eq!(&stored.bytes[..], state);
        }
    }
    let entries = log(&store, shard(), 1).await;
    let named: Vec<TenantId> = entries
        .iter()
        .map(|entry| decode(entry).unwrap().header.tenant)
        .collect();
    assert_eq!(named, tenants);
}

pub async fn a_commit_for_two_tenants_is_refused(place: &dyn Place) {
    let store = place.open(EVIDENCE_VERSION).await;
    let [one, two] = tenants();
    let records = [one, two].map(|tenant| write(record_key(tenant), None, Some(b"state")));
    assert!(is_refused(&put(&store, commit(records.to_vec(), vec![])).await));
    let mut mixed = first_write(one, b"state");
    mixed.side_records = first_write(two, b"state").side_records;
    assert!(is_refused(&put(&store, mixed).await));
    assert_eq!(get(&store, StoredKey::Record(record_key(one))).await, None);
}
