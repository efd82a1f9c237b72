//! The warm-up of the gRPC edge: lookups of every kind, through the code that answers calls, before the server is ready.
//!
//! The first call would otherwise load code into memory and build the tables that are made on first use. No connection is
//! needed: the client of the contract calls the service as if it were one.

use super::servers::lookup_service_server::LookupServiceServer;
use super::services::GrpcServices;
use crate::api::{Api, warm_up_questions};
use crate::wire::v1::lookup_service_client::LookupServiceClient;

/// Asks every question. The `api` must be one whose metrics nobody reads, since the lookups are counted.
pub async fn warm_up(api: Api) {
    let mut lookups = LookupServiceClient::new(LookupServiceServer::new(GrpcServices(api)));
    for question in warm_up_questions() {
        // Some of the questions are wrong on purpose: their answer is an error.
        lookups.lookup(question).await.ok();
    }
}
