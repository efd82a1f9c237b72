//! The scripts that run inside Redis. Each says in its first lines which keys and arguments it takes.
//!
//! They begin with `#!lua`, so Redis (7.0 or later) refuses them before they start when it is out of memory, cannot
//! write to its disk, or is a replica, and does not let them use keys of two slots.

use std::sync::LazyLock;

use redis::{Cmd, Value, cmd};

use super::connection::{CallDeadline, ServerConnection};
use super::error::RedisFailure;
use super::keys;
use super::reply;
use crate::domain::tenant::TenantId;
use crate::shard::{Shard, Version};

/// Commits to one shard.
pub(super) static COMMIT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("commit.lua")));
/// Replaces a value if it is still the one that was read.
static REPLACE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("replace.lua")));

/// Erases the content of a log up to an entry.
static FORGET: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("forget.lua")));

/// Tells the heads of logs that differ from those that the caller knows.
pub(super) static HEADS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("heads.lua")));

/// A script and the name that the server knows it by.
pub(super) struct Script {
    source: &'static str,
    /// SHA-1 of the source, in hex.
    hash: String,
}

impl Script {
    fn new(source: &'static str) -> Self {
        let hash = redis::Script::new(source).get_hash().to_owned();
        Self { source, hash }
    }

    /// The command that loads the script.
    pub(super) fn load(&self) -> Cmd {
        let mut load = cmd("SCRIPT");
        load.arg("LOAD").arg(self.source);
        load
    }

    /// A call, without its arguments.
    fn call<K: AsRef<str>>(&self, keys: &[K]) -> Cmd {
        let mut call = cmd("EVALSHA");
        call.arg(&self.hash).arg(keys.len());
        for key in keys {
            call.arg(key.as_ref());
        }
        call
    }
}

/// Loads all scripts, so that a server that cannot run one is found at once.
pub(super) async fn load_all(connection: &ServerConnection, deadline: CallDeadline) -> Result<(), RedisFailure> {
    for script in [&*COMMIT, &*REPLACE, &*FORGET, &*HEADS] {
        connection.ask_one(script.load(), deadline).await?;
    }
    Ok(())
}

/// A call of the commit script, without its arguments.
pub(super) fn commit(shard: Shard, tenant: TenantId) -> Cmd {
    COMMIT.call(&keys::of_script(shard, tenant))
}

/// A call of the script that tells heads: at most so many, of those that differ from the `known` ones.
pub(super) fn heads(store: &str, most: usize, known: &[u8]) -> Cmd {
    let mut call = HEADS.call::<&str>(&[]);
    call.arg(&keys::HEAD_PARTS).arg(store).arg(most).arg(known);
    call
}

/// Replaces the value of `key` if it is still `read`; returns whether it was.
pub(super) async fn replace(
    connection: &ServerConnection,
    key: &str,
    read: &[u8],
    new: &[u8],
    deadline: CallDeadline,
) -> Result<bool, RedisFailure> {
    let replaced = run(connection, &REPLACE, replacement(key, read, new), deadline).await?;
    Ok(replaced == 1)
}

/// Erases the content of a shard's log up to an entry, which gets these bytes; returns whether it is in the log.
pub(super) async fn forget_log(
    connection: &ServerConnection,
    shard: Shard,
    (through, blank): (Version, &[u8]),
    deadline: CallDeadline,
) -> Result<bool, RedisFailure> {
    let mut call = FORGET.call(&[keys::log(shard)]);
    call.arg(through).arg(blank);
    Ok(run(connection, &FORGET, call, deadline).await? == 1)
}

/// Runs a script that answers an integer, and loads it first if the server lost it when it was restarted.
async fn run(
    connection: &ServerConnection,
    script: &Script,
    call: Cmd,
    deadline: CallDeadline,
) -> Result<u64, RedisFailure> {
    let mut answer = connection.ask_one(call.clone(), deadline).await;
    if answer.as_ref().is_err_and(RedisFailure::is_missing_script) {
        connection.ask_one(script.load(), deadline).await?;
        answer = connection.ask_one(call, deadline).await;
    }
    reply::integer(&answer?)
}

