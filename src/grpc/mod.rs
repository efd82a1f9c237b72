//! The gRPC edge: decode, call the service, convert.
//!
//! Handlers are thin. What a request must hold is checked in `convert`, where protobuf becomes domain and back;
//! which status an error becomes is said once, in `error`; how the server is set up is in [`server`]. The JSON edge
//! calls the same handlers, so that both edges give the same answers.

mod case;
mod convert;
mod deadline;
pub(crate) mod error;
mod list;
mod lookup;
mod number;
mod outcome;
mod rehearsal;
mod report;
pub mod server;

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::{Response, Status};

use crate::metrics::{Mutation, MutationOutcome};
use crate::service::{Service, ServiceError};

pub use deadline::Arrived;
pub use rehearsal::rehearse;
pub use server::{Limits, serve};

/// The handlers of every service of the contract. Clones share everything.
#[derive(Clone)]
pub struct Api {
    service: Arc<Service>,
    /// Cancelled when the server is asked to end: streams that would live on are ended then.
    draining: CancellationToken,
    /// A place for each list that is coming in.
    uploads: Arc<Semaphore>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Api")
    }
}

impl Api {
    /// Handlers over a service.
    #[must_use]
    pub fn new(service: Arc<Service>) -> Self {
        Self {
            service,
            draining: CancellationToken::new(),
            uploads: Arc::new(Semaphore::new(list::MAX_UPLOADS)),
        }
    }

    /// The service behind the handlers.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The service, once its index is loaded: before that every answer would be a guess.
    fn ready(&self) -> Result<&Service, ServiceError> {
        if self.service.follower().freshness().is_ready() {
            Ok(&self.service)
        } else {
            Err(ServiceError::Loading)
        }
    }

    /// Does a mutation and counts what it came to.
    async fn mutate<T>(
        &self,
        method: Mutation,
        mutation: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<Response<T>, Status> {
        let result = mutation.await;
        self.service.metrics().mutation(method, counted_as(result.as_ref()));
        respond(result)
    }
}

fn respond<T>(result: Result<T, ServiceError>) -> Result<Response<T>, Status> {
    result.map(Response::new).map_err(|error| error::status(&error))
}

fn counted_as<T>(result: Result<&T, &ServiceError>) -> MutationOutcome {
    match result {
        Ok(_) => MutationOutcome::Done,
        Err(ServiceError::Invalid(_) | ServiceError::NotFound { .. } | ServiceError::Precondition(_)) => {
            MutationOutcome::Rejected
        }
        Err(
            ServiceError::AlreadyExists { .. }
            | ServiceError::Stale { .. }
            | ServiceError::Exhausted { .. }
            | ServiceError::OverQuota { .. },
        ) => MutationOutcome::Conflict,
        Err(ServiceError::Unavailable | ServiceError::Loading | ServiceError::OtherFold | ServiceError::Internal) => {
            MutationOutcome::Unavailable
        }
        Err(ServiceError::OutcomeUnknown) => MutationOutcome::OutcomeUnknown,
    }
}
