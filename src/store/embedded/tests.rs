//! Tests below the contract of all stores: what remains in the engine, and what an open finds on the disk.

mod damage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::*;
use crate::domain::state::NumberState;
use crate::store::{BucketKey, BucketWrite, LOG_ENTRIES_KEPT, RecordKey, RecordWrite};

fn value(bytes: usize) -> Bytes {
    (0..=u8::MAX).cycle().take(bytes).collect()
}

/// A commit of a record and a bucket of one number.
fn commit(expected: Option<Version>, state: Option<Bytes>, bucket: Option<Bytes>) -> Vec<ShardCommit> {
    let number = "+13152328257".parse().unwrap();
    let key = RecordKey::of::<NumberState>(TenantId::DEFAULT, &number);
    vec![ShardCommit {
        shard: key.shard(),
        records: vec![RecordWrite {
            key,
            expected,
            header: Bytes::from_static(b"\x01nonce678"),
            state,
        }],
        buckets: vec![BucketWrite {
            key: BucketKey {
                tenant: TenantId::DEFAULT,
                number,
                bucket: 1,
            },
            bytes: bucket,
        }],
        side_records: Vec::new(),
        events: vec![],
    }]
}

async fn write(store: &EmbeddedStore, commits: Vec<ShardCommit>) -> Version {
    store.commit(commits).await[0].as_ref().unwrap()[0]
}

fn parts(store: &EmbeddedStore) -> usize {
    store.engine.parts().len().unwrap()
}

fn further(bytes: usize) -> usize {
    chunks::split(&value(bytes)).unwrap().1.len()
}

#[tokio::test]
async fn a_value_that_shrinks_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), 1).await.unwrap();
    write(&store, commit(None, Some(value(5_000)), Some(value(9_000)))).await;
    let entries = further(9 + 5_000);
    assert_eq!(parts(&store), further(8 + 5_000) + further(9_000) + entries);
    write(&store, commit(Some(1), Some(value(1_000)), Some(value(600)))).await;
    let entries = entries + further(9 + 1_000);
    assert_eq!(parts(&store), further(8 + 1_000) + further(600) + entries);
    write(&store, commit(Some(2), None, None)).await;
    assert_eq!(parts(&store), entries);

    // Once the long entries are trimmed, their parts are too.
    let mut expected = None;
    for _ in 3..LOG_ENTRIES_KEPT + 2 {
        expected = Some(write(&store, commit(expected, Some(value(10)), None)).await);
    }
    assert_eq!(expected, Some(LOG_ENTRIES_KEPT + 2));
    assert_eq!(parts(&store), 0);
}

#[tokio::test]
async fn a_group_sees_its_own_commits() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), 1).await.unwrap();
    let [first] = <[_; 1]>::try_from(commit(None, Some(value(5_000)), None)).unwrap();
    let [second] = <[_; 1]>::try_from(commit(Some(1), Some(value(7)), None)).unwrap();
    let outcomes = store.commit(vec![first.clone(), first, second]).await;
    assert_eq!(outcomes[0].as_ref().unwrap(), &[1]);
    assert!(matches!(outcomes[1], Err(CommitError::Conflict { .. })));
    assert_eq!(outcomes[2].as_ref().unwrap(), &[2]);
    assert_eq!(parts(&store), further(9 + 5_000));
}

#[tokio::test]
async fn a_second_open_says_why_it_fails() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), 1).await.unwrap();
    let error = EmbeddedStore::open(dir.path(), 1).await.err().unwrap();
    assert!(error.to_string().contains("another process"), "{error}");
    drop(store);
    EmbeddedStore::open(dir.path(), 1).await.unwrap();
}

#[tokio::test]
async fn a_store_without_its_engines_files_is_not_created_again() {
    let dir = tempfile::tempdir().unwrap();
    drop(EmbeddedStore::open(dir.path(), 1).await.unwrap());
    std::fs::remove_file(dir.path().join("engine/version")).unwrap();
    let error = EmbeddedStore::open(dir.path(), 1).await.err().unwrap();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn a_store_whose_directory_is_gone_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let store = EmbeddedStore::open(&path, 1).await.unwrap();
    store.verify().await.unwrap();
    std::fs::rename(&path, dir.path().join("elsewhere")).unwrap();
    assert!(matches!(store.verify().await, Err(StoreError::Foreign { .. })));
}

/// An identity as the last release of format 1 wrote it: format, id 7, secret, evidence version 3, ready. Frozen.
fn identity_of_format_1() -> Vec<u8> {
    [&b"\x01\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"[..], &[9; 32], b"\x03\x01"].concat()
}

/// The path and the bytes of every file below a directory.
fn files_below(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for found in std::fs::read_dir(path).unwrap() {
        let path = found.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            files.insert(path, bytes);
        }
    }
    files
}

/// The engine and the key of the identity are the same in both formats.
#[tokio::test]
async fn a_store_of_the_format_before_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), 1).await.unwrap();
    let mut batch = store.engine.batch();
    batch.insert(
        store.engine.space(keys::EngineSpace::States),
        [0, 0],
        [&[0, 0][..], &identity_of_format_1()].concat(),
    );
    store.engine.commit(batch).unwrap();
    drop(store);
    let files = files_below(dir.path());
    assert!(files.len() > 2);
    let error = EmbeddedStore::open(dir.path(), 1).await.err().unwrap();
    assert!(matches!(error, StoreError::OtherFormat { found: 1 }), "{error}");
    assert!(error.to_string().contains("start with an empty store"), "{error}");
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    let after = files_below(dir.path());
    assert_eq!(names(&after), names(&files));
    assert!(after == files, "a file was changed");
}

/// A purge takes minutes in a large store.
#[tokio::test]
async fn what_is_erased_while_a_purge_runs_waits_for_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), 1).await.unwrap();
    let notes = || store.engine.purge_notes().unwrap();
    let shard = commit(None, None, None)[0].shard;
    write(&store, commit(None, Some(value(10)), None)).await;
    store.forget_log(shard, 1).await.unwrap();
    let found = notes();
    write(&store, commit(Some(1), Some(value(10)), None)).await;
    store.forget_log(shard, 2).await.unwrap();
    assert_eq!((found.len(), notes().len()), (1, 2));
    store.engine.purged(&found).unwrap();
    assert_eq!(notes().len(), 1);
    assert!(!found.contains(&notes()[0]));

    // That of an earlier release goes with the others.
    let mut batch = store.engine.batch();
    batch.insert(store.engine.space(keys::EngineSpace::States), keys::PURGE_DUE, []);
    store.engine.commit(batch).unwrap();
    assert!(store.purge().await.unwrap());
    assert!(notes().is_empty());
    assert!(!store.purge().await.unwrap());
}
