//! What a sweep asks: the role of the server, the identity of the store, the heads of the logs that have changed, and
//! whether a commit would run now. All of it goes to the server in one exchange.
//!
//! The server tells only heads that differ from those that the caller knows, so a sweep of a store at rest sends about
//! 2 kB and gets about 300 bytes. An exchange tells a few heads at most, so that each ends in time on a slow link.

use futures_util::future::join;
use redis::{Pipeline, Value};

use super::connection::{CallDeadline, ServerConnection};
use super::error::RedisFailure;
use super::{identity, keys, reply, role, scripts};
use crate::store::{LogHead, Meta, Shard, StoreError, Sweep};

/// The most heads that one exchange tells.
const MAX_TOLD: usize = 64;
/// What the script compares of a head: its last sequence number modulo this, and its nonce modulo this.
const SEQUENCES: u64 = 1 << 16;
const NONCES: u64 = 1_000_000_000;

/// What one exchange told.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    heads: Vec<(Shard, LogHead)>,
    /// Whether more heads differ.
    is_cut: bool,
}

/// Everything that a sweep asks. `known` are the heads that the caller knows, in the order of the shards; those it does not
/// name are of logs without an entry.
pub(super) async fn sweep(
    connection: &ServerConnection,
    opened: &Meta,
    known: &[LogHead],
    deadline: impl Fn() -> CallDeadline,
) -> Result<Sweep, StoreError> {
    // Both are sent together then. The heads come first: a server that pauses writes answers them all the same.
    connection.open(deadline()).await.map_err(RedisFailure::of_read)?;
    let identity = keys::meta();
    let asked = changed(connection, opened, known, &deadline);
    let probed = scripts::probe(connection, &identity, deadline());
    let (changed, probed) = join(asked, probed).await;
    let (meta, changed) = changed?;
    let writes = match probed.map_err(RedisFailure::of_probe) {
        Ok(true) => Ok(()),
        Ok(false) => Err(identity::nothing()),
        Err(error) => Err(error),
    };
    Ok(Sweep {
        evidence_version: meta.evidence_version,
        changed,
        writes,
    })
}

/// The heads of all logs.
pub(super) async fn heads(
    connection: &ServerConnection,
    opened: &Meta,
    deadline: impl Fn() -> CallDeadline,
) -> Result<Vec<LogHead>, StoreError> {
    let mut heads = vec![LogHead::default(); Shard::all().len()];
    for (shard, head) in changed_heads(connection, opened, &[], deadline).await? {
        if let Some(place) = heads.get_mut(shard.index()) {
            *place = head;
        }
    }
    Ok(heads)
}

/// The heads that differ from those that are `known`.
pub(super) async fn changed_heads(
    connection: &ServerConnection,
    opened: &Meta,
    known: &[LogHead],
    deadline: impl Fn() -> CallDeadline,
) -> Result<Vec<(Shard, LogHead)>, StoreError> {
    let (_, changed) = changed(connection, opened, known, deadline).await?;
    Ok(changed)
}

/// The identity, and the heads that differ from those that are `known`, if identity and heads are still those of `opened`.
async fn changed(
    connection: &ServerConnection,
    opened: &Meta,
    known: &[LogHead],
    deadline: impl Fn() -> CallDeadline,
) -> Result<(Meta, Vec<(Shard, LogHead)>), StoreError> {
    let known = known.iter().copied().chain(std::iter::repeat(LogHead::default()));
    let mut asked: Vec<(Shard, LogHead)> = Shard::all().zip(known).collect();
    let mut changed = Vec::new();
    loop {
        let (meta, told) = exchange(connection, opened, &asked, deadline()).await?;
        let last = told.heads.last().map(|(shard, _)| *shard);
        changed.extend(told.heads);
        match last {
            Some(last) if told.is_cut => asked.retain(|(shard, _)| *shard > last),
            Some(_) | None => return Ok((meta, changed)),
        }
    }
}

async fn exchange(
    connection: &ServerConnection,
    opened: &Meta,
    asked: &[(Shard, LogHead)],
    deadline: CallDeadline,
) -> Result<(Meta, Told), StoreError> {
    let name = opened.name();
    let known: Vec<u8> = asked.iter().flat_map(|(shard, head)| known(*shard, *head)).collect();
    let mut pipeline = Pipeline::with_capacity(3);
    pipeline
        .add_command(role::ask())
        .add_command(identity::get())
        .add_command(scripts::heads(&name, MAX_TOLD, &known));
    let mut answers = ask(connection, &pipeline, deadline).await?;
    if scripts::is_missing(&answers[2]) {
        let loaded = connection.ask_one(scripts::HEADS.load(), deadline).await;
        loaded.map_err(RedisFailure::of_read)?;
        answers = ask(connection, &pipeline, deadline).await?;
    }
    let [role, meta, heads] = answers;
    identity::check_role(connection, role)?;
    let meta = identity::of_answer(meta, opened)?;
    let told = if scripts::is_forbidden(&heads) {
        // A user who may not run scripts may not write, and is still told all that has changed.
        let heads = identity::heads(connection, asked.iter().map(|(shard, _)| *shard), &name, deadline);
        Told {
            heads: heads.await?,
            is_cut: false,
        }
    } else {
        understand(heads)?
    };
    Ok((meta, told))
}

