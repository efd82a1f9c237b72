//! Reads of records, buckets, tables and logs.

use std::collections::HashMap;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use redis::{Pipeline, Value, cmd};

use super::connection::{CallDeadline, ServerConnection};
use super::error::RedisFailure;
use super::keys::{self, TenantHash};
use super::reply;
use crate::domain::tenant::TenantId;
use crate::store::{
    LOG_ENTRIES_KEPT, MAX_BUCKETS_AT_ONCE, RawLogEntry, ScanPage, ScanTable, Shard, StoreError, Stored, StoredKey,
    Version,
};

/// The most keys of one exchange; a read of more takes several. Those of one hash are read in one atomic step.
const MAX_KEYS: usize = MAX_BUCKETS_AT_ONCE;
/// The most items asked for in one page of a scan.
const MAX_PAGE: usize = 10_000;

/// A hash of one tenant in one shard.
type Group = (Shard, TenantId, TenantHash);

/// Reads keys, in their order; at most [`MAX_KEYS`] at a time.
pub(super) async fn read(
    connection: &ServerConnection,
    keys: &[StoredKey],
    deadline: impl Fn() -> CallDeadline,
) -> Result<Vec<Option<Stored>>, StoreError> {
    let mut found = Vec::with_capacity(keys.len());
    for some in keys.chunks(MAX_KEYS) {
        found.append(&mut read_some(connection, some, deadline()).await?);
    }
    Ok(found)
}

async fn read_some(
    connection: &ServerConnection,
    keys: &[StoredKey],
    deadline: CallDeadline,
) -> Result<Vec<Option<Stored>>, StoreError> {
    let groups = groups_of(keys);
    let mut pipeline = Pipeline::with_capacity(groups.len());
    for ((shard, tenant, hash), members) in &groups {
        let mut command = cmd("HMGET");
        command.arg(keys::hash(*shard, *tenant, *hash));
        for key in members.iter().filter_map(|at| keys.get(*at)) {
            match key {
                StoredKey::Record(key) => command.arg(key.id().as_ref()),
                StoredKey::Bucket(key) => command.arg(&key.id()),
                StoredKey::Side(key) => command.arg(key.id().as_ref()),
            };
        }
        pipeline.add_command(command);
    }
    let answers = connection
        .ask(&pipeline, deadline)
        .await
        .map_err(RedisFailure::of_read)?;
    let mut found = vec![None; keys.len()];
    for (((_, _, hash), members), answer) in groups.iter().zip(answers) {
        let values = reply::list(answer).map_err(RedisFailure::of_read)?;
        for (at, value) in members.iter().zip(values) {
            let bytes = reply::bytes(value).map_err(RedisFailure::of_read)?;
            if let Some(place) = found.get_mut(*at) {
                *place = bytes.map(|bytes| stored(*hash, bytes)).transpose()?;
            }
        }
    }
    Ok(found)
}

/// The places of the keys, by their hash on the server, in the order in which the hashes are read.
///
/// Rows come last. The server answers other clients between two commands of a pipeline, and a bucket has no version: the
/// version of its record guards it only if the record is not read after it. Otherwise a writer could put its row into
/// an old bucket, and commit it with the version of a newer record: the row of that version would be lost.
fn groups_of(keys: &[StoredKey]) -> Vec<(Group, Vec<usize>)> {
    let mut groups: HashMap<Group, Vec<usize>> = HashMap::new();
    for (at, key) in keys.iter().enumerate() {
        let group = (key.shard(), key.tenant(), TenantHash::of_key(key));
        groups.entry(group).or_default().push(at);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((_, _, hash), _)| *hash == TenantHash::Rows);
    groups
}

/// A page of a table. `next` is the server's cursor with the epoch of the connection, since a restarted server gives its
/// cursors another meaning: the scan then starts over, which repeats items and misses none.
pub(super) async fn scan(
    connection: &ServerConnection,
    (shard, tenant, table): (Shard, TenantId, ScanTable),
    after: Option<Bytes>,
    limit: usize,
    deadline: CallDeadline,
) -> Result<ScanPage, StoreError> {
    let open = connection.open(deadline).await.map_err(RedisFailure::of_read)?;
    let epoch = open.epoch;
    let hash = TenantHash::of_table(table);
    let cursor = after
        .map(|after| cursor_of(after, epoch))
        .transpose()?
        .unwrap_or_default();
    let mut command = cmd("HSCAN");
    command.arg(keys::hash(shard, tenant, hash)).arg(cursor);
    command.arg("COUNT").arg(limit.clamp(1, MAX_PAGE));
    let mut pipeline = Pipeline::with_capacity(1);
    pipeline.add_command(command);
    let answers = connection
        .ask_on(open, &pipeline, deadline)
        .await
        .map_err(RedisFailure::of_read)?;
    let page = || -> Result<_, RedisFailure> {
        let answer = answers.into_iter().next().unwrap_or_default();
        let [cursor, items] = reply::exactly(answer)?;
        Ok((reply::integer(&cursor)?, reply::pairs(items)?))
    };
    let (cursor, pairs) = page().map_err(RedisFailure::of_read)?;
    let mut items = Vec::with_capacity(pairs.len());
    for (id, value) in pairs {
        let id = present(reply::bytes(id)).map_err(RedisFailure::of_read)?;
        let bytes = present(reply::bytes(value)).map_err(RedisFailure::of_read)?;
        items.push((id, stored(hash, bytes)?));
    }
    let next = (cursor != 0).then(|| end_of_page(epoch, cursor));
    Ok(ScanPage { items, next })
}

