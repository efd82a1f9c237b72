//! Commits. The commit of a shard is one call of the commit script; many calls are sent together.

use redis::{Cmd, Value};

use super::connection::{CallDeadline, ServerConnection};
use super::error::RedisFailure;
use super::{keys, reply, scripts, transaction};
use crate::codec::entry::carries_state;
use crate::domain::tenant::TenantId;
use crate::store::{CommitError, EventId, LOG_ENTRIES_KEPT, RecordWrite, ShardCommit, StoreError, Version};

/// The most bytes of one shard's commit. The server runs it in one step and answers no other client meanwhile.
pub const MAX_COMMIT_BYTES: usize = 64 << 20;
/// The approximate bytes of commits that run in one transaction, which takes the server about 25 ms at most; it answers
/// no other client meanwhile. A larger commit runs alone.
const CHUNK_BYTES: usize = 1 << 20;
/// The approximate bytes that an argument needs besides its own.
const ARGUMENT_BYTES: usize = 16;

/// Sends the commits of one store.
pub(super) struct ShardCommitter<'a> {
    pub(super) connection: &'a ServerConnection,
    /// The store's name, as in the log heads.
    pub(super) store: &'a str,
    /// The channel of notifications.
    pub(super) channel: &'a str,
}

type CommitOutcome = Result<Vec<Version>, CommitError>;

impl ShardCommitter<'_> {
    /// Commits each shard; answers in the order of `commits`. After a failure of the connection the rest is not sent.
    pub(super) async fn commit(&self, commits: &[ShardCommit], deadline: CallDeadline) -> Vec<CommitOutcome> {
        let check = |commit| Ok(check(commit).map(|()| Vec::new())?);
        let mut answers: Vec<CommitOutcome> = commits.iter().map(check).collect();
        let mut due: Vec<_> = commits.iter().zip(&mut answers).collect();
        due.retain(|(commit, answer)| answer.is_ok() && !is_empty(commit));
        for (_, answer) in &mut due {
            **answer = Err(not_answered().into()); // until there is an answer
        }
        let mut left = due.as_mut_slice();
        let mut broken: Option<RedisFailure> = None;
        while !left.is_empty() {
            let (chunk, rest) = left.split_at_mut(chunk_length(left.iter().map(|(commit, _)| *commit)));
            left = rest;
            if let Some(failure) = &broken {
                for (_, answer) in chunk {
                    **answer = Err(not_sent(failure).into());
                }
                continue;
            }
            let sent: Vec<_> = chunk.iter().map(|(commit, _)| *commit).collect();
            let replies = self.send(&sent, deadline).await;
            for ((commit, answer), reply) in chunk.iter_mut().zip(replies) {
                **answer = match reply {
                    Ok(reply) => understand(commit, reply),
                    Err(failure) => Err(broken.insert(failure).clone().of_write().into()),
                };
            }
        }
        answers
    }

    /// Sends commits together. An error means that the connection failed; the server's answers are values.
    async fn send(&self, commits: &[&ShardCommit], deadline: CallDeadline) -> Vec<Result<Value, RedisFailure>> {
        let calls: Vec<Cmd> = commits.iter().map(|commit| self.call(commit)).collect();
        match transaction::ask(self.connection, &calls, deadline).await {
            Ok(answers) if answers.iter().any(scripts::is_missing) => self.send_again(&calls, answers, deadline).await,
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(failure) => commits.iter().map(|_| Err(failure.clone())).collect(),
        }
    }

    /// Loads the script, which the server lost when it was restarted, and sends the calls again that it did not run.
    async fn send_again(
        &self,
        calls: &[Cmd],
        answers: Vec<Value>,
        deadline: CallDeadline,
    ) -> Vec<Result<Value, RedisFailure>> {
        let missing = calls
            .iter()
            .zip(&answers)
            .filter(|(_, answer)| scripts::is_missing(answer));
        let calls: Vec<Cmd> = missing.map(|(call, _)| call.clone()).collect();
        let again = match self.connection.ask_one(scripts::COMMIT.load(), deadline).await {
            Ok(_loaded) => transaction::ask(self.connection, &calls, deadline).await,
            Err(failure) => Err(failure),
        };
        let mut again = again.map(Vec::into_iter);
        let mut second = move || match &mut again {
            Ok(answers) => answers.next().ok_or(RedisFailure::Malformed { wanted: "answer" }),
            Err(failure) => Err(failure.clone()),
        };
        let answers = answers.into_iter();
        answers
            .map(|answer| {
                if scripts::is_missing(&answer) {
                    second()
                } else {
                    Ok(answer)
                }
            })
            .collect()
    }

    /// The call of the script; see `commit.lua`.
    fn call(&self, commit: &ShardCommit) -> Cmd {
        let last_nonce = commit.records.last().map(RecordWrite::nonce).unwrap_or_default();
        let set = || {
            commit
                .buckets
                .iter()
                .filter_map(|write| Some((write.key.id(), write.bytes.as_ref()?)))
        };
        let tenant = commit.tenant().unwrap_or(TenantId::DEFAULT); // a commit without items is not sent
        let mut call = scripts::commit(commit.shard, tenant);
        call.arg(self.store)
            .arg(last_nonce)
            .arg(LOG_ENTRIES_KEPT)
            .arg(self.channel);
        call.arg(commit.shard.index())
            .arg(commit.records.len())
            .arg(set().count())
            .arg(commit.side_records.len())
            .arg(commit.events.len());
        for write in &commit.records {
            let state = write.state.as_deref();
            let logged = u8::from(carries_state(&write.header));
            call.arg(record_place(write)).arg(write.key.id().as_ref());
            expect(&mut call, write.expected);
            call.arg(write.header.as_ref())
                .arg(state.unwrap_or_default())
                .arg(logged);
        }
        for write in &commit.side_records {
            let place = keys::place_of_side_records(write.key.kind());
            call.arg(place).arg(write.key.id().as_ref());
            expect(&mut call, write.expected);
            call.arg([&write.version().to_be_bytes()[..], &write.state].concat());
        }
        for write in &commit.events {
            call.arg([&write.key.id.bytes()[..], &write.bytes].concat());
        }
        for (id, bytes) in set() {
            call.arg(&id).arg(bytes.as_ref());
        }
        for write in commit.buckets.iter().filter(|write| write.bytes.is_none()) {
            call.arg(&write.key.id());
        }
        call
    }
}

