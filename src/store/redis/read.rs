//! Reads of records, buckets, tables and logs.

use std::collections::HashMap;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use redis::{Pipeline, Value, cmd};

use super::error::Failure;
use super::keys::{self, Part};
use super::link::{Deadline, Link};
use super::reply;
use crate::store::{Key, LOG_ENTRIES_KEPT, RawEntry, ScanPage, Shard, StoreError, Stored, Table, Version};

/// The most keys of one exchange; a read of more takes several.
const MAX_KEYS: usize = 4_096;
/// The most items asked for in one page of a scan.
const MAX_PAGE: usize = 10_000;

/// Reads keys, in their order; at most [`MAX_KEYS`] at a time.
pub(super) async fn read(
    link: &Link,
    keys: &[Key],
    deadline: impl Fn() -> Deadline,
) -> Result<Vec<Option<Stored>>, StoreError> {
    let mut found = Vec::with_capacity(keys.len());
    for some in keys.chunks(MAX_KEYS) {
        found.append(&mut read_some(link, some, deadline()).await?);
    }
    Ok(found)
}

async fn read_some(link: &Link, keys: &[Key], deadline: Deadline) -> Result<Vec<Option<Stored>>, StoreError> {
    let mut groups: HashMap<(Shard, Part), Vec<usize>> = HashMap::new();
    for (at, key) in keys.iter().enumerate() {
        groups.entry((key.shard(), part_of(key))).or_default().push(at);
    }
    let groups: Vec<_> = groups.into_iter().collect();
    let mut pipeline = Pipeline::with_capacity(groups.len());
    for ((shard, part), members) in &groups {
        let mut command = cmd("HMGET");
        command.arg(keys::of_shard(*shard, *part));
        for key in members.iter().filter_map(|at| keys.get(*at)) {
            match key {
                Key::Record(key) => command.arg(key.id().as_ref()),
                Key::Bucket(key) => command.arg(&key.id()),
                Key::Note(key) => command.arg(key.id().as_ref()),
            };
        }
        pipeline.add_command(command);
    }
    let answers = link.ask(&pipeline, deadline).await.map_err(Failure::of_read)?;
    let mut found = vec![None; keys.len()];
    for (((_, part), members), answer) in groups.iter().zip(answers) {
        let values = reply::list(answer).map_err(Failure::of_read)?;
        for (at, value) in members.iter().zip(values) {
            let bytes = reply::bytes(value).map_err(Failure::of_read)?;
            if let Some(place) = found.get_mut(*at) {
                *place = bytes.map(|bytes| stored(*part, bytes)).transpose()?;
            }
        }
    }
    Ok(found)
}

/// A page of a table. Its end is the cursor of the server with the epoch of the connection, since a server that was
/// started again gives its cursors another meaning: then the scan starts over, which repeats items and misses none.
pub(super) async fn scan(
    link: &Link,
    shard: Shard,
    table: Table,
    after: Option<Bytes>,
    limit: usize,
    deadline: Deadline,
) -> Result<ScanPage, StoreError> {
    let connection = link.connection(deadline).await.map_err(Failure::of_read)?;
    let epoch = connection.epoch;
    let cursor = after
        .map(|after| cursor_of(after, epoch))
        .transpose()?
        .unwrap_or_default();
    let mut command = cmd("HSCAN");
    command.arg(keys::of_shard(shard, Part::of_table(table))).arg(cursor);
    command.arg("COUNT").arg(limit.clamp(1, MAX_PAGE));
    let mut pipeline = Pipeline::with_capacity(1);
    pipeline.add_command(command);
    let answers = link
        .ask_on(connection, &pipeline, deadline)
        .await
        .map_err(Failure::of_read)?;
    let page = || -> Result<_, Failure> {
        let answer = answers.into_iter().next().unwrap_or_default();
        let [cursor, items] = reply::exactly(answer)?;
        Ok((reply::integer(&cursor)?, reply::pairs(items)?))
    };
    let (cursor, pairs) = page().map_err(Failure::of_read)?;
    let mut items = Vec::with_capacity(pairs.len());
    for (id, value) in pairs {
        let id = present(reply::bytes(id)).map_err(Failure::of_read)?;
        let bytes = present(reply::bytes(value)).map_err(Failure::of_read)?;
        items.push((id, stored(Part::of_table(table), bytes)?));
    }
    let next = (cursor != 0).then(|| end_of_page(epoch, cursor));
    Ok(ScanPage { items, next })
}

/// Log entries of a shard.
pub(super) async fn entries(
    link: &Link,
    shard: Shard,
    from: Version,
    limit: usize,
    deadline: Deadline,
) -> Result<Vec<RawEntry>, StoreError> {
    let limit = limit.min(usize::try_from(LOG_ENTRIES_KEPT).unwrap_or(usize::MAX));
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut command = cmd("XRANGE");
    command.arg(keys::of_shard(shard, Part::Log));
    command.arg(format!("{from}-0")).arg("+").arg("COUNT").arg(limit);
    let answer = link.ask_one(command, deadline).await;
    let entries = || reply::list(answer?)?.into_iter().map(entry).collect();
    let entries: Result<Vec<RawEntry>, Failure> = entries();
    entries.map_err(Failure::of_read)
}

/// `[id, [field, value]]`.
fn entry(answer: Value) -> Result<RawEntry, Failure> {
    let [id, fields] = reply::exactly(answer)?;
    let [_, bytes] = reply::exactly(fields)?;
    let seq = reply::text(&id).strip_suffix("-0").and_then(|seq| seq.parse().ok());
    Ok(RawEntry {
        seq: seq.ok_or(Failure::Malformed { wanted: "sequence" })?,
        bytes: present(reply::bytes(bytes))?,
    })
}

fn part_of(key: &Key) -> Part {
    match key {
        Key::Record(key) => Part::of_kind(key.kind()),
        Key::Bucket(_) => Part::Rows,
        Key::Note(key) => Part::of_note(key.kind()),
    }
}

/// The value of a hash: records and notes have their version before them.
fn stored(part: Part, mut bytes: Bytes) -> Result<Stored, StoreError> {
    if part == Part::Rows {
        return Ok(Stored { version: 0, bytes });
    }
    let version = bytes.try_get_u64().map_err(|error| StoreError::Unreadable {
        what: "record",
        cause: error.to_string(),
    })?;
    Ok(Stored { version, bytes })
}

fn present(bytes: Result<Option<Bytes>, Failure>) -> Result<Bytes, Failure> {
    bytes?.ok_or(Failure::Malformed { wanted: "bytes" })
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

    #[test]
    fn a_page_of_another_connection_starts_over() {
        let end = end_of_page(7, 1_234);
        assert_eq!(cursor_of(end.clone(), 7).unwrap(), 1_234);
        assert_eq!(cursor_of(end, 8).unwrap(), 0);
        assert!(cursor_of(Bytes::from_static(b"short"), 8).is_err());
    }

    #[test]
    fn a_record_without_a_version_is_unreadable() {
        let short = stored(Part::Case, Bytes::from_static(b"1234567"));
        assert!(matches!(short, Err(StoreError::Unreadable { .. })));
    }
}
