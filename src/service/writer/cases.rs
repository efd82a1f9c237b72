//! Changes a case, or creates it. The steps of its history are records of their own, so that a step costs no copy of the
//! steps before it. One commit writes the new steps, then the record that counts them, then the deletion of steps beyond the
//! limit: a follower that reads the log in this order never shows a status without its step.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::audit::Audited as _;
use super::erase::deletion;
use super::{
    Author, Changed, Done, MAX_ATTEMPTS, Mutation, Outcome, Request, WriteDeadline, Writer, overtaken, pause,
    record_write,
};
use crate::codec::StoredRecord as _;
use crate::codec::case_step::CaseStepKey;
use crate::domain::audit::AuditMethod;
use crate::domain::case::Case;
use crate::domain::case_history::{CaseStep, MovedSteps};
use crate::domain::ids::CaseId;
use crate::domain::time::Timestamp;
use crate::follow::Committed;
use crate::service::ServiceError;
use crate::store::{CommitError, RecordKey, RecordWrite, ShardCommit, StoredKey, Version};

/// The steps that a change of a case stores and deletes.
#[derive(Debug)]
struct StepChanges {
    /// Each with the version that the store has under its number: none, except after a fault.
    written: Vec<(Arc<CaseStep>, Option<Version>)>,
    dropped: Vec<(CaseStepKey, Version)>,
}

/// A case as the store has it.
pub(super) struct StoredCase {
    /// Its version.
    pub(super) version: Version,
    /// The case, with its whole history.
    pub(super) case: Case,
    /// The steps of the history that the index did not know.
    pub(super) steps: Vec<Committed<CaseStep>>,
}

impl Writer {
    /// Changes an existing case once for a request, however often the request is sent.
    pub(in crate::service) async fn mutate_case(
        &self,
        id: &CaseId,
        request: &Request<'_>,
        (mutation, method, reason): (&Mutation, AuditMethod, &str),
        change: impl Fn(&mut Case) -> Result<(), ServiceError>,
    ) -> Result<Changed<Case, ()>, ServiceError> {
        // On the heap: with the memory of requests, the future would be too large for the stack.
        let work = Box::pin(self.tell_case(id, request, (mutation, method, reason), change));
        self.carry_out(request, work, |_| Outcome::Done(Vec::new())).await
    }

    /// Changes a case once for a request that also changes something else, and so is carried out by its caller.
    pub(in crate::service) async fn tell_case(
        &self,
        id: &CaseId,
        request: &Request<'_>,
        (mutation, method, reason): (&Mutation, AuditMethod, &str),
        change: impl Fn(&mut Case) -> Result<(), ServiceError>,
    ) -> Result<Changed<Case, ()>, ServiceError> {
        let fingerprint = request.fingerprint();
        let author = mutation.author(method, reason);
        self.change_case(id, author, request.deadline(), |found, version| {
            let mut case = found.ok_or(ServiceError::NotFound { resource: "case" })?;
            if request.is_done() || !mutation.check(case.requests.seen(fingerprint), version)? {
                return Ok((case, Done::unchanged(())));
            }
            change(&mut case)?;
            case.requests.remember(fingerprint);
            Ok((case, Done::written(())))
        })
        .await
    }

    /// Changes a case, or creates it. Tries again while other writers are faster.
    pub(in crate::service) async fn change_case<T>(
        &self,
        id: &CaseId,
        author: Author<'_>,
        deadline: WriteDeadline,
        change: impl Fn(Option<Case>, Version) -> Result<(Case, Done<T>), ServiceError>,
    ) -> Result<Changed<Case, T>, ServiceError> {
        let key = RecordKey::of::<Case>(self.tenant, id);
        let _turn = deadline.wait(self.turns.take(&key)).await?;
        for attempt in 0..MAX_ATTEMPTS {
            if deadline.has_passed() {
                break;
            }
            let (version, before) = self.read_case(id, deadline).await?.unzip();
            let changed = change(before.clone(), self.versions.of(&key, version.unwrap_or(0)));
            let (mut case, done) = match changed {
                Ok(changed) => changed,
                Err(refused) => return Err(self.confirmed(refused).await),
            };
            if !done.write {
                return Ok(self.show(id, version, case, done.answer));
            }
            let moved = case.history.move_apart(id);
            let steps = self.step_changes((id, attempt), moved, deadline).await?;
            let now = self.clock.now();
            let mut records = steps.written(self, author, now);
            records.push(record_write(key.clone(), version, case.encode(), author, now));
            records.extend(steps.dropped(self, author, now));
            let event = self.event(key.shard(), author, now, Case::told(before.as_ref(), &case));
            let commit = ShardCommit {
                records,
                events: event.into_iter().collect(),
                ..ShardCommit::empty(key.shard())
            };
            match self.commit(vec![commit], deadline).await.pop() {
                Some(Ok(versions)) => return Ok(self.show_case((steps, case), versions, done.answer)),
                Some(Err(CommitError::Conflict { .. })) => tokio::time::sleep(pause(attempt)).await,
                Some(Err(CommitError::Store(error))) => return Err(error.into()),
                None => return Err(ServiceError::Internal),
            }
        }
        Err(overtaken())
    }

