//! Commits: each shard's is one call of the commit script, and many are sent in one go.

use bytes::BytesMut;
use redis::{Cmd, Value};

use super::error::Failure;
use super::link::{Deadline, Link};
use super::{reply, scripts, together};
use crate::codec::entry::nonce;
use crate::store::{
    CommitError, Kind, LOG_ENTRIES_KEPT, NoteKind, NoteWrite, RecordWrite, ShardCommit, StoreError, Version,
};

/// The most bytes of one shard's commit: the server runs it in one step, and serves nobody meanwhile.
pub const MAX_COMMIT_BYTES: usize = 64 << 20;
/// About how many bytes of commits are run together: the server serves nobody meanwhile, for about 25 ms at most. Larger
/// commits are run alone.
const CHUNK_BYTES: usize = 1 << 20;
/// What an argument costs beside its bytes, about.
const ARGUMENT_BYTES: usize = 16;

/// What all commits to a store have in common.
pub(super) struct Committer<'a> {
    pub(super) link: &'a Link,
    /// The store's name, as in its heads.
    pub(super) store: &'a str,
    /// The channel to ring on.
    pub(super) channel: &'a str,
}

type Committed = Result<Vec<Version>, CommitError>;

impl Committer<'_> {
    /// Commits each shard; answers in the order of `commits`. After a failure of the connection the rest is not sent.
    pub(super) async fn commit(&self, commits: &[ShardCommit], deadline: Deadline) -> Vec<Committed> {
        let check = |commit| Ok(check(commit).map(|()| Vec::new())?);
        let mut answers: Vec<Committed> = commits.iter().map(check).collect();
        let mut due: Vec<_> = commits.iter().zip(&mut answers).collect();
        due.retain(|(commit, answer)| answer.is_ok() && !is_empty(commit));
        let mut left = due.as_mut_slice();
        let mut broken: Option<Failure> = None;
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

    /// Sends commits in one go. An error is one of the connection, not the server's answer to a commit.
    async fn send(&self, commits: &[&ShardCommit], deadline: Deadline) -> Vec<Result<Value, Failure>> {
        let calls: Vec<Cmd> = commits.iter().map(|commit| self.call(commit)).collect();
        match together::ask(self.link, &calls, deadline).await {
            Ok(answers) if answers.iter().any(scripts::is_missing) => self.send_again(&calls, answers, deadline).await,
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(failure) => commits.iter().map(|_| Err(failure.clone())).collect(),
        }
    }

    /// Gives the server the script, which it does not have since it was started, and sends again what it did not run.
    async fn send_again(&self, calls: &[Cmd], answers: Vec<Value>, deadline: Deadline) -> Vec<Result<Value, Failure>> {
        let missing = calls
            .iter()
            .zip(&answers)
            .filter(|(_, answer)| scripts::is_missing(answer));
        let calls: Vec<Cmd> = missing.map(|(call, _)| call.clone()).collect();
        let again = match self.link.ask_one(scripts::COMMIT.load(), deadline).await {
            Ok(_loaded) => together::ask(self.link, &calls, deadline).await,
            Err(failure) => Err(failure),
        };
        let mut again = again.map(Vec::into_iter);
        let mut second = move || match &mut again {
            Ok(answers) => answers.next().ok_or(Failure::Malformed { wanted: "answer" }),
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
        let last_nonce = commit.records.last().map(entry_nonce).unwrap_or_default();
        let set = || {
            commit
                .buckets
                .iter()
                .filter_map(|write| Some((write.key.id(), write.bytes.as_ref()?)))
        };
        let mut call = scripts::commit(commit.shard);
        call.arg(self.store)
            .arg(last_nonce)
            .arg(LOG_ENTRIES_KEPT)
            .arg(self.channel);
        call.arg(commit.shard.index())
            .arg(commit.records.len())
            .arg(set().count())
            .arg(commit.notes.len());
        for write in &commit.records {
            let state = write.state.as_deref();
            call.arg(hash_index(write)).arg(write.key.id().as_ref());
            expect(&mut call, write.expected);
            call.arg(write.header.as_ref()).arg(state.unwrap_or_default());
        }
        for write in &commit.notes {
            call.arg(note_index(write)).arg(write.key.id().as_ref());
            expect(&mut call, write.expected);
            call.arg([&write.version().to_be_bytes()[..], &write.state].concat());
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

/// The version that is to be there: eight bytes, or none.
fn expect(call: &mut Cmd, version: Option<Version>) {
    match version {
        Some(version) => call.arg(&version.to_be_bytes()),
        None => call.arg(""),
    };
}

/// Where the record is among the script's KEYS, counted from 1; negative if it is to be deleted.
fn hash_index(write: &RecordWrite) -> i8 {
    let index = match write.key.kind() {
        Kind::Number => 3,
        Kind::Case => 4,
        Kind::List => 8,
    };
    if write.state.is_some() { index } else { -index }
}

/// Where the note is among the script's KEYS, counted from 1.
fn note_index(write: &NoteWrite) -> i8 {
    match write.key.kind() {
        NoteKind::Reporter => 6,
        NoteKind::Tenant => 7,
    }
}

/// The nonce of the entry that a record becomes.
fn entry_nonce(write: &RecordWrite) -> u64 {
    nonce(&write.header).unwrap_or_else(|| {
        // A header that short has its nonce end in the state.
        let mut entry = BytesMut::from(write.header.as_ref());
        entry.extend_from_slice(write.state.as_deref().unwrap_or_default());
        nonce(&entry).unwrap_or_default()
    })
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

/// About how many bytes a commit takes on the wire.
fn size(commit: &ShardCommit) -> usize {
    let records = commit.records.iter().map(|write| {
        let state = write.state.as_ref().map_or(0, bytes::Bytes::len);
        write.key.id().len() + write.header.len() + state + 5 * ARGUMENT_BYTES
    });
    let buckets = commit.buckets.iter().map(|write| {
        let bytes = write.bytes.as_ref().map_or(0, bytes::Bytes::len);
        write.key.id().len() + bytes + 2 * ARGUMENT_BYTES
    });
    let notes = commit.notes.iter();
    let notes = notes.map(|write| write.key.id().len() + write.state.len() + 4 * ARGUMENT_BYTES);
    records.chain(buckets).chain(notes).fold(0, usize::saturating_add)
}

/// How many of the commits are sent together: at least one, if there is one.
fn chunk_length<'a>(commits: impl ExactSizeIterator<Item = &'a ShardCommit>) -> usize {
    let count = commits.len();
    let mut bytes = 0usize;
    let fits = commits.take_while(|commit| {
        bytes = bytes.saturating_add(size(commit));
        bytes <= CHUNK_BYTES
    });
    fits.count().max(1).min(count)
}

/// What the script answered.
fn understand(commit: &ShardCommit, answer: Value) -> Committed {
    let understood = || -> Result<Committed, Failure> {
        let mut answer = reply::list(answer)?.into_iter();
        let mut next = || answer.next().ok_or(Failure::Malformed { wanted: "outcome" });
        match reply::text(&next()?).as_str() {
            "committed" => {
                let last = reply::integer(&next()?)?;
                let count = commit.records.len() as u64;
                Ok(Ok((last.saturating_sub(count) + 1..=last).collect()))
            }
            "conflict" => Ok(Err(CommitError::Conflict { shard: commit.shard })),
            "foreign" => Ok(Err(super::identity::foreign_head(&reply::text(&next()?)).into())),
            _ => Err(Failure::Malformed { wanted: "outcome" }),
        }
    };
    understood().unwrap_or_else(|failure| Err(failure.of_write().into()))
}

fn not_sent(failure: &Failure) -> StoreError {
    StoreError::Unavailable {
        cause: format!("not sent after a failure: {failure}"),
    }
}
