//! Finds a record by its id: in the index, or else in the store. An index that lacks a record proves nothing while the
//! store is shared, since another instance may have just made it, and a refresh may have been given up. So the answer
//! that something does not exist comes from the store, which must be the one that was opened: an emptied store has no
//! record of any id.

use std::sync::Arc;
use std::time::Duration;

use super::Writer;
use crate::codec::StoredRecord;
use crate::domain::case::Case;
use crate::domain::ids::CaseId;
use crate::follow::Committed;
use crate::index::{Index, IndexedRecord};
use crate::service::ServiceError;
use crate::store::{RecordKey, StoreError, Stored, StoredKey, Version};

/// The longest that a read waits for the store to say whether a record exists. The refresh before it may have taken as
/// long.
const FIND_WITHIN: Duration = Duration::from_millis(500);

/// The most cases that are asked for on the way from a merged case to its successor.
const MAX_ASKED: usize = 16;

impl Writer {
    /// Something that the record `id` holds, as `known` reads it from the index. If the index lacks it, the record is read
    /// from the store, and shown in the index. None if the store has no such record either.
    ///
    /// # Errors
    /// If the index lacks it, and the store cannot say whether there is such a record.
    pub(in crate::service) async fn find<R: IndexedRecord, T>(
        &self,
        id: &R::Id,
        known: impl Fn(&Index) -> Option<T>,
    ) -> Result<Option<T>, ServiceError> {
        if let Some(found) = known(&self.index) {
            return Ok(Some(found));
        }
        if !self.may_lack()? {
            return Ok(None);
        }
        let read = self.ask_store(self.read_stored::<R>(std::slice::from_ref(id))).await?;
        let Some((version, record)) = read.into_iter().next().flatten() else {
            return Ok(None);
        };
        let id = id.clone();
        self.follower.applied(self.tenant, [Committed { id, version, record }]);
        // The index does not take it if it has read the log further. Then the record was deleted meanwhile, or the store has
        // gone back in time, which the next sweep finds.
        known(&self.index).map(Some).ok_or(ServiceError::StoreUnavailable)
    }

    /// A case with its version. For a merged case, the case it was merged into.
    ///
    /// # Errors
    /// If there is no such case, or the store cannot say whether there is.
    pub(in crate::service) async fn find_case(&self, id: &CaseId) -> Result<(Version, Arc<Case>), ServiceError> {
        for _ in 0..MAX_ASKED {
            if let Some(found) = self.index.case(id) {
                return Ok(found);
            }
            let Some(missing) = self.index.missing_case(id) else {
                break; // the cases are merged into each other in a circle
            };
            if !self.may_lack()? {
                break;
            }
            let read = self.ask_store(self.case_as_stored(&missing)).await?;
            let Some(read) = read else { break };
            self.follower.applied(self.tenant, read.steps);
            let (version, record) = (read.version, read.case);
            let id = missing.clone();
            self.follower.applied(self.tenant, [Committed { id, version, record }]);
            if self.index.missing_case(&missing).as_ref() == Some(&missing) {
                return Err(ServiceError::StoreUnavailable); // see `find`
            }
        }
        Err(ServiceError::NotFound { resource: "case" })
    }

    /// The case that a change names, or the one it was merged into.
    ///
    /// # Errors
    /// If there is no such case, or the store cannot say whether there is.
    pub(in crate::service) async fn named_case(&self, id: &CaseId) -> Result<CaseId, ServiceError> {
        let (_, case) = self.find_case(id).await?;
        Ok(case.id.clone())
    }

    /// The same error; but another one if the store has been emptied or replaced, or does not answer. To be asked before a
    /// change answers that something does not exist: a change that reads the store would find nothing in an empty one.
    pub(in crate::service) async fn confirmed(&self, error: ServiceError) -> ServiceError {
        if !matches!(error, ServiceError::NotFound { .. }) {
            return error;
        }
        match self.ask_store(async { Ok(()) }).await {
            Ok(()) => error,
            Err(unknown) => unknown,
        }
    }

    /// Whether the index may lack what was acknowledged: the store is shared.
    ///
    /// # Errors
    /// If the last sweep found that the store cannot be asked. Then no read waits for it.
    fn may_lack(&self) -> Result<bool, ServiceError> {
        if !self.store.is_shared() {
            return Ok(false);
        }
        if self.follower.freshness().store().can_be_followed() {
            Ok(true)
        } else {
            Err(ServiceError::StoreUnavailable)
        }
    }

    /// What the store answers, if it is the one that was opened.
    async fn ask_store<T>(&self, asked: impl Future<Output = Result<T, ServiceError>>) -> Result<T, ServiceError> {
        let verified = async {
            let answer = asked.await?;
            self.store.verify().await.map_err(unanswered)?;
            Ok(answer)
        };
        let answer = tokio::time::timeout(FIND_WITHIN, verified).await;
        answer.map_err(|_elapsed| {
            tracing::debug!("the store took too long to say whether a record exists");
            ServiceError::StoreUnavailable
        })?
    }

    /// Records as the store has them now, in the order of the ids, with their versions.
    pub(super) async fn read_stored<R: StoredRecord>(
        &self,
        ids: &[R::Id],
    ) -> Result<Vec<Option<(Version, R)>>, ServiceError> {
        let keys: Vec<_> = ids
            .iter()
            .map(|id| StoredKey::Record(RecordKey::of::<R>(self.tenant, id)))
            .collect();
        let found = self.store.read(&keys).await.map_err(unanswered)?;
        let decode = |stored: Option<Stored>| match stored {
            Some(stored) => Ok(Some((stored.version, R::decode(&stored.bytes)?))),
            None => Ok(None),
        };
        found.into_iter().map(decode).collect()
    }
}

/// The error of a read that the store did not answer. A read has changed nothing, so its outcome is never unknown.
fn unanswered(error: StoreError) -> ServiceError {
    let error = ServiceError::from(error);
    if matches!(error, ServiceError::OutcomeUnknown) {
        return ServiceError::StoreUnavailable;
    }
    error
}
