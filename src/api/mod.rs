//! The contract without a transport: one method of [`Api`] for each method of package `ringwarden.v1`.
//!
//! A handler takes a message and the [`RequestContext`], checks the shape of the message (required fields, types, lengths,
//! enum values), calls the service, which checks the meaning, and converts the result to a message. Both edges call these
//! handlers, so both give the same answers. Errors are [`ApiError`]s, made from the service's errors in one table.

mod access;
mod admission;
mod audit;
mod call_outcome;
mod case;
mod comparison;
mod context;
mod convert;
mod deadline;
mod error;
mod export;
mod field_names;
mod identify;
mod list;
mod lookup;
mod note;
mod number;
mod principal;
mod rates;
mod readiness;
mod reason;
mod report;
mod sharing;
mod turns;
mod warm_up;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::admission::Admissions;
use crate::clock::{Clock, Pace};
use crate::decision_log::DecisionLog;
use crate::index::Freshness;
use crate::metrics::{Metrics, MutationLabel, MutationOutcomeLabel};
use crate::service::{Cases, Lists, Lookups, Notes, Numbers, Reports, ServiceError, Services, TenantServices};
use crate::tokens::Tokens;

pub use crate::domain::identity::{Caller, CertificateHash};
pub use crate::domain::list::MAX_PART_ENTRIES;
pub use crate::domain::quota::RequestQuotas;
pub use crate::service::Violation;
pub use access::{ACCESS, Access, changes};
pub use admission::Admitted;
pub use context::{Permit, RequestContext};
pub use error::{ApiError, Code};
pub use field_names::{json_name, rename_fields};
pub use identify::{Admission, Authorization, Shown};
pub use readiness::Readiness;
pub use reason::{ErrorReason, REASON_DOMAIN};
pub use warm_up::warm_up_questions;

/// The default for the heavy requests in progress: as many as a few connections may have, and no more than wait a few seconds.
const MAX_HEAVY_REQUESTS: usize = 1_024;
/// How long a client should wait if other heavy requests are in progress.
const HEAVY_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The handlers of the contract. Clones share everything; a request makes several, so a clone is one counter.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

/// The settings of the handlers.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// Who may use the server.
    pub admission: Admission,
    /// Requests of heavy work at a time.
    pub heavy_requests: usize,
    /// How much clients may ask for in a second.
    pub quotas: RequestQuotas,
    /// What reads the tokens of an OpenID provider; none if they are not accepted.
    pub tokens: Option<Arc<Tokens>>,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            admission: Admission::default(),
            heavy_requests: MAX_HEAVY_REQUESTS,
            quotas: RequestQuotas::DEFAULT,
            tokens: None,
        }
    }
}

/// What clones of an [`Api`] share.
struct Shared {
    services: Arc<Services>,
    /// Whether the services are those of a store that is not open yet.
    waiting: bool,
    /// Who may use the server.
    admission: Admission,
    /// What clients have used of their quotas.
    rates: rates::Rates,
    /// What reads the tokens of an OpenID provider; none if they are not accepted.
    tokens: Option<Arc<Tokens>>,
    /// Where decisions are logged; none if they are not.
    decision_log: Option<Arc<DecisionLog>>,
    /// Set when the server announces its shutdown: it is no longer ready.
    leaving: AtomicBool,
    /// Cancelled when the server shuts down: it ends streams that would stay open.
    draining: CancellationToken,
    /// Lets few lines into the log about requests that their caller's roles do not allow.
    denials: Pace,
    /// The heavy requests in progress.
    heavy: Admissions,
    /// One permit for each list that is being replaced by a complete upload.
    replacing: Semaphore,
    /// One permit for each export in progress; a stream holds it.
    exports: Admissions,
    /// One permit for each comparison of the index with the store.
    comparisons: Semaphore,
    /// One permit for each batch of lookups that is being answered.
    batches: Semaphore,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Api")
    }
}

impl Api {
    /// Handlers over the services, open to everybody until the store has a principal. Decisions are not logged.
    #[must_use]
    pub fn new(services: Arc<Services>) -> Self {
        Self::with_settings(services, None, ApiSettings::default())
    }

    /// Handlers over the services, which log decisions and work at so many heavy requests at the same time.
    #[must_use]
    pub fn with_settings(
        services: Arc<Services>,
        decision_log: Option<Arc<DecisionLog>>,
        settings: ApiSettings,
    ) -> Self {
        Self::over(services, decision_log, settings, false)
    }

    /// Handlers of a server whose store is not open yet: everything but the health of the server is answered with
    /// `INDEX_LOADING`. The index of `services` is never loaded, and their keys are not those of the store.
    #[must_use]
    pub fn waiting(services: Arc<Services>, admission: Admission) -> Self {
        let settings = ApiSettings {
            admission,
            ..ApiSettings::default()
        };
        Self::over(services, None, settings, true)
    }

    fn over(
        services: Arc<Services>,
        decision_log: Option<Arc<DecisionLog>>,
        ApiSettings {
            admission,
            heavy_requests,
            quotas,
            tokens,
        }: ApiSettings,
        waiting: bool,
    ) -> Self {
        Self(Arc::new(Shared {
            services,
            waiting,
            admission,
            rates: rates::Rates::new(quotas),
            tokens,
            decision_log,
            leaving: AtomicBool::new(false),
            draining: CancellationToken::new(),
            denials: Pace::default(),
            heavy: Admissions::new(heavy_requests),
            replacing: Semaphore::new(list::MAX_REPLACED_AT_ONCE),
            exports: Admissions::new(export::MAX_EXPORTS),
            comparisons: Semaphore::new(comparison::MAX_COMPARISONS),
            batches: Semaphore::new(lookup::batches_at_once()),
        }))
    }

