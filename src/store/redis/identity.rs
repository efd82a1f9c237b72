//! The store's identity: made once in an empty database, and compared ever after.
//!
//! The identity is written first and is not ready, then the 256 log heads with its id, then it is marked ready. No step
//! overwrites existing data, so several instances can start at once, and the next start completes one that was
//! interrupted. From then on a head that is missing or has another id means that Redis lost or changed its data.

use redis::{Cmd, Pipeline, Value, cmd};

use super::connection::{CallDeadline, ServerConnection};
use super::error::RedisFailure;
use super::keys::{self, HEAD_NONCE, HEAD_SEQ, HEAD_STORE, TenantHash};
use super::{reply, role, scripts, sweep, transaction};
use crate::domain::tenant::TenantId;
use crate::store::{Census, LogHead, Meta, RecordKind, Shard, StoreError};

/// The most attempts to change the identity while other instances change it too.
const MAX_TRIES: usize = 8;

/// The store's identity; a new one if the database holds no store yet. A replica is refused: even one that takes writes
/// loses them later.
pub(super) async fn open(
    connection: &ServerConnection,
    evidence_version: u32,
    deadline: impl Fn() -> CallDeadline,
) -> Result<Meta, StoreError> {
    if read_of_master(connection, deadline()).await?.is_none() {
        refuse_remains(connection, deadline()).await?;
        let mut create = cmd("SET");
        create
            .arg(keys::meta())
            .arg(Meta::create(evidence_version)?.to_bytes())
            .arg("NX");
        connection
            .ask_one(create, deadline())
            .await
            .map_err(RedisFailure::of_write)?;
    }
    for _ in 0..MAX_TRIES {
        let Some((meta, bytes)) = read(connection, deadline()).await? else {
            return Err(nothing());
        };
        if meta.ready {
            sweep::heads(connection, &meta, &deadline).await?;
            return Ok(meta);
        }
        make_heads(connection, &meta, deadline()).await?;
        sweep::heads(connection, &meta, &deadline).await?;
        let ready = Meta { ready: true, ..meta };
        replace(connection, &bytes, &ready, deadline()).await?;
    }
    Err(overtaken())
}

/// The identity of the complete store of a database. Makes nothing.
pub(super) async fn find(
    connection: &ServerConnection,
    deadline: impl Fn() -> CallDeadline,
) -> Result<Meta, StoreError> {
    let (meta, _) = read_of_master(connection, deadline()).await?.ok_or_else(nothing)?;
    sweep::heads(connection, &meta, &deadline).await?;
    Ok(meta)
}

/// The identity as it is now, if it is still that of `opened`.
pub(super) async fn current(
    connection: &ServerConnection,
    opened: &Meta,
    deadline: CallDeadline,
) -> Result<Meta, StoreError> {
    let (meta, _) = read_of_master(connection, deadline).await?.ok_or_else(nothing)?;
    compare(&meta, opened)?;
    Ok(meta)
}

/// The identity that was read, if it is still that of `opened`.
pub(super) fn of_answer(answer: Value, opened: &Meta) -> Result<Meta, StoreError> {
    let (meta, _) = understand(answer)?.ok_or_else(nothing)?;
    compare(&meta, opened)?;
    Ok(meta)
}

/// Sets the evidence version only.
pub(super) async fn set_evidence_version(
    connection: &ServerConnection,
    opened: &Meta,
    version: u32,
    deadline: impl Fn() -> CallDeadline,
) -> Result<(), StoreError> {
    for _ in 0..MAX_TRIES {
        let (meta, bytes) = read(connection, deadline()).await?.ok_or_else(nothing)?;
        compare(&meta, opened)?;
        let new = Meta {
            evidence_version: version,
            ..meta
        };
        if replace(connection, &bytes, &new, deadline()).await? {
            return Ok(());
        }
    }
    Err(overtaken())
}

