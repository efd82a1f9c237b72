//! Reads and drops audit events. They are the members of a sorted set whose scores are all 0, so that Redis keeps them in
//! the order of their bytes, which begin with their place in time.

use redis::{Pipeline, Value, cmd};

use super::connection::{CallDeadline, ServerConnection};
use super::error::RedisFailure;
use super::{keys, reply, transaction};
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::store::event::MAX_EVENTS_AT_ONCE;
use crate::store::{EventId, EventSpan, ReplacedEvent, Shard, StoreError, StoredEvent};

/// Up to `limit` events of each shard within a span, newest first.
pub(super) async fn read(
    connection: &ServerConnection,
    shards: &[Shard],
    span: EventSpan,
    limit: usize,
    deadline: CallDeadline,
) -> Result<Vec<Vec<StoredEvent>>, StoreError> {
    let limit = limit.min(MAX_EVENTS_AT_ONCE);
    if limit == 0 || shards.is_empty() {
        return Ok(shards.iter().map(|_| Vec::new()).collect());
    }
    let mut pipeline = Pipeline::with_capacity(shards.len());
    for shard in shards {
        let mut command = cmd("ZREVRANGEBYLEX");
        command.arg(keys::events(*shard, span.tenant));
        command.arg(bound(b'(', span.before)).arg(bound(b'[', span.from));
        command.arg("LIMIT").arg(0).arg(limit);
        pipeline.add_command(command);
    }
    let answers = connection.ask(&pipeline, deadline).await;
    let answers = answers.map_err(RedisFailure::of_read)?;
    let read = |answer| events(answer).map_err(RedisFailure::of_read);
    answers.into_iter().map(read).collect()
}

/// Drops the oldest events of a shard that are older than `before`, at most `limit`. Other instances may drop or write events
/// between the two commands: a range of places in time is removed, so that an event that is not old never is.
pub(super) async fn drop_old(
    connection: &ServerConnection,
    (shard, tenant): (Shard, TenantId),
    before: Timestamp,
    limit: usize,
    deadline: CallDeadline,
) -> Result<usize, StoreError> {
    let key = keys::events(shard, tenant);
    let Some(others) = limit.min(MAX_EVENTS_AT_ONCE).checked_sub(1) else {
        return Ok(0);
    };
    let end = bound(b'(', EventId::new(before, 0));
    let mut find = cmd("ZRANGEBYLEX");
    find.arg(&key).arg("-").arg(&end);
    find.arg("LIMIT").arg(others).arg(1);
    let last = connection.ask_one(find, deadline).await;
    let last = last.and_then(events).map_err(RedisFailure::of_read)?;
    // The last one to be dropped, or the end if there are fewer.
    let end = match last.first() {
        Some(last) => [b"[", &last.id.bytes()[..], &last.bytes].concat(),
        None => end,
    };
    let mut remove = cmd("ZREMRANGEBYLEX");
    remove.arg(&key).arg("-").arg(&end);
    let removed = connection.ask_one(remove, deadline).await;
    let removed = removed.and_then(|removed| reply::integer(&removed));
    let removed = removed.map_err(RedisFailure::of_write)?;
    Ok(usize::try_from(removed).unwrap_or(0))
}

/// Puts other bytes in the place of events, in one transaction.
pub(super) async fn replace(
    connection: &ServerConnection,
    (shard, tenant): (Shard, TenantId),
    events: &[ReplacedEvent],
    deadline: CallDeadline,
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let key = keys::events(shard, tenant);
    let (mut remove, mut add) = (cmd("ZREM"), cmd("ZADD"));
    remove.arg(&key);
    add.arg(&key);
    for event in events {
        remove.arg([&event.id.bytes()[..], &event.old].concat());
        add.arg(0).arg([&event.id.bytes()[..], &event.new].concat());
    }
    let answers = transaction::ask(connection, &[remove, add], deadline).await;
    for answer in answers.map_err(RedisFailure::of_write)? {
        reply::integer(&answer).map_err(RedisFailure::of_write)?;
    }
    Ok(())
}

/// The end of a range: `[` includes the place, `(` does not.
fn bound(mark: u8, place: EventId) -> Vec<u8> {
    [&[mark], &place.bytes()[..]].concat()
}

fn events(answer: Value) -> Result<Vec<StoredEvent>, RedisFailure> {
    reply::list(answer)?.into_iter().map(event).collect()
}

fn event(member: Value) -> Result<StoredEvent, RedisFailure> {
    let malformed = || RedisFailure::Malformed { wanted: "event" };
    let mut bytes = reply::bytes(member)?.ok_or_else(malformed)?;
    if bytes.len() < EventId::BYTES {
        return Err(malformed());
    }
    let id = bytes.split_to(EventId::BYTES);
    let id = EventId::from_bytes(&id).ok_or_else(malformed)?;
    Ok(StoredEvent { id, bytes })
}
