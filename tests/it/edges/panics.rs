//! A panic in a handler: the client gets an error, and the server goes on.

use std::sync::Arc;

use ringwarden::store::Store;
use ringwarden::store::memory::MemoryStore;
use ringwarden::wire::v1;
use serde_json::json;
use tonic::Code;

use super::{NUMBER, ask};
use crate::support::flaky::{Fault, Flaky};
use crate::support::instance::evidence_version;
use crate::support::server::Server;

#[tokio::test]
async fn a_panic_fails_one_request_and_the_server_goes_on() {
    let memory = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let flaky = Arc::new(Flaky::new(memory));
    let server = Server::over(Arc::clone(&flaky) as Arc<dyn Store>).await;
    server.instance.follower.bootstrap().await.unwrap();
    let of_number = || v1::ListReportsRequest {
        number: NUMBER.into(),
        ..v1::ListReportsRequest::default()
    };
    let path = format!("/v1/numbers/{NUMBER}/reports");

    flaky.always(Some(Fault::Panic));
    for _ in 0..2 {
        let status = server.reports().list_reports(of_number()).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Internal, "internal error"));
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 500, "{answer:?}");
        assert!(answer.head.contains("content-type: application/json"), "{answer:?}");
        assert_eq!(answer.json(), json!({ "code": 13, "message": "internal error" }));
        assert!(server.lookups().lookup(ask(NUMBER, "")).await.is_ok());
    }

    flaky.always(None);
    assert!(server.reports().list_reports(of_number()).await.is_ok());
    assert_eq!(server.get(&path).await.status, 200);
    assert!(server.stop().await);
}
