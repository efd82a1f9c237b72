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

/// Drops the oldest events of a shard that are older than `before`, at most `limit`. Only events older still could be
/// written between the two commands, and those are to be dropped too.
pub(super) async fn drop_old(
    connection: &ServerConnection,
    (shard, tenant): (Shard, TenantId),
    before: Timestamp,
    limit: usize,
    deadline: CallDeadline,
) -> Result<usize, StoreError> {
    let key = keys::events(shard, tenant);
    let mut count = cmd("ZLEXCOUNT");
    count.arg(&key).arg("-").arg(bound(b'(', EventId::new(before, 0)));
    let old = connection.ask_one(count, deadline).await;
    let old = old
        .and_then(|old| reply::integer(&old))
        .map_err(RedisFailure::of_read)?;
    let old = usize::try_from(old).unwrap_or(usize::MAX);
    let dropped = old.min(limit).min(MAX_EVENTS_AT_ONCE);
    let Some(last) = dropped.checked_sub(1) else {
        return Ok(0);
    };
    let mut remove = cmd("ZREMRANGEBYRANK");
    remove.arg(&key).arg(0).arg(last);
    let removed = connection.ask_one(remove, deadline).await;
    removed.map_err(RedisFailure::of_write)?;
    Ok(dropped)
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
