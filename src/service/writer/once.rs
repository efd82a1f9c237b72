//! Carries a request out once, however often it is sent: at the same moment, after an interruption, after other
//! changes, after a restart, or to another instance.
//!
//! The memory of requests ([`RequestMemory`]) says for each request id what it was used for. Each principal has request ids
//! of its own (`Mutation::scoped_request`). A method that changes something goes three steps:
//!
//! 1. [`Writer::recall`] reads the memory. The same id with other content is refused.
//! 2. [`Writer::carry_out`] notes the request, so that from now on its id means this content. Then it does the work. A
//!    request that was done before is not noted again, and its work changes nothing: it only reads the answer.
//! 3. It notes the request as done, with the figures of the answer that cannot be read from the records again.
//!
//! If step 3 is missing, since the process or the store failed, the repetition does the work again. The records
//! themselves know a request that has changed them, so each of them changes once.

use tokio::sync::MutexGuard;

use super::{Done, WriteDeadline, Writer};
use crate::domain::ids::RequestId;
use crate::domain::request_memory::{Known, MemoryPart, RememberedRequest, RequestMemory};
use crate::domain::requests::Fingerprint;
use crate::domain::tenant::TenantId;
use crate::service::ServiceError;
use crate::service::content::RequestContent;
use crate::store::{SideKey, StoredKey};

/// A request, with what the memory knew of it when it came.
pub(in crate::service) struct Request<'a> {
    fingerprint: Fingerprint,
    deadline: WriteDeadline,
    known: Option<RememberedRequest>,
    /// Orders the repetitions of a request that reach this process at the same moment.
    turn: Option<MutexGuard<'a, ()>>,
}

/// What is kept of a request that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::service) enum Outcome {
    /// Nothing was changed, and no part of it was done: the id is free again.
    Nothing,
    /// Some of it was done; a repetition does the rest.
    Partly(Vec<u32>),
    /// All was done.
    Done(Vec<u32>),
}

impl Request<'static> {
    /// A request whose work is continued without its client.
    pub(in crate::service) const fn continued(fingerprint: Fingerprint, deadline: WriteDeadline) -> Self {
        Self {
            fingerprint,
            deadline,
            known: None,
            turn: None,
        }
    }
}

impl Request<'_> {
    /// Whether the request came for the first time.
    pub(in crate::service) const fn is_new(&self) -> bool {
        self.known.is_none()
    }

    /// Whether the request was done before: its work must change nothing.
    pub(in crate::service) fn is_done(&self) -> bool {
        self.known.as_ref().is_some_and(|known| known.is_done)
    }

    /// The figures that an earlier try kept; none if there was no try.
    pub(in crate::service) fn figures(&self) -> &[u32] {
        self.known.as_ref().map_or(&[], |known| &known.figures)
    }

    /// The hashes of its id and its content.
    pub(in crate::service) const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The moment by which the request must be answered.
    pub(in crate::service) const fn deadline(&self) -> WriteDeadline {
        self.deadline
    }

    /// Gives the next step of long work a deadline of its own.
    pub(in crate::service) fn renew(&mut self, deadline: WriteDeadline) {
        self.deadline = deadline;
    }

    /// Lets other requests pass that share the lock, before work that takes long.
    pub(in crate::service) fn end_turn(&mut self) {
        self.turn = None;
    }
}

