//! Short forms of commits.

use std::sync::Arc;

use bytes::Bytes;
use ringwarden::codec::entry::{EntryHeader, EntryState, encode_header};
use ringwarden::domain::actor::Actor;
use ringwarden::domain::case::Case;
use ringwarden::domain::ids::{CaseId, ListId};
use ringwarden::domain::list::List;
use ringwarden::domain::state::NumberState;
use ringwarden::domain::tenant::TenantId;
use ringwarden::domain::time::Timestamp;
use ringwarden::number::E164;
use ringwarden::store::{
    BucketKey, BucketWrite, CommitError, LogHead, RawLogEntry, RecordKey, RecordWrite, ScanTable, Shard, ShardCommit,
    SideKey, SideWrite, Store, StoreError, Stored, StoredKey, Version,
};

/// Number `n` below 10,000 of a block: all numbers of a block share a shard.
pub fn number_in(block: u64, n: u64) -> E164 {
    E164::from_digits(block * 10_000 + n).expect("a number")
}

/// Number `n` below 10,000 of the block that most tests use.
pub fn number(n: u64) -> E164 {
    number_in(BLOCK, n)
}

/// A block of ten thousand numbers.
pub const BLOCK: u64 = 1_315_232;

/// The shard of that block.
pub fn shard() -> Shard {
    Shard::of_number(number(0))
}

/// The case `n`, of a shard of its own.
pub fn case_id(n: u64) -> CaseId {
    CaseId::parse(&format!("case-{n}")).expect("a case id")
}

/// The list `n`, of a shard of its own.
pub fn list_id(n: u64) -> ListId {
    ListId::parse(&format!("list-{n}")).expect("a list id")
}

/// The key of a number's record.
pub fn number_key(number: E164) -> RecordKey {
    RecordKey::of::<NumberState>(TenantId::DEFAULT, &number)
}

/// The key of a case's record.
pub fn case_key(id: &CaseId) -> RecordKey {
    RecordKey::of::<Case>(TenantId::DEFAULT, id)
}

/// The key of a list's record.
pub fn list_key(id: &ListId) -> RecordKey {
    RecordKey::of::<List>(TenantId::DEFAULT, id)
}

/// The key of a bucket of a number's rows.
pub fn bucket_key(number: E164, bucket: u32) -> BucketKey {
    BucketKey {
        tenant: TenantId::DEFAULT,
        number,
        bucket,
    }
}

/// A nonce that differs from write to write.
pub fn nonce_of(key: &RecordKey, expected: Option<Version>) -> u64 {
    let [.., last] = key.id()[..] else { return 1 };
    expected.unwrap_or_default() << 8 | u64::from(last)
}

pub fn write(key: RecordKey, expected: Option<Version>, state: Option<&[u8]>) -> RecordWrite {
    let header = EntryHeader {
        nonce: nonce_of(&key, expected),
        tenant: key.tenant(),
        kind: key.kind(),
        id: key.id().clone(),
        state: match state {
            Some(_) => EntryState::Follows,
            None => EntryState::Deleted,
        },
        at: Timestamp::from_secs(1_700_000_000),
        actor: Actor::parse("ana").expect("a name"),
        request: "r1".into(),

        reason: "".into(),
    };
    RecordWrite {
        header: encode_header(&header),
        key,
        expected,
        state: state.map(Bytes::copy_from_slice),
    }
}

pub fn bucket(number: E164, bucket: u32, bytes: Option<&[u8]>) -> BucketWrite {
    BucketWrite {
        key: bucket_key(number, bucket),
        bytes: bytes.map(Bytes::copy_from_slice),
    }
}

/// A commit to the shard of its first record.
pub fn commit(records: Vec<RecordWrite>, buckets: Vec<BucketWrite>) -> ShardCommit {
    let shard = records.first().map_or_else(shard, |write| write.key.shard());
    ShardCommit {
        shard,
        records,
        buckets,
        ..ShardCommit::empty(shard)
    }
}

pub fn side_write(key: &SideKey, expected: Option<Version>, state: &[u8]) -> SideWrite {
    SideWrite {
        key: key.clone(),
        expected,
        state: Bytes::copy_from_slice(state),
    }
}

/// A commit of one side record.
pub fn side_commit(key: &SideKey, expected: Option<Version>, state: &[u8]) -> ShardCommit {
    ShardCommit {
        side_records: vec![side_write(key, expected, state)],
        ..ShardCommit::empty(key.shard())
    }
}

/// Commits to one shard.
pub async fn put(store: &Arc<dyn Store>, commit: ShardCommit) -> Result<Vec<Version>, CommitError> {
    let mut answers = store.commit(vec![commit]).await;
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

/// Commits one new state of a number's record.
pub async fn put_number(
    store: &Arc<dyn Store>,
    number: E164,
    expected: Option<Version>,
    state: &[u8],
) -> Result<Version, CommitError> {
    let record = write(number_key(number), expected, Some(state));
    put(store, commit(vec![record], vec![]))
        .await
        .map(|versions| versions[0])
}

pub async fn get(store: &Arc<dyn Store>, key: StoredKey) -> Option<Stored> {
    store.read(&[key]).await.expect("a read").remove(0)
}

pub async fn get_number(store: &Arc<dyn Store>, number: E164) -> Option<Stored> {
    get(store, StoredKey::Record(number_key(number))).await
}

pub async fn head(store: &Arc<dyn Store>, shard: Shard) -> LogHead {
    store.heads().await.expect("heads")[shard.index()]
}

/// All entries of a shard's log that are kept, from `from` on.
pub async fn log(store: &Arc<dyn Store>, shard: Shard, from: Version) -> Vec<RawLogEntry> {
    store.entries(shard, from, usize::MAX >> 1).await.expect("entries")
}

/// More pages than any scan of a test has.
const MAX_PAGES: usize = 10_000;

/// Everything in a table of a shard, in pages of `limit`, one item of each id.
pub async fn scan_all(store: &Arc<dyn Store>, shard: Shard, table: ScanTable, limit: usize) -> Vec<(Bytes, Stored)> {
    let mut items = Vec::new();
    let mut after = None;
    for pages in 0.. {
        assert!(pages < MAX_PAGES, "the scan does not end");
        let page = store
            .scan(shard, TenantId::DEFAULT, table, after, limit)
            .await
            .expect("a page");
        items.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    items.sort_by(|a, b| a.0.cmp(&b.0));
    items.dedup_by(|a, b| a.0 == b.0);
    items
}

pub fn is_conflict<T>(answer: &Result<T, CommitError>) -> bool {
    matches!(answer, Err(CommitError::Conflict { .. }))
}

pub fn is_refused<T>(answer: &Result<T, CommitError>) -> bool {
    matches!(answer, Err(CommitError::Store(StoreError::Refused { .. })))
}