/// Log entries of a shard.
pub(super) async fn entries(
    connection: &ServerConnection,
    shard: Shard,
    from: Version,
    limit: usize,
    deadline: CallDeadline,
) -> Result<Vec<RawLogEntry>, StoreError> {
    let limit = limit.min(usize::try_from(LOG_ENTRIES_KEPT).unwrap_or(usize::MAX));
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut command = cmd("XRANGE");
    command.arg(keys::log(shard));
    command.arg(format!("{from}-0")).arg("+").arg("COUNT").arg(limit);
    let answer = connection.ask_one(command, deadline).await;
    let entries = || reply::list(answer?)?.into_iter().map(entry).collect();
    let entries: Result<Vec<RawLogEntry>, RedisFailure> = entries();
    entries.map_err(RedisFailure::of_read)
}

/// `[id, [field, value]]`.
fn entry(answer: Value) -> Result<RawLogEntry, RedisFailure> {
    let [id, fields] = reply::exactly(answer)?;
    let [_, bytes] = reply::exactly(fields)?;
    let seq = reply::text(&id).strip_suffix("-0").and_then(|seq| seq.parse().ok());
    Ok(RawLogEntry {
        seq: seq.ok_or(RedisFailure::Malformed { wanted: "sequence" })?,
        bytes: present(reply::bytes(bytes))?,
    })
}

/// A value of a hash: that of a record or side record starts with its version.
fn stored(hash: TenantHash, mut bytes: Bytes) -> Result<Stored, StoreError> {
    if hash == TenantHash::Rows {
        return Ok(Stored { version: 0, bytes });
    }
    let version = bytes.try_get_u64().map_err(|error| StoreError::Unreadable {
        what: "record",
        cause: error.to_string(),
    })?;
    Ok(Stored { version, bytes })
}

fn present(bytes: Result<Option<Bytes>, RedisFailure>) -> Result<Bytes, RedisFailure> {
    bytes?.ok_or(RedisFailure::Malformed { wanted: "bytes" })
}

fn end_of_page(epoch: u64, cursor: u64) -> Bytes {
    let mut end = BytesMut::with_capacity(16);
    end.put_u64(epoch);
    end.put_u64(cursor);
    end.freeze()
}

/// The cursor in the end of a page; the first one if another connection wrote it.
fn cursor_of(mut end: Bytes, epoch: u64) -> Result<u64, StoreError> {
    let mut read = || Ok((end.try_get_u64()?, end.try_get_u64()?));
    let (written, cursor) = read().map_err(|error: bytes::TryGetError| StoreError::Unreadable {
        what: "end of a page",
        cause: error.to_string(),
    })?;
    Ok(if written == epoch { cursor } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::state::NumberState;
    use crate::number::E164;
    use crate::store::{BucketKey, RecordKey, RecordKind};

    #[test]
    fn records_are_read_before_rows() {
        let tenant = TenantId::DEFAULT;
        let pair = |n: u64| {
            let number = E164::from_digits(13_152_320_000 + n * 10_000).unwrap();
            let record = RecordKey::of::<NumberState>(tenant, &number);
            let bucket = BucketKey {
                tenant,
                number,
                bucket: 0,
            };
            [StoredKey::Record(record), StoredKey::Bucket(bucket)]
        };
        let keys: Vec<_> = (0..50).flat_map(pair).collect();
        let groups = groups_of(&keys);
        let rows: Vec<bool> = groups
            .iter()
            .map(|((_, _, hash), _)| *hash == TenantHash::Rows)
            .collect();
        assert!(rows.len() > 20 && rows.is_sorted(), "{rows:?}");
        let places: usize = groups.iter().map(|(_, places)| places.len()).sum();
        assert_eq!(places, keys.len());
    }

    #[test]
    fn a_page_of_another_connection_starts_over() {
        let end = end_of_page(7, 1_234);
        assert_eq!(cursor_of(end.clone(), 7).unwrap(), 1_234);
        assert_eq!(cursor_of(end, 8).unwrap(), 0);
        assert!(cursor_of(Bytes::from_static(b"short"), 8).is_err());
    }

    #[test]
    fn a_record_without_a_version_is_unreadable() {
        let short = stored(TenantHash::Records(RecordKind::Case), Bytes::from_static(b"1234567"));
        assert!(matches!(short, Err(StoreError::Unreadable { .. })));
    }
}