/// The expected version: eight bytes, or none.
fn expect(call: &mut Cmd, version: Option<Version>) {
    match version {
        Some(version) => call.arg(&version.to_be_bytes()),
        None => call.arg(""),
    };
}

/// The place of a record's hash in the script's KEYS; negative if the record is to be deleted.
fn record_place(write: &RecordWrite) -> i64 {
    let place = keys::place_of_records(write.key.kind());
    if write.state.is_some() { place } else { -place }
}

fn check(commit: &ShardCommit) -> Result<(), StoreError> {
    commit.check()?;
    let bytes = size(commit);
    if bytes > MAX_COMMIT_BYTES {
        return Err(StoreError::Refused {
            cause: format!("a commit of {bytes} bytes, more than {MAX_COMMIT_BYTES}"),
        });
    }
    Ok(())
}

fn is_empty(commit: &ShardCommit) -> bool {
    commit.items() == 0
}

/// The approximate bytes of a commit on the wire.
fn size(commit: &ShardCommit) -> usize {
    let records = commit.records.iter().map(|write| {
        let state = write.state.as_ref().map_or(0, bytes::Bytes::len);
        write.key.id().len() + write.header.len() + state + 6 * ARGUMENT_BYTES
    });
    let buckets = commit.buckets.iter().map(|write| {
        let bytes = write.bytes.as_ref().map_or(0, bytes::Bytes::len);
        write.key.id().len() + bytes + 2 * ARGUMENT_BYTES
    });
    let side_records = commit.side_records.iter();
    let side_records = side_records.map(|write| write.key.id().len() + write.state.len() + 4 * ARGUMENT_BYTES);
    let events = commit.events.iter();
    let events = events.map(|write| EventId::BYTES + write.bytes.len() + ARGUMENT_BYTES);
    let items = records.chain(buckets).chain(side_records).chain(events);
    items.fold(0, usize::saturating_add)
}

/// The number of commits that are sent together: at least one, if there is one.
fn chunk_length<'a>(commits: impl ExactSizeIterator<Item = &'a ShardCommit>) -> usize {
    let count = commits.len();
    let mut bytes = 0usize;
    let fits = commits.take_while(|commit| {
        bytes = bytes.saturating_add(size(commit));
        bytes <= CHUNK_BYTES
    });
    fits.count().max(1).min(count)
}

/// Reads the script's answer.
fn understand(commit: &ShardCommit, answer: Value) -> CommitOutcome {
    let understood = || -> Result<CommitOutcome, RedisFailure> {
        let mut answer = reply::list(answer)?.into_iter();
        let mut next = || answer.next().ok_or(RedisFailure::Malformed { wanted: "outcome" });
        match reply::text(&next()?).as_str() {
            "committed" => {
                let last = reply::integer(&next()?)?;
                let count = commit.records.len() as u64;
                Ok(Ok((last.saturating_sub(count) + 1..=last).collect()))
            }
            "conflict" => Ok(Err(CommitError::Conflict { shard: commit.shard })),
            "foreign" => Ok(Err(super::identity::foreign_head(&reply::text(&next()?)).into())),
            "replica" => Ok(Err(super::role::takes_writes_and_loses_them().into())),
            _ => Err(RedisFailure::Malformed { wanted: "outcome" }),
        }
    };
    understood().unwrap_or_else(|failure| Err(failure.of_write().into()))
}

fn not_answered() -> StoreError {
    StoreError::OutcomeUnknown {
        cause: "the server left out an answer".to_owned(),
    }
}

fn not_sent(failure: &RedisFailure) -> StoreError {
    StoreError::Unavailable {
        cause: format!("not sent after a failure: {failure}"),
    }
}
