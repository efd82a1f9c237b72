//! Who the store is: made once, when it is empty, and compared ever after.
//!
//! The identity is written first, not ready, then 256 heads that carry its id, then it is marked ready. Every step
//! leaves alone what is there, so instances that start at once help each other, and one that died is picked up where
//! it was. From then on a head that is missing or carries another id means that Redis lost or changed what it held.

use redis::{Cmd, Pipeline, Value, cmd};

use super::error::Failure;
use super::keys::{self, HEAD_NONCE, HEAD_SEQ, HEAD_STORE, Part};
use super::link::{Deadline, Link};
use super::{reply, scripts};
use crate::store::{Head, Meta, Shard, StoreError};

/// How often a change of the identity is tried again that somebody else's overtook.
const MAX_TRIES: usize = 8;

/// The store's identity; a new one if there is nothing of a store yet.
pub(super) async fn open(
    link: &Link,
    evidence_version: u32,
    deadline: impl Fn() -> Deadline,
) -> Result<Meta, StoreError> {
    if read(link, deadline()).await?.is_none() {
        refuse_remains(link, deadline()).await?;
        let mut create = cmd("SET");
        create
            .arg(keys::meta())
            .arg(Meta::create(evidence_version)?.to_bytes())
            .arg("NX");
        link.ask_one(create, deadline()).await.map_err(Failure::of_write)?;
    }
    for _ in 0..MAX_TRIES {
        let Some((meta, bytes)) = read(link, deadline()).await? else {
            return Err(nothing());
        };
        if meta.ready {
            heads(link, &meta, deadline()).await?;
            return Ok(meta);
        }
        make_heads(link, &meta, deadline()).await?;
        heads(link, &meta, deadline()).await?;
        let ready = Meta { ready: true, ..meta };
        replace(link, &bytes, &ready, deadline()).await?;
    }
    Err(overtaken())
}

/// The identity as it stands now, if it is still that of `opened`.
pub(super) async fn current(link: &Link, opened: &Meta, deadline: Deadline) -> Result<Meta, StoreError> {
    let (meta, _) = read(link, deadline).await?.ok_or_else(nothing)?;
    compare(&meta, opened)?;
    Ok(meta)
}

/// Sets the evidence version, and leaves the rest.
pub(super) async fn set_evidence_version(
    link: &Link,
    opened: &Meta,
    version: u32,
    deadline: impl Fn() -> Deadline,
) -> Result<(), StoreError> {
    for _ in 0..MAX_TRIES {
        let (meta, bytes) = read(link, deadline()).await?.ok_or_else(nothing)?;
        compare(&meta, opened)?;
        let new = Meta {
            evidence_version: version,
            ..meta
        };
        if replace(link, &bytes, &new, deadline()).await? {
            return Ok(());
        }
    }
    Err(overtaken())
}

/// The ends of all logs, if identity and heads are still those of `opened`: one exchange.
pub(super) async fn heads(link: &Link, opened: &Meta, deadline: Deadline) -> Result<Vec<Head>, StoreError> {
    let mut pipeline = Pipeline::with_capacity(1 + Shard::all().len());
    pipeline.add_command(get_meta());
    for shard in Shard::all() {
        let mut command = cmd("HMGET");
        command.arg(keys::of_shard(shard, Part::Head));
        command.arg(&[HEAD_STORE, HEAD_SEQ, HEAD_NONCE]);
        pipeline.add_command(command);
    }
    let answers = link.ask(&pipeline, deadline).await.map_err(Failure::of_read)?;
    let mut answers = answers.into_iter();
    let (meta, _) = understand(answers.next().unwrap_or_default())?.ok_or_else(nothing)?;
    compare(&meta, opened)?;
    let name = opened.name();
    answers.map(|answer| head(answer, &name)).collect()
}

/// What is said of a shard whose head carries `found` in place of the store's id.
pub(super) fn foreign_head(found: &str) -> StoreError {
    let found = match found {
        "" => "a shard without its head".to_owned(),
        id => format!("a shard of store {id}"),
    };
    StoreError::Foreign { found }
}

/// Refuses to make a store where shards of one are left without their identity. An identity that another instance has
/// made meanwhile is fine: it is always made before the shards, so it is asked for after them.
async fn refuse_remains(link: &Link, deadline: Deadline) -> Result<(), StoreError> {
    let mut pipeline = Pipeline::with_capacity(1 + Shard::all().len());
    for shard in Shard::all() {
        let mut command = cmd("EXISTS");
        for part in Part::ALL {
            command.arg(keys::of_shard(shard, part));
        }
        pipeline.add_command(command);
    }
    pipeline.add_command(get_meta());
    let mut answers = link.ask(&pipeline, deadline).await.map_err(Failure::of_read)?;
    let meta = answers.pop().unwrap_or_default();
    if understand(meta)?.is_some() {
        return Ok(());
    }
    for answer in answers {
        if reply::integer(&answer).map_err(Failure::of_read)? > 0 {
            let found = "shards of a store without its identity".to_owned();
            return Err(StoreError::Foreign { found });
        }
    }
    Ok(())
}

async fn make_heads(link: &Link, meta: &Meta, deadline: Deadline) -> Result<(), StoreError> {
    let name = meta.name();
    let fields = [(HEAD_STORE, name.as_str()), (HEAD_SEQ, "0"), (HEAD_NONCE, "0")];
    let mut pipeline = Pipeline::with_capacity(Shard::all().len() * fields.len());
    for shard in Shard::all() {
        for (field, value) in fields {
            let mut command = cmd("HSETNX");
            command.arg(keys::of_shard(shard, Part::Head)).arg(field).arg(value);
            pipeline.add_command(command);
        }
    }
    let answers = link.ask(&pipeline, deadline).await.map_err(Failure::of_write)?;
    for answer in answers {
        if let Some(failure) = reply::failure(&answer) {
            return Err(failure.of_write());
        }
    }
    Ok(())
}

async fn replace(link: &Link, read: &[u8], new: &Meta, deadline: Deadline) -> Result<bool, StoreError> {
    let replaced = scripts::replace(link, &keys::meta(), read, &new.to_bytes(), deadline).await;
    replaced.map_err(Failure::of_write)
}

async fn read(link: &Link, deadline: Deadline) -> Result<Option<(Meta, Vec<u8>)>, StoreError> {
    understand(link.ask_one(get_meta(), deadline).await.map_err(Failure::of_read)?)
}

fn get_meta() -> Cmd {
    let mut command = cmd("GET");
    command.arg(keys::meta());
    command
}

/// The identity, and its bytes as they were read.
fn understand(answer: Value) -> Result<Option<(Meta, Vec<u8>)>, StoreError> {
    let bytes = reply::bytes(answer).map_err(Failure::of_read)?;
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

fn head(answer: Value, store: &str) -> Result<Head, StoreError> {
    let [id, seq, nonce] = reply::exactly(answer).map_err(Failure::of_read)?;
    let found = reply::text(&id);
    if found != store {
        return Err(foreign_head(&found));
    }
    let head = || -> Result<Head, Failure> {
        Ok(Head {
            seq: reply::integer(&seq)?,
            nonce: reply::integer(&nonce)?,
        })
    };
    head().map_err(Failure::of_read)
}

fn nothing() -> StoreError {
    let found = "nothing: it is empty".to_owned();
    StoreError::Foreign { found }
}

fn overtaken() -> StoreError {
    let cause = "the identity is being changed by somebody else".to_owned();
    StoreError::Unavailable { cause }
}