/// The heads of these shards, if they are of the store of this name.
pub(super) async fn heads(
    connection: &ServerConnection,
    shards: impl Iterator<Item = Shard>,
    store: &str,
    deadline: CallDeadline,
) -> Result<Vec<(Shard, LogHead)>, StoreError> {
    let shards: Vec<Shard> = shards.collect();
    let mut pipeline = Pipeline::with_capacity(shards.len());
    for shard in &shards {
        pipeline.add_command(get_head(*shard));
    }
    let answers = connection.ask(&pipeline, deadline).await;
    let answers = answers.map_err(RedisFailure::of_read)?.into_iter();
    let heads = answers.map(|answer| head(answer, store));
    shards
        .into_iter()
        .zip(heads)
        .map(|(shard, head)| Ok((shard, head?)))
        .collect()
}

/// The head of a shard and the count of its records, from one moment, if the head is still that of `opened`.
pub(super) async fn census(
    connection: &ServerConnection,
    opened: &Meta,
    (shard, tenants): (Shard, &[TenantId]),
    deadline: CallDeadline,
) -> Result<Census, StoreError> {
    let mut calls = vec![get_head(shard)];
    for tenant in tenants {
        for kind in RecordKind::ALL {
            let mut count = cmd("HLEN");
            count.arg(keys::hash(shard, *tenant, TenantHash::Records(*kind)));
            calls.push(count);
        }
    }
    let before = connection.open(deadline).await.map_err(RedisFailure::of_read)?.epoch;
    let answers = transaction::ask(connection, &calls, deadline).await;
    let after = connection.open(deadline).await.map_err(RedisFailure::of_read)?.epoch;
    if before != after {
        let cause = "the connection was lost while records were counted".to_owned();
        return Err(StoreError::Unavailable { cause });
    }
    let mut answers = answers.map_err(RedisFailure::of_read)?.into_iter();
    let head = head(answers.next().unwrap_or_default(), &opened.name())?;
    let counts = answers.map(|count| reply::integer(&count).map_err(RedisFailure::of_read));
    let counts: Vec<u64> = counts.collect::<Result<_, _>>()?;
    Ok(Census {
        head,
        records: counts.into_iter().sum(),
        connection: after,
    })
}

/// The error for a shard whose head has `found` in place of the store's id.
pub(super) fn foreign_head(found: &str) -> StoreError {
    let found = match found {
        "" => "a shard without its head".to_owned(),
        id => format!("a shard of store {id}"),
    };
    StoreError::Foreign { found }
}

/// Refuses to make a store in a database that holds shards without an identity, of this format or of format 1. An identity that
/// another instance made meanwhile is fine: it is always made before the shards, so it is read after them.
async fn refuse_remains(connection: &ServerConnection, deadline: CallDeadline) -> Result<(), StoreError> {
    let mut pipeline = Pipeline::with_capacity(1 + Shard::all().len());
    for shard in Shard::all() {
        let mut command = cmd("EXISTS");
        let own = keys::of_script(shard, TenantId::DEFAULT);
        for key in own.into_iter().chain(keys::of_format_1(shard)) {
            command.arg(key);
        }
        pipeline.add_command(command);
    }
    pipeline.add_command(get());
    let mut answers = connection
        .ask(&pipeline, deadline)
        .await
        .map_err(RedisFailure::of_read)?;
    let meta = answers.pop().unwrap_or_default();
    if understand(meta)?.is_some() {
        return Ok(());
    }
    for answer in answers {
        if reply::integer(&answer).map_err(RedisFailure::of_read)? > 0 {
            let found = "shards of a store without its identity".to_owned();
            return Err(StoreError::Foreign { found });
        }
    }
    Ok(())
}