impl Writer {
    /// Reads what is known of a request.
    ///
    /// # Errors
    /// If its id was used for other content, or the store cannot be read or written now.
    pub(in crate::service) async fn recall(
        &self,
        id: &RequestId,
        content: &RequestContent,
        deadline: WriteDeadline,
    ) -> Result<Request<'_>, ServiceError> {
        self.check_writable()?;
        let fingerprint = Fingerprint::new(&self.request_key, id, content.bytes());
        let turn = deadline.wait(self.requests.take_named(id.as_str())).await?;
        // A request of an earlier release is in the part of its hash then.
        let all = [Some(fingerprint), fingerprint.of_earlier_release()];
        let keys = all.into_iter().flatten().map(|request| key_of(self.tenant, request));
        let keys: Vec<StoredKey> = keys.map(StoredKey::Side).collect();
        let mut known = None;
        for stored in deadline.wait(self.store.read(&keys)).await??.into_iter().flatten() {
            let memory = <RequestMemory as crate::codec::SideRecord>::decode(&stored.bytes)?;
            known = known.or(checked(memory.known(fingerprint))?);
        }
        Ok(Request {
            fingerprint,
            deadline,
            known,
            turn,
        })
    }

    /// Does the work of a request, and keeps its outcome. `work` begins when the request is noted.
    ///
    /// # Errors
    /// Those of the work, and if the memory cannot be written: then the outcome is unknown.
    pub(in crate::service) async fn carry_out<T>(
        &self,
        request: &Request<'_>,
        work: impl Future<Output = Result<T, ServiceError>>,
        outcome: impl FnOnce(&T) -> Outcome,
    ) -> Result<T, ServiceError> {
        if request.is_done() {
            return work.await;
        }
        self.note(request, false, |_| {}).await?;
        match work.await {
            Ok(answer) => {
                match outcome(&answer) {
                    Outcome::Nothing if request.is_new() => self.forget(request).await,
                    Outcome::Nothing => {}
                    Outcome::Partly(figures) => self.keep(request, false, &figures).await?,
                    Outcome::Done(figures) => self.keep(request, true, &figures).await?,
                }
                Ok(answer)
            }
            Err(error) => {
                if request.is_new() && error.has_changed_nothing() {
                    self.forget(request).await;
                }
                Err(error)
            }
        }
    }

    /// Changes the figures of a request whose work goes step by step; returns what is known of it then. If another
    /// instance has done the request meanwhile, nothing changes.
    pub(in crate::service) async fn note(
        &self,
        request: &Request<'_>,
        is_done: bool,
        change: impl Fn(&mut Vec<u32>),
    ) -> Result<RememberedRequest, ServiceError> {
        let fingerprint = request.fingerprint;
        let now = self.now();
        self.change_memory(request, |memory| {
            let mut noted = match checked(memory.known(fingerprint)) {
                Err(error) => return Done::unchanged(Err(error)),
                Ok(Some(known)) if known.is_done => return Done::unchanged(Ok(known)),
                Ok(Some(known)) => known,
                // What an earlier release noted is in another part.
                Ok(None) => request.known.clone().unwrap_or_else(|| RememberedRequest {
                    request: fingerprint,
                    noted_at: now,
                    is_done: false,
                    figures: Vec::new(),
                }),
            };
            noted.request = fingerprint;
            let before = noted.clone();
            change(&mut noted.figures);
            noted.is_done = is_done;
            let write = noted != before || memory.known(fingerprint) == Known::No;
            memory.remember(noted.clone());
            Done {
                answer: Ok(noted),
                write,
            }
        })
        .await?
    }

    /// Keeps the outcome of work that has changed something. A figure never becomes smaller: of two tries at the same
    /// moment, the one that found nothing left to do must not hide what the other did.
    async fn keep(&self, request: &Request<'_>, is_done: bool, figures: &[u32]) -> Result<(), ServiceError> {
        let kept = self.note(request, is_done, |known| {
            known.resize(known.len().max(figures.len()), 0);
            for (known, figure) in known.iter_mut().zip(figures) {
                *known = (*known).max(*figure);
            }
        });
        kept.await.map_err(ServiceError::after_a_change)?;
        Ok(())
    }

    /// Makes the id of a request that changed nothing free again. If that fails, the id stays bound to the content.
    async fn forget(&self, request: &Request<'_>) {
        let forgotten = self.change_memory(request, |memory| {
            memory.forget(request.fingerprint);
            Done::written(())
        });
        if let Err(error) = forgotten.await {
            tracing::debug!(%error, "the id of a refused request stays in use");
        }
    }

    async fn change_memory<T>(
        &self,
        request: &Request<'_>,
        change: impl Fn(&mut RequestMemory) -> Done<T>,
    ) -> Result<T, ServiceError> {
        let keys = [key_of(self.tenant, request.fingerprint)];
        let mut changed = self
            .change_side_records(&keys, request.deadline, |_, memory| change(memory))
            .await;
        changed.pop().unwrap_or(Err(ServiceError::Internal))
    }
}

/// The part of the memory that the request belongs to.
fn key_of(tenant: TenantId, request: Fingerprint) -> SideKey {
    SideKey::of::<RequestMemory>(tenant, &MemoryPart::of(request))
}

fn checked(known: Known<'_>) -> Result<Option<RememberedRequest>, ServiceError> {
    match known {
        Known::No => Ok(None),
        Known::Same(request) => Ok(Some(request.clone())),
        Known::OtherContent => Err(ServiceError::ContentMismatch { field: "request_id" }),
    }
}
