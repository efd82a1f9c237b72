//! Changes side records, such as the state of a reporter. They are in no index, so they are read from the store each
//! time.

use std::collections::BTreeMap;

use super::{Done, MAX_ATTEMPTS, WriteDeadline, Writer, overtaken, pause};
use crate::codec::SideRecord;
use crate::service::ServiceError;
use crate::store::{CommitError, Shard, ShardCommit, SideKey, SideWrite, StoredKey};

/// The outcomes of one attempt by the places of the keys; side records that another writer changed meanwhile are left
/// out.
type Fates<T> = Vec<(usize, Result<T, ServiceError>)>;

impl Writer {
    /// Side records as the store has them now, in the order of the keys.
    pub(in crate::service) async fn read_side_records<S: SideRecord>(
        &self,
        keys: &[SideKey],
        deadline: WriteDeadline,
    ) -> Result<Vec<S>, ServiceError> {
        self.check_writable()?;
        let wanted: Vec<StoredKey> = keys.iter().cloned().map(StoredKey::Side).collect();
        let found = deadline.wait(self.store.read(&wanted)).await??;
        let decode = |stored: Option<crate::store::Stored>| match stored {
            Some(stored) => Ok(S::decode(&stored.bytes)?),
            None => Ok(S::default()),
        };
        found.into_iter().map(decode).collect()
    }

    /// Whether the store has each of these side records.
    pub(in crate::service) async fn has_side_records(
        &self,
        keys: &[SideKey],
        deadline: WriteDeadline,
    ) -> Result<Vec<bool>, ServiceError> {
        let wanted: Vec<StoredKey> = keys.iter().cloned().map(StoredKey::Side).collect();
        let found = deadline.wait(self.store.read(&wanted)).await??;
        Ok(found.iter().map(Option::is_some).collect())
    }

    /// Changes side records; answers in the order of the keys, which name each side record once. `change` gets the
    /// place of its key. All are read in one exchange, and those of a shard are written in one step.
    pub(in crate::service) async fn change_side_records<S: SideRecord, T>(
        &self,
        keys: &[SideKey],
        deadline: WriteDeadline,
        change: impl Fn(usize, &mut S) -> Done<T>,
    ) -> Vec<Result<T, ServiceError>> {
        let mut answers: Vec<Option<Result<T, ServiceError>>> = keys.iter().map(|_| None).collect();
        let mut pending: Vec<(usize, &SideKey)> = keys.iter().enumerate().collect();
        for attempt in 0..MAX_ATTEMPTS {
            if pending.is_empty() || deadline.has_passed() {
                break;
            }
            if attempt > 0 {
                self.metrics.commit_retry();
                tokio::time::sleep(pause(attempt)).await;
            }
            let fates = match self.attempt_side_records(&pending, deadline, &change).await {
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
        answers
            .into_iter()
            .map(|answer| answer.unwrap_or_else(|| Err(overtaken())))
            .collect()
    }

    async fn attempt_side_records<S: SideRecord, T>(
        &self,
        pending: &[(usize, &SideKey)],
        deadline: WriteDeadline,
        change: &impl Fn(usize, &mut S) -> Done<T>,
    ) -> Result<Fates<T>, ServiceError> {
        self.check_writable()?;
        let wanted: Vec<StoredKey> = pending.iter().map(|(_, key)| StoredKey::Side((*key).clone())).collect();
        let found = deadline.wait(self.store.read(&wanted)).await??;
        let mut fates = Vec::with_capacity(pending.len());
        let mut commits: BTreeMap<Shard, (ShardCommit, Vec<(usize, T)>)> = BTreeMap::new();
        for ((place, key), stored) in pending.iter().zip(found) {
            let expected = stored.as_ref().map(|stored| stored.version);
            let mut side_record = match stored.map_or(Ok(S::default()), |stored| S::decode(&stored.bytes)) {
                Ok(side_record) => side_record,
                Err(error) => {
                    fates.push((*place, Err(error.into())));
                    continue;
                }
            };
            let Done { answer, write } = change(*place, &mut side_record);
            if !write {
                fates.push((*place, Ok(answer)));
                continue;
            }
            let shard = key.shard();
            let (commit, answers) = commits
                .entry(shard)
                .or_insert_with(|| (ShardCommit::empty(shard), Vec::new()));
            commit.side_records.push(SideWrite {
                key: (*key).clone(),
                expected,
                state: side_record.encode(),
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