async fn ask<const N: usize>(
    connection: &ServerConnection,
    pipeline: &Pipeline,
    deadline: CallDeadline,
) -> Result<[Value; N], StoreError> {
    let answers = connection.ask(pipeline, deadline).await;
    reply::exactly(Value::Array(answers.map_err(RedisFailure::of_read)?)).map_err(RedisFailure::of_read)
}

/// A head as the script is told of it.
fn known(shard: Shard, head: LogHead) -> [u8; 7] {
    let [_, shard] = u16::try_from(shard.index()).unwrap_or_default().to_be_bytes();
    let [.., s1, s0] = (head.seq % SEQUENCES).to_be_bytes();
    let [.., n3, n2, n1, n0] = (head.nonce % NONCES).to_be_bytes();
    [shard, s1, s0, n3, n2, n1, n0]
}

/// The answer of the script.
fn understand(answer: Value) -> Result<Told, StoreError> {
    let [kind, said] = reply::exactly(answer).map_err(RedisFailure::of_read)?;
    let said = reply::text(&said);
    let is_cut = match reply::text(&kind).as_str() {
        "all" => false,
        "cut" => true,
        "foreign" => return Err(identity::foreign_head(&said)),
        _ => return Err(malformed()),
    };
    if said.is_empty() {
        return Ok(Told {
            heads: Vec::new(),
            is_cut: false,
        });
    }
    let numbers: Result<Vec<u64>, _> = said.split(' ').map(str::parse).collect();
    let numbers = numbers.map_err(|_| malformed())?;
    let (heads, []) = numbers.as_chunks() else {
        return Err(malformed());
    };
    let heads = heads.iter().map(|[shard, seq, nonce]| {
        let shard = u8::try_from(*shard).map(Shard::new).map_err(|_| malformed())?;
        let (seq, nonce) = (*seq, *nonce);
        Ok((shard, LogHead { seq, nonce }))
    });
    Ok(Told {
        heads: heads.collect::<Result<_, StoreError>>()?,
        is_cut,
    })
}

fn malformed() -> StoreError {
    RedisFailure::Malformed { wanted: "heads" }.of_read()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(kind: &str, said: &str) -> Result<Told, StoreError> {
        let bulk = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        understand(Value::Array(vec![bulk(kind), bulk(said)]))
    }

    #[test]
    fn the_answer_is_three_numbers_a_head() {
        let head = |shard, seq, nonce| (Shard::new(shard), LogHead { seq, nonce });
        let told = |heads, is_cut| Told { heads, is_cut };
        assert_eq!(answered("all", "").unwrap(), told(vec![], false));
        let two = vec![head(0, 1, u64::MAX), head(255, 70_000, 0)];
        let text = "0 1 18446744073709551615 255 70000 0";
        assert_eq!(answered("cut", text).unwrap(), told(two.clone(), true));
        assert_eq!(answered("all", text).unwrap(), told(two, false));
        for (kind, text) in [("all", "1 2"), ("all", "256 1 1"), ("all", "1  2"), ("none", "")] {
            let error = answered(kind, text).unwrap_err();
            assert!(matches!(error, StoreError::Unreadable { .. }), "{kind} {text}: {error}");
        }
        let foreign = answered("foreign", "").unwrap_err();
        assert!(matches!(foreign, StoreError::Foreign { .. }), "{foreign}");
    }

    #[test]
    fn the_script_is_told_seven_bytes_a_head() {
        let head = |seq, nonce| LogHead { seq, nonce };
        assert_eq!(known(Shard::new(0), LogHead::default()), [0; 7]);
        assert_eq!(known(Shard::new(255), head(0x1_0102, 7)), [255, 1, 2, 0, 0, 0, 7]);
        // 18,446,744,073,709,551,615: the last nine digits are 709,551,615.
        let [_, _, _, nonce @ ..] = known(Shard::new(1), head(1, u64::MAX));
        assert_eq!(u32::from_be_bytes(nonce), 709_551_615);
    }
}