    /// Admits a heavy request whose message was read, until the returned permit is dropped. The edges ask for each method that
    /// is not a lookup. Streams have limits of their own.
    ///
    /// # Errors
    /// If as many are in progress as the server works at, or if its connection or its principal has a quarter of them; nothing
    /// was done then.
    pub fn admit_heavy(&self, context: &RequestContext) -> Result<Admitted, ApiError> {
        let busy = ServiceError::Exhausted {
            retry_after: HEAVY_RETRY_AFTER,
        };
        self.0.heavy.admit(context).ok_or_else(|| busy.into())
    }

    /// Says from now on that the server is not ready, since it will shut down. It still answers.
    pub fn announce_shutdown(&self) {
        self.0.leaving.store(true, Ordering::Release);
    }

    /// Ends the open streams, since the server shuts down.
    pub fn drain(&self) {
        self.0.draining.cancel();
    }

    /// How fresh the index is.
    #[must_use]
    pub fn freshness(&self) -> &Freshness {
        self.0.services.freshness()
    }

    /// The metrics of the server.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        self.0.services.metrics()
    }

    fn clock(&self) -> &Clock {
        self.0.services.clock()
    }

    /// Lookups and call outcomes, once the index is loaded.
    fn lookups(&self) -> Result<&Lookups, ApiError> {
        Ok(&self.ready()?.lookups)
    }

    /// Decisions of the past. They need the keys of the store. Without an index, only what their ids seal is known of them.
    fn decisions(&self) -> Result<&Lookups, ApiError> {
        if self.0.waiting {
            return Err(ServiceError::IndexLoading.into());
        }
        Ok(&self.0.services.lookups)
    }

    /// Reports of the caller's tenant, once the index is loaded.
    fn reports(&self, context: &RequestContext) -> Result<&Reports, ApiError> {
        Ok(&self.tenant(context)?.reports)
    }

    /// Numbers of the caller's tenant, once the index is loaded.
    fn numbers(&self, context: &RequestContext) -> Result<&Numbers, ApiError> {
        Ok(&self.tenant(context)?.numbers)
    }

    /// Cases of the caller's tenant, once the index is loaded.
    fn cases(&self, context: &RequestContext) -> Result<&Cases, ApiError> {
        Ok(&self.tenant(context)?.cases)
    }

    /// Lists of the caller's tenant, once the index is loaded.
    fn lists(&self, context: &RequestContext) -> Result<&Lists, ApiError> {
        Ok(&self.tenant(context)?.lists)
    }

    /// Notes of the caller's tenant, once the index is loaded.
    fn notes(&self, context: &RequestContext) -> Result<&Notes, ApiError> {
        Ok(&self.tenant(context)?.notes)
    }

    /// The services of the caller's tenant, once the index is loaded.
    fn tenant(&self, context: &RequestContext) -> Result<&TenantServices, ApiError> {
        Ok(self.ready()?.of(context.caller.tenant())?)
    }

    /// The services. Before the index is loaded an answer would be a guess.
    fn ready(&self) -> Result<&Services, ApiError> {
        if self.freshness().is_ready() {
            Ok(&self.0.services)
        } else {
            Err(ServiceError::IndexLoading.into())
        }
    }

    /// Brings the index up to date before an analyst's read, so that it finds what another instance has just stored. Lookups
    /// do not: they never wait for the store. False if it may still lack changes that were acknowledged before.
    async fn refresh(&self) -> bool {
        self.0.services.refresh().await
    }

    /// Runs a mutation and counts its outcome.
    fn mutate<T>(
        &self,
        method: MutationLabel,
        mutation: impl Future<Output = Result<T, ApiError>>,
    ) -> impl Future<Output = Result<T, ApiError>> {
        // Boxed, since the futures of changes are large, and each layer around them would hold them.
        let mutation = Box::pin(mutation);
        async move {
            let result = or_outcome_unknown(mutation).await;
            self.metrics().mutation(method, counted_as(result.as_ref().err()));
            result
        }
    }
}

/// Runs work that changes something. After a panic nobody knows whether the change was committed: the client must send
/// the request again with the same id.
async fn or_outcome_unknown<T>(work: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_panic| {
        tracing::error!("a change panicked: its outcome is unknown");
        Err(ServiceError::OutcomeUnknown.into())
    })
}

/// The label of a mutation that ended with this error, or with none.
fn counted_as(error: Option<&ApiError>) -> MutationOutcomeLabel {
    let Some(error) = error else {
        return MutationOutcomeLabel::Done;
    };
    match error.code() {
        Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition | Code::OutOfRange => {
            MutationOutcomeLabel::Rejected
        }
        Code::AlreadyExists | Code::Aborted | Code::ResourceExhausted => MutationOutcomeLabel::Conflict,
        Code::Unavailable if error.reason() == Some(ErrorReason::OutcomeUnknown) => {
            MutationOutcomeLabel::OutcomeUnknown
        }
        Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::PermissionDenied
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => MutationOutcomeLabel::Unavailable,
    }
}