async fn make_heads(connection: &ServerConnection, meta: &Meta, deadline: CallDeadline) -> Result<(), StoreError> {
    let name = meta.name();
    let fields = [(HEAD_STORE, name.as_str()), (HEAD_SEQ, "0"), (HEAD_NONCE, "0")];
    let mut pipeline = Pipeline::with_capacity(Shard::all().len() * fields.len());
    for shard in Shard::all() {
        for (field, value) in fields {
            let mut command = cmd("HSETNX");
            command.arg(keys::head(shard)).arg(field).arg(value);
            pipeline.add_command(command);
        }
    }
    let answers = connection
        .ask(&pipeline, deadline)
        .await
        .map_err(RedisFailure::of_write)?;
    for answer in answers {
        if let Some(failure) = reply::failure(&answer) {
            return Err(failure.of_write());
        }
    }
    Ok(())
}

async fn replace(
    connection: &ServerConnection,
    read: &[u8],
    new: &Meta,
    deadline: CallDeadline,
) -> Result<bool, StoreError> {
    let replaced = scripts::replace(connection, &keys::meta(), read, &new.to_bytes(), deadline).await;
    replaced.map_err(RedisFailure::of_write)
}

async fn read(connection: &ServerConnection, deadline: CallDeadline) -> Result<Option<(Meta, Vec<u8>)>, StoreError> {
    understand(
        connection
            .ask_one(get(), deadline)
            .await
            .map_err(RedisFailure::of_read)?,
    )
}

/// The same, if the server is a master.
async fn read_of_master(
    connection: &ServerConnection,
    deadline: CallDeadline,
) -> Result<Option<(Meta, Vec<u8>)>, StoreError> {
    let mut pipeline = Pipeline::with_capacity(2);
    pipeline.add_command(role::ask()).add_command(get());
    let answers = connection.ask(&pipeline, deadline).await;
    let mut answers = answers.map_err(RedisFailure::of_read)?.into_iter();
    check_role(connection, answers.next().unwrap_or_default())?;
    understand(answers.next().unwrap_or_default())
}

/// Refuses a replica, and closes the connection to it.
pub(super) fn check_role(connection: &ServerConnection, answer: Value) -> Result<(), StoreError> {
    role::check(answer).inspect_err(|_| connection.leave())
}

fn get_head(shard: Shard) -> Cmd {
    let mut command = cmd("HMGET");
    command.arg(keys::head(shard));
    command.arg(&[HEAD_STORE, HEAD_SEQ, HEAD_NONCE]);
    command
}

/// The command that reads the identity.
pub(super) fn get() -> Cmd {
    let mut command = cmd("GET");
    command.arg(keys::meta());
    command
}

/// The identity, and its bytes as they were read.
fn understand(answer: Value) -> Result<Option<(Meta, Vec<u8>)>, StoreError> {
    let bytes = reply::bytes(answer).map_err(RedisFailure::of_read)?;
    bytes
        .map(|bytes| Ok((Meta::from_bytes(&bytes)?, bytes.to_vec())))
        .transpose()
}

fn compare(found: &Meta, opened: &Meta) -> Result<(), StoreError> {
    if found.store_id == opened.store_id {
        return Ok(());
    }
    let found = format!("store {}", found.name());
    Err(StoreError::Foreign { found })
}

fn head(answer: Value, store: &str) -> Result<LogHead, StoreError> {
    let [id, seq, nonce] = reply::exactly(answer).map_err(RedisFailure::of_read)?;
    let found = reply::text(&id);
    if found != store {
        return Err(foreign_head(&found));
    }
    let head = || -> Result<LogHead, RedisFailure> {
        Ok(LogHead {
            seq: reply::integer(&seq)?,
            nonce: reply::integer(&nonce)?,
        })
    };
    head().map_err(RedisFailure::of_read)
}

/// The error for a database without an identity.
pub(super) fn nothing() -> StoreError {
    let found = "nothing: it is empty".to_owned();
    StoreError::Foreign { found }
}

fn overtaken() -> StoreError {
    let cause = "another instance is changing the store's identity".to_owned();
    StoreError::Unavailable { cause }
}