/// Asks whether the server would run a commit now, without a write: an identity is never empty, so this replaces nothing.
/// Redis refuses the script before it starts for every reason for which it refuses a commit. False if there is no identity.
pub(super) async fn probe(
    connection: &ServerConnection,
    identity: &str,
    deadline: CallDeadline,
) -> Result<bool, RedisFailure> {
    let answer = run(connection, &REPLACE, replacement(identity, b"", b""), deadline).await?;
    Ok(answer != 2)
}

fn replacement(key: &str, read: &[u8], new: &[u8]) -> Cmd {
    let mut call = REPLACE.call(&[key]);
    call.arg(read).arg(new);
    call
}

/// Whether the server answers that it does not have the script.
pub(super) fn is_missing(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if error.code() == "NOSCRIPT")
}

/// Whether the server answers that the user may not run the script, or a command in it.
pub(super) fn is_forbidden(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if error.code() == "NOPERM")
}

#[cfg(test)]
mod tests {
    use redis::Arg;

    use super::*;

    /// The slot of a key in a Redis Cluster: CRC-16/XMODEM of the hash tag, or of the whole key, modulo 16,384.
    fn slot(key: &[u8]) -> u16 {
        let tag = key.iter().position(|byte| *byte == b'{').and_then(|open| {
            let inside = &key[open + 1..];
            let length = inside.iter().position(|byte| *byte == b'}')?;
            (length > 0).then_some(&inside[..length])
        });
        let crc = tag.unwrap_or(key).iter().fold(0u16, |crc, byte| {
            (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
                if crc & 0x8000 == 0 {
                    crc << 1
                } else {
                    (crc << 1) ^ 0x1021
                }
            })
        });
        crc % 16_384
    }

    fn slots_of_call(call: &Cmd) -> Vec<u16> {
        let arguments: Vec<_> = call.args_iter().collect();
        let argument = |at: usize| {
            let Arg::Simple(bytes) = arguments[at] else {
                panic!("a cursor in a script's call");
            };
            bytes
        };
        assert_eq!(argument(0), b"EVALSHA");
        let count: usize = std::str::from_utf8(argument(2)).unwrap().parse().unwrap();
        let mut slots: Vec<_> = (3..3 + count).map(|at| slot(argument(at))).collect();
        assert!(!slots.is_empty());
        slots.dedup();
        slots
    }

    #[test]
    fn slots_are_those_of_the_cluster_specification() {
        assert_eq!(slot(b"123456789"), 0x31c3);
        assert_eq!(slot(b"foo"), 12_182);
        assert_eq!(slot(b"{user1000}.following"), slot(b"{user1000}.followers"));
        assert_eq!(slot(b"foo{}{bar}"), slot(b"foo{}{bar}"));
        assert_ne!(slot(b"foo{}{bar}"), slot(b"bar"));
    }

    #[test]
    fn every_call_touches_one_slot() {
        let commits = Shard::all().map(|shard| commit(shard, TenantId::DEFAULT));
        for call in commits.chain([replacement(&keys::meta(), b"", b"")]) {
            assert_eq!(slots_of_call(&call).len(), 1);
        }
    }

    #[test]
    fn scripts_touch_no_key_but_those_they_are_given() {
        for script in [&*COMMIT, &*REPLACE, &*FORGET] {
            assert!(script.source.starts_with("#!lua\n"));
            assert!(!script.source.contains("'rw:") && !script.source.contains("\"rw:"));
        }
        // This one makes the names of its keys of what it is given, and says that they may be of many slots.
        let flags = "#!lua flags=no-writes,allow-cross-slot-keys\n";
        assert!(HEADS.source.starts_with(flags) && !HEADS.source.contains("'rw:"));
    }
}