    /// A case as the store has it, with its whole history. Steps that the index does not know yet are read, and shown in
    /// it.
    async fn read_case(&self, id: &CaseId, deadline: WriteDeadline) -> Result<Option<(Version, Case)>, ServiceError> {
        self.check_writable()?;
        let read = self.case_as_stored(id);
        let Some(read) = deadline.wait(read).await?? else {
            return Ok(None);
        };
        self.follower.applied(self.tenant, read.steps);
        Ok(Some((read.version, read.case)))
    }

    /// A case as the store has it, with its whole history, which is not shown in the index yet.
    pub(super) async fn case_as_stored(&self, id: &CaseId) -> Result<Option<StoredCase>, ServiceError> {
        let found = self.read_stored::<Case>(std::slice::from_ref(id)).await?;
        let Some((version, mut case)) = found.into_iter().next().flatten() else {
            return Ok(None);
        };
        let known = self.index.steps_of(id);
        let mut steps: BTreeMap<u32, Arc<CaseStep>> = known.into_iter().map(|step| (step.number, step)).collect();
        let missing = case.history.kept().filter(|number| !steps.contains_key(number));
        let missing: Vec<CaseStepKey> = missing.map(|number| CaseStepKey::of(id, number)).collect();
        let mut read = Vec::new();
        if !missing.is_empty() {
            let found = self.read_stored::<CaseStep>(&missing).await?;
            for (id, found) in missing.into_iter().zip(found) {
                let Some((version, record)) = found else { continue };
                steps.insert(record.number, Arc::new(record.clone()));
                read.push(Committed { id, version, record });
            }
        }
        case.history.fill(steps.into_values());
        Ok(Some(StoredCase {
            version,
            case,
            steps: read,
        }))
    }

    /// The steps to be stored and deleted, with their versions in the store. No number is used twice, so the store has no
    /// step of a new number, and is not asked. After a conflict it is.
    async fn step_changes(
        &self,
        (id, attempt): (&CaseId, u32),
        MovedSteps { written, dropped }: MovedSteps,
        deadline: WriteDeadline,
    ) -> Result<StepChanges, ServiceError> {
        if written.is_empty() || (attempt == 0 && dropped.is_empty()) {
            let written = written.into_iter().map(|step| (step, None)).collect();
            return Ok(StepChanges {
                written,
                dropped: Vec::new(),
            });
        }
        let dropped: Vec<CaseStepKey> = dropped.map(|number| CaseStepKey::of(id, number)).collect();
        let keys = written.iter().map(|step| CaseStepKey::of(id, step.number));
        let keys = keys.chain(dropped.iter().copied());
        let keys: Vec<StoredKey> = keys
            .map(|key| StoredKey::Record(RecordKey::of::<CaseStep>(self.tenant, &key)))
            .collect();
        let found = deadline.wait(self.store.read(&keys)).await??;
        let mut versions = found.into_iter().map(|stored| Some(stored?.version));
        Ok(StepChanges {
            written: written.into_iter().zip(versions.by_ref()).collect(),
            dropped: dropped
                .into_iter()
                .zip(versions)
                .filter_map(|(key, version)| Some((key, version?)))
                .collect(),
        })
    }

    /// Writes a committed case and its steps to the index, and returns the case.
    fn show_case<T>(&self, (steps, case): (StepChanges, Case), versions: Vec<Version>, answer: T) -> Changed<Case, T> {
        let mut versions = versions.into_iter();
        let written = steps.written.into_iter().zip(versions.by_ref());
        let written: Vec<Committed<CaseStep>> = written
            .map(|((step, _), version)| Committed {
                id: CaseStepKey::of(&step.case, step.number),
                version,
                record: CaseStep::clone(&step),
            })
            .collect();
        self.follower.applied(self.tenant, written);
        let id = case.id.clone();
        let changed = self.show(&id, versions.next(), case, answer);
        for ((key, _), version) in steps.dropped.into_iter().zip(versions) {
            self.follower.deleted::<CaseStep>(self.tenant, key, version);
        }
        changed
    }
}

impl StepChanges {
    /// The writes of the new steps. A step has its reason itself, so the headers of their entries have none.
    fn written(&self, writer: &Writer, author: Author<'_>, now: Timestamp) -> Vec<RecordWrite> {
        let author = Author { reason: "", ..author };
        let writes = self.written.iter().map(|(step, version)| {
            let key = CaseStepKey::of(&step.case, step.number);
            let key = RecordKey::of::<CaseStep>(writer.tenant, &key);
            record_write(key, *version, step.encode(), author, now)
        });
        writes.collect()
    }

    /// The deletions of the oldest steps.
    fn dropped(&self, writer: &Writer, author: Author<'_>, now: Timestamp) -> Vec<RecordWrite> {
        let author = Author { reason: "", ..author };
        let deletions = self.dropped.iter().map(|(key, version)| {
            let key = RecordKey::of::<CaseStep>(writer.tenant, key);
            deletion(key, *version, author, now)
        });
        deletions.collect()
    }
}
