//! Changing notes on reporters and tenants. They make no entry in the log and are in no index, so they are read each
//! time, and nothing is shown afterwards.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Deadline, Done, MAX_ATTEMPTS, MAX_PAUSE, pause};
use crate::codec::{self, UnreadableValue};
use crate::domain::quota::TenantDay;
use crate::domain::reporter::ReporterState;
use crate::service::{Service, ServiceError};
use crate::store::{CommitError, Key, NoteKey, NoteWrite, Shard, ShardCommit};

/// What a note holds.
pub(in crate::service) trait Note: Default {
    fn decode(bytes: &[u8]) -> Result<Self, UnreadableValue>;
    fn encode(&self) -> Bytes;
}

impl Note for ReporterState {
    fn decode(bytes: &[u8]) -> Result<Self, UnreadableValue> {
        codec::reporter::decode(bytes)
    }

    fn encode(&self) -> Bytes {
        codec::reporter::encode(self)
    }
}

impl Note for TenantDay {
    fn decode(bytes: &[u8]) -> Result<Self, UnreadableValue> {
        codec::tenant::decode(bytes)
    }

    fn encode(&self) -> Bytes {
        codec::tenant::encode(self)
    }
}

/// What became of the notes of one attempt, by their place; those that somebody else changed meanwhile are left out.
type Fates<T> = Vec<(usize, Result<T, ServiceError>)>;

impl Service {
    /// Changes notes; answers in the order of the keys, which name each note once. `change` is given the place of its
    /// key. All notes are read in one exchange, and those of a shard written in one step.
    pub(in crate::service) async fn change_notes<N: Note, T>(
        &self,
        keys: &[NoteKey],
        deadline: Deadline,
        change: impl Fn(usize, &mut N) -> Done<T>,
    ) -> Vec<Result<T, ServiceError>> {
        let mut answers: Vec<Option<Result<T, ServiceError>>> = keys.iter().map(|_| None).collect();
        let mut pending: Vec<(usize, &NoteKey)> = keys.iter().enumerate().collect();
        for attempt in 0..MAX_ATTEMPTS {
            if pending.is_empty() || deadline.has_passed() {
                break;
            }
            if attempt > 0 {
                self.metrics.commit_retry();
                tokio::time::sleep(pause(attempt)).await;
            }
            let fates = match self.attempt_notes(&pending, deadline, &change).await {
                Ok(fates) => fates,
                Err(error) => pending.iter().map(|(place, _)| (*place, Err(error.clone()))).collect(),
            };
            for (place, fate) in fates {
                if let Some(answer) = answers.get_mut(place) {
                    *answer = Some(fate);
                }
            }
            pending.retain(|(place, _)| answers.get(*place).is_some_and(Option::is_none));
        }
        let overtaken = || Err(ServiceError::Exhausted { retry_after: MAX_PAUSE });
        answers
            .into_iter()
            .map(|answer| answer.unwrap_or_else(overtaken))
            .collect()
    }

    async fn attempt_notes<N: Note, T>(
        &self,
        pending: &[(usize, &NoteKey)],
        deadline: Deadline,
        change: &impl Fn(usize, &mut N) -> Done<T>,
    ) -> Result<Fates<T>, ServiceError> {
        self.check_writable()?;
        let wanted: Vec<Key> = pending.iter().map(|(_, key)| Key::Note((*key).clone())).collect();
        let found = deadline.wait(self.store.read(&wanted)).await??;
        let mut fates = Vec::with_capacity(pending.len());
        let mut commits: BTreeMap<Shard, (ShardCommit, Vec<(usize, T)>)> = BTreeMap::new();
        for ((place, key), stored) in pending.iter().zip(found) {
            let expected = stored.as_ref().map(|stored| stored.version);
            let mut note = match stored.map_or(Ok(N::default()), |stored| N::decode(&stored.bytes)) {
                Ok(note) => note,
                Err(error) => {
                    fates.push((*place, Err(error.into())));
                    continue;
                }
            };
            let Done { answer, write } = change(*place, &mut note);
            if !write {
                fates.push((*place, Ok(answer)));
                continue;
            }
            let shard = key.shard();
            let (commit, answers) = commits
                .entry(shard)
                .or_insert_with(|| (ShardCommit::empty(shard), Vec::new()));
            commit.notes.push(NoteWrite {
                key: (*key).clone(),
                expected,
                state: note.encode(),
            });
            answers.push((*place, answer));
        }
        let (commits, answers): (Vec<_>, Vec<_>) = commits.into_values().unzip();
        for (answers, outcome) in answers.into_iter().zip(self.commit(commits, deadline).await) {
            match outcome {
                Ok(_) => fates.extend(answers.into_iter().map(|(place, answer)| (place, Ok(answer)))),
                Err(CommitError::Conflict { .. }) => {}
                Err(CommitError::Store(error)) => {
                    let error = ServiceError::from(error);
                    fates.extend(answers.iter().map(|(place, _)| (*place, Err(error.clone()))));
                }
            }
        }
        Ok(fates)
    }
}
