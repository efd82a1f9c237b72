//! Changing a case, or creating it.

use super::{Done, MAX_ATTEMPTS, MAX_PAUSE, Mutation, pause, record_write};
use crate::domain::case::Case;
use crate::domain::ids::CaseId;
use crate::follow::Applied;
use crate::service::{Service, ServiceError};
use crate::store::{CommitError, Key, RecordKey, ShardCommit, Version, codec};

impl Service {
    /// Changes one case, or creates it.
    pub(in crate::service) async fn change_case<T>(
        &self,
        id: &CaseId,
        mutation: &Mutation,
        change: impl Fn(Option<Case>, Version) -> Result<(Case, Done<T>), ServiceError>,
    ) -> Result<T, ServiceError> {
        let key = RecordKey::case(id);
        let deadline = self.deadline(1);
        let _turn = deadline.wait(self.turns.take(&key)).await?;
        let who = (&mutation.actor, mutation.request.as_str());
        for attempt in 0..MAX_ATTEMPTS {
            if deadline.has_passed() {
                break;
            }
            self.check_writable()?;
            let keys = [Key::Record(key.clone())];
            let found = deadline.wait(self.store.read(&keys)).await??.pop().flatten();
            let version = found.as_ref().map(|stored| stored.version);
            let case = found.map(|stored| codec::case::decode(&stored.bytes)).transpose()?;
            let (case, done) = change(case, version.unwrap_or(0))?;
            if !done.write {
                self.show_case(id, version, case);
                return Ok(done.answer);
            }
            let write = record_write(key.clone(), version, codec::case::encode(&case), who, self.clock.now());
            let commit = ShardCommit {
                shard: key.shard(),
                records: vec![write],
                buckets: Vec::new(),
                notes: Vec::new(),
            };
            match self.commit(vec![commit], deadline).await.pop() {
                Some(Ok(versions)) => {
                    self.show_case(id, versions.first().copied(), case);
                    return Ok(done.answer);
                }
                Some(Err(CommitError::Conflict { .. })) => tokio::time::sleep(pause(attempt)).await,
                Some(Err(CommitError::Store(error))) => return Err(error.into()),
                None => return Err(ServiceError::Internal),
            }
        }
        Err(ServiceError::Exhausted { retry_after: MAX_PAUSE })
    }

    fn show_case(&self, id: &CaseId, version: Option<Version>, case: Case) {
        if let Some(version) = version {
            self.follower
                .applied(vec![Applied::Case(id.clone(), version, Box::new(case))]);
        }
    }
}
