//! Streams whose caller loses its credential on the way, and how many heavy requests a principal may have in progress.

use std::sync::Arc;

use futures_util::StreamExt as _;
use ringwarden::api::{Api, ApiError, ApiSettings, Authorization, Code, RequestContext, Shown};
use ringwarden::clock::monotonic;
use ringwarden::domain::identity::{Grants, Role};
use ringwarden::metrics::EdgeLabel;
use ringwarden::wire::{Timestamp, v1};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{key, mutation, principal};
use crate::support::server::Server;

/// A server with an administrator, whose key is 1, and a principal of this role, whose key is 2.
async fn server(name: &str, role: Role) -> Server {
    let server = Server::start().await;
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    principal(&server, name, role, Grants::default(), &key(2)).await;
    server
}

/// The handlers of the server, with a bound on heavy requests.
fn api(server: &Server, heavy_requests: usize) -> Api {
    let settings = ApiSettings {
        heavy_requests,
        ..ApiSettings::default()
    };
    Api::with_settings(Arc::clone(&server.instance.services), None, settings)
}

/// A request with this key, as the edges let it through.
fn let_through(api: &Api, number: u8, service: &str, method: &str) -> RequestContext {
    let text = key(number).text();
    let mut context = RequestContext::new(EdgeLabel::Grpc, monotonic());
    context.permit.generation = api.generation();
    (context.caller, context.refused) = api.caller(&Shown {
        authorization: Authorization::Bearer(&text),
        certificate: None,
        client: None,
    });
    api.authorize(&mut context, service, method).unwrap();
    context
}

async fn revoke(server: &Server) {
    let principals = &server.instance.services.principals;
    let request = mutation("revoke");
    principals.revoke_key(key(2).id(), "left", &request).await.unwrap();
}

/// The parts of an upload.
fn list() -> [v1::ReplaceListRequest; 3] {
    use v1::replace_list_request::Part;
    let entries = |number: &str| {
        Part::Entries(v1::ListEntries {
            entries: vec![v1::ListEntry {
                number: number.into(),
                source: "test".into(),
                entered_at: Some(Timestamp::from_millis(1_700_000_000_000)),
                ..v1::ListEntry::default()
            }],
        })
    };
    let head = Part::Head(v1::ListHead {
        list_id: "dno".into(),
        kind: v1::ListKind::DoNotOriginate.into(),
        request_id: "r".into(),
        ..v1::ListHead::default()
    });
    let parts = [head, entries("+14155550198"), entries("+14155550199")];
    parts.map(|part| v1::ReplaceListRequest { part: Some(part) })
}

#[tokio::test]
async fn an_upload_ends_with_its_credential() {
    // The credential ends before a part, or before the end of the stream.
    for sent_before in [2, 3] {
        let server = server("ana", Role::Analyst).await;
        let api = api(&server, 8);
        let context = let_through(&api, 2, "ListService", "ReplaceList");
        let (parts, stream) = mpsc::channel::<Result<_, ApiError>>(1);
        let uploading = api.replace_list(ReceiverStream::new(stream), &context);
        let sending = async {
            for (n, part) in list().into_iter().enumerate() {
                if n == sent_before {
                    // There is room again when the part before was taken.
                    drop(parts.reserve().await.unwrap());
                    revoke(&server).await;
                }
                parts.send(Ok(part)).await.unwrap();
            }
            if sent_before == 3 {
                drop(parts.reserve().await.unwrap());
                revoke(&server).await;
            }
            drop(parts);
        };
        let (uploaded, ()) = tokio::join!(uploading, sending);
        let refused = uploaded.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{refused:?}");
        assert!(server.instance.services.lists.all().is_empty());
    }
}

#[tokio::test]
async fn call_outcomes_end_with_their_credential() {
    let server = server("switch", Role::Carrier).await;
    let api = api(&server, 8);
    let context = let_through(&api, 2, "ReportService", "SubmitCallOutcomes");
    let (outcomes, stream) = mpsc::channel::<Result<_, ApiError>>(1);
    let counting = api.submit_call_outcomes(ReceiverStream::new(stream), &context);
    let outcome = |call: u32| v1::CallOutcome {
        number: "+14155550199".into(),
        call_id: format!("call-{call}"),
        ..v1::CallOutcome::default()
    };
    let sending = async {
        outcomes.send(Ok(outcome(1))).await.unwrap();
        drop(outcomes.reserve().await.unwrap());
        revoke(&server).await;
        outcomes.send(Ok(outcome(2))).await.unwrap();
        // The stream ends although its client would go on.
        outcomes.closed().await;
    };
    let (counted, ()) = tokio::join!(counting, sending);
    let refused = counted.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused:?}");
}

#[tokio::test]
async fn an_export_ends_with_its_credential() {
    let server = server("ana", Role::Analyst).await;
    let api = api(&server, 8);
    let context = let_through(&api, 2, "ReportService", "ExportReports");
    let parts = api.export_reports(v1::ExportReportsRequest::default(), &context).await;
    let mut parts = std::pin::pin!(parts.unwrap());
    let first: Result<v1::ExportReportsResponse, ApiError> = parts.next().await.unwrap();
    assert_eq!(first.unwrap().total, None, "there is more to come");
    revoke(&server).await;
    let refused = parts.next().await.unwrap().unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused:?}");
    assert!(parts.next().await.is_none());
}

/// A watch of the health needs no credential, so it does not end with one.
#[tokio::test]
async fn a_watch_of_the_health_outlives_the_credential_of_its_client() {
    let server = server("switch", Role::Carrier).await;
    let mut request = Request::new(HealthCheckRequest::default());
    let value = format!("Bearer {}", key(2).text());
    request.metadata_mut().insert("authorization", value.parse().unwrap());
    let mut watch = HealthClient::new(server.channel.clone())
        .watch(request)
        .await
        .unwrap()
        .into_inner();
    let is_serving = |status| status == ServingStatus::Serving;
    assert!(is_serving(watch.message().await.unwrap().unwrap().status()));
    revoke(&server).await;
    server.request_shutdown();
    let last = watch.message().await.unwrap().unwrap().status();
    assert_eq!(last, ServingStatus::NotServing);
}

#[tokio::test]
async fn a_principal_has_a_quarter_of_the_heavy_requests_over_all_its_connections() {
    let server = server("ana", Role::Analyst).await;
    let api = api(&server, 8);
    let of = |number: u8, edge: EdgeLabel, connection: u64| RequestContext {
        connection: Some((edge, connection)),
        ..let_through(&api, number, "NumberService", "ListNumbers")
    };
    let admitted = |context: &RequestContext| api.admit_heavy(context).ok();
    let first = admitted(&of(2, EdgeLabel::Grpc, 1));
    let second = admitted(&of(2, EdgeLabel::Http, 1));
    assert!(first.is_some() && second.is_some());
    let third = of(2, EdgeLabel::Grpc, 2);
    let refused = api.admit_heavy(&third).err().unwrap();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    // Others are admitted, and the refused request has counted nowhere.
    assert!(admitted(&of(1, EdgeLabel::Grpc, 2)).is_some());
    drop(second);
    assert!(admitted(&third).is_some());
    drop(first);
    let those: Vec<_> = (0..3).map(|_| admitted(&third)).collect();
    assert_eq!(those.iter().flatten().count(), 2);
}
