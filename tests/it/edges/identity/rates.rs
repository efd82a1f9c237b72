//! How much a principal may ask for in a second, and a network without a credential.

use std::num::NonZeroU32;
use std::sync::Arc;

use ringwarden::api::{Api, ApiSettings, Authorization, RequestContext, RequestQuotas, Shown};
use ringwarden::clock::{Clock, monotonic};
use ringwarden::domain::identity::{Grants, Role};
use ringwarden::domain::quota::Quotas;
use ringwarden::metrics::EdgeLabel;
use ringwarden::store::memory::MemoryStore;
use ringwarden::wire::v1;
use serde_json::json;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use super::tokens::{bind, tokens};
use super::{ask, bearer, key, mutation, new_principal, principal};
use crate::support::instance::{Instance, evidence_version, noon, number};
use crate::support::oidc::{SigningKey, claims};
use crate::support::server::{Answer, Server};

const QUESTION: &str = r#"{"number": "+14155550199"}"#;
/// More requests than any quota of the tests.
const MANY: usize = 2_000;

/// A server with the principals `one`, `two` and `ana`, whose keys are 1, 2 and 3. Each class has this quota.
async fn server(per_second: u32) -> Server {
    let quota = NonZeroU32::new(per_second);
    let settings = ApiSettings {
        quotas: RequestQuotas {
            lookups: quota,
            reports: quota,
            other: quota,
            unauthenticated: quota,
        },
        ..ApiSettings::default()
    };
    let store = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let server = Server::with(Clock::system(), store, settings).await;
    server.instance.follower.bootstrap().await.unwrap();
    for (name, number) in [("one", 1), ("two", 2)] {
        principal(&server, name, Role::Carrier, Grants::default(), &key(number)).await;
    }
    principal(&server, "ana", Role::Analyst, Grants::default(), &key(3)).await;
    server
}

/// Sends the same request until it is refused because of a quota.
async fn until_refused(server: &Server, path: &str, lines: &str, body: &str, before: u16) -> Answer {
    for _ in 0..MANY {
        let answer = ask(server, "POST", path, lines, body).await;
        if answer.status == 429 {
            return answer;
        }
        assert_eq!(answer.status, before, "{answer:?}");
    }
    panic!("nothing was refused");
}

/// A message with a credential.
fn of<T>(number: u8, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {}", key(number).text());
    request.metadata_mut().insert("authorization", value.parse().unwrap());
    request
}

fn question() -> v1::LookupRequest {
    v1::LookupRequest {
        number: "+14155550199".into(),
        ..v1::LookupRequest::default()
    }
}

fn assert_over(status: &Status, quota: &str) {
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.metadata["quota"].as_str()),
        ("QUOTA_EXCEEDED", quota)
    );
    assert!(details.retry_info().unwrap().retry_delay.is_some());
}

#[tokio::test]
async fn a_principal_that_asks_too_much_costs_the_others_nothing() {
    let server = server(1).await;
    let one = bearer(&key(1).text());
    let refused = until_refused(&server, "/v1/lookup", &one, QUESTION, 200).await;
    assert!(refused.head.contains("retry-after: "), "{refused:?}");
    let error = refused.json();
    let text =
        "this principal has used up its quota of lookups and call outcomes: 1 in a second, and at most 10 at once";
    assert_eq!((&error["code"], &error["message"]), (&json!(8), &json!(text)));
    assert_eq!(error["details"][0]["reason"], "QUOTA_EXCEEDED");
    assert_eq!(error["details"][0]["metadata"], json!({"quota": "lookups"}));
    assert!(error["details"][1]["retryDelay"].is_string(), "{error}");

    // It is refused before its body is read, which never comes; and on the other edge too.
    let head = format!("POST /v1/lookup HTTP/1.1\r\nhost: localhost\r\n{one}content-type: application/json\r\n");
    let unread = format!("{head}connection: close\r\ncontent-length: 60000\r\n\r\n");
    let refused = async {
        loop {
            let answer = server.send(unread.as_bytes()).await.unwrap();
            if answer.status == 429 {
                break;
            }
        }
    };
    refused.await;
    let mut lookups = server.lookups();
    let mut status = None;
    for _ in 0..MANY {
        if let Err(refused) = lookups.lookup(of(1, question())).await {
            status = Some(refused);
            break;
        }
    }
    assert_over(&status.unwrap(), "lookups");

    // Others are answered, and so are its own requests of another class.
    let report = r#"{"number": "+14155550199", "category": "CATEGORY_PHISHING"}"#;
    let two = bearer(&key(2).text());
    assert_eq!(ask(&server, "POST", "/v1/lookup", &two, QUESTION).await.status, 200);
    assert_eq!(ask(&server, "POST", "/v1/reports", &one, report).await.status, 200);
    until_refused(&server, "/v1/reports", &one, report, 200).await;
    assert_eq!(ask(&server, "POST", "/v1/reports", &two, report).await.status, 200);
    let metrics = server.instance.services.metrics().render(monotonic());
    for reason in ["quota_lookups", "quota_reports"] {
        let none = format!("ringwarden_requests_refused_total{{edge=\"http\",reason=\"{reason}\"}} 0\n");
        assert!(!metrics.contains(&none), "{metrics}");
    }
    assert!(server.stop().await);
}

#[tokio::test]
async fn a_batch_costs_as_much_as_its_items() {
    let server = server(100).await;
    let mut lookups = server.lookups();
    // A full bucket is enough for the largest batch.
    let batch = |items| v1::BatchLookupRequest {
        requests: vec![question(); items],
    };
    lookups.batch_lookup(of(1, batch(1_000))).await.unwrap();
    assert_over(&lookups.batch_lookup(of(1, batch(1_000))).await.unwrap_err(), "lookups");
    lookups.batch_lookup(of(2, batch(1_000))).await.unwrap();

    let mut reports = server.reports();
    let report = v1::Report {
        number: "+14155550199".into(),
        callback_numbers: vec!["+14155550198".into(); 10],
        ..v1::Report::default()
    };
    let batch = v1::BatchSubmitReportsRequest {
        reports: vec![report.clone(); 80],
    };
    reports.batch_submit_reports(of(1, batch)).await.unwrap();
    let mut left = 0;
    let refused = loop {
        let request = v1::SubmitReportRequest {
            report: Some(report.clone()),
        };
        match reports.submit_report(of(1, request)).await {
            Err(status) if status.code() == Code::ResourceExhausted => break status,
            Err(status) => assert_eq!(status.code(), Code::InvalidArgument, "{status:?}"),
            Ok(_) => {}
        }
        left += 1;
        assert!(left < MANY);
    };
    assert_over(&refused, "reports");
    assert!(server.stop().await);
}

#[tokio::test]
async fn each_message_of_a_stream_costs_a_unit_and_the_stream_goes_on() {
    let server = server(1).await;
    let questions = tokio_stream::iter(vec![question(); MANY]);
    let mut answers = server
        .lookups()
        .stream_lookup(of(1, questions))
        .await
        .unwrap()
        .into_inner();
    let (mut answered, mut refused) = (0, 0);
    while let Some(answer) = answers.message().await.unwrap() {
        match answer.result.unwrap() {
            v1::stream_lookup_response::Result::Response(_) => answered += 1,
            v1::stream_lookup_response::Result::Error(error) => {
                assert_eq!(error.code, i32::from(Code::ResourceExhausted));
                assert!(error.retry_after.is_some(), "{error:?}");
                refused += 1;
            }
        }
    }
    assert_eq!(answered + refused, MANY);
    assert!(answered >= 9 && refused > 0, "{answered} {refused}");

    let outcome = v1::CallOutcome {
        call_id: "c".into(),
        ..v1::CallOutcome::default()
    };
    let outcomes = tokio_stream::iter(vec![outcome; MANY]);
    let counted = server.reports().submit_call_outcomes(of(2, outcomes)).await;
    let counted = counted.unwrap().into_inner();
    assert_eq!(counted.rejected, u32::try_from(MANY).unwrap(), "{counted:?}");
    let codes: Vec<i32> = counted.errors.iter().map(|error| error.code).collect();
    assert_eq!(codes.last(), Some(&i32::from(Code::ResourceExhausted)), "{codes:?}");
    assert!(server.stop().await);
}

#[tokio::test]
async fn the_entries_of_a_list_cost_units() {
    let server = server(1).await;
    let entries: Vec<_> = (0..20_000)
        .map(|n| {
            json!({
                "number": format!("+1415{n:07}"), "source": "test", "enteredAt": "2026-01-01T00:00:00Z",
            })
        })
        .collect();
    let body = json!({"head": {"kind": "LIST_KIND_DO_NOT_ORIGINATE", "requestId": "q"}, "entries": entries});
    let ana = bearer(&key(3).text());
    let refused = ask(&server, "PUT", "/v1/lists/l", &ana, &body.to_string()).await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(refused.json()["details"][0]["metadata"], json!({"quota": "other"}));
    assert!(server.stop().await);
}

#[tokio::test]
async fn a_network_that_guesses_is_refused_and_those_with_a_credential_are_not() {
    let server = server(1).await;
    let guess = bearer(&key(9).text());
    let refused = until_refused(&server, "/v1/lookup", &guess, QUESTION, 401).await;
    assert_eq!(
        refused.json()["details"][0]["metadata"],
        json!({"quota": "unauthenticated"})
    );
    let refused = until_refused(&server, "/v1/lookup", "", QUESTION, 401).await;
    assert!(refused.head.contains("retry-after: "), "{refused:?}");
    let mut status = None;
    for _ in 0..MANY {
        let refused = server.lookups().lookup(question()).await.unwrap_err();
        if refused.code() != Code::Unauthenticated {
            status = Some(refused);
            break;
        }
    }
    assert_over(&status.unwrap(), "unauthenticated");
    // The key of the same network, and probes, are answered.
    let one = bearer(&key(1).text());
    assert_eq!(ask(&server, "POST", "/v1/lookup", &one, QUESTION).await.status, 200);
    assert_eq!(server.get("/readyz").await.status, 200);
    assert!(server.stop().await);
}

/// The part of a principal is taken from the day of its tenant, and the others have the rest.
#[tokio::test]
async fn the_reports_of_a_principal_are_counted_as_its_own() {
    let store = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let quotas = Quotas {
        principal_daily: Some(3),
        ..Quotas::DEFAULT
    };
    let instance = Instance::with_quotas(store, Clock::fixed(noon()), quotas).await;
    let api = Api::new(Arc::clone(&instance.services));
    for (name, number) in [("one", 1), ("two", 2)] {
        let request = mutation(&format!("create-{name}"));
        let new = new_principal(name, Role::App, Grants::default(), &key(number));
        instance.services.principals.create(&new, &request).await.unwrap();
    }
    let submit = async |by: u8, reports: std::ops::Range<u64>| {
        let text = key(by).text();
        let (caller, _) = api.caller(&Shown {
            authorization: Authorization::Bearer(&text),
            certificate: None,
            client: None,
        });
        let context = RequestContext {
            caller,
            ..RequestContext::new(EdgeLabel::Grpc, monotonic())
        };
        let reports = reports.map(|n| v1::Report {
            number: number(n).to_string(),
            ..v1::Report::default()
        });
        let reports = reports.collect();
        let batch = v1::BatchSubmitReportsRequest { reports };
        let stored = api.batch_submit_reports(batch, &context).await.unwrap();
        (stored.accepted, stored.failed)
    };
    assert_eq!(submit(1, 0..5).await, (3, 2));
    assert_eq!(submit(1, 10..12).await, (0, 2));
    assert_eq!(submit(2, 20..22).await, (2, 0));
}

/// The check of a signature costs more than the refusal, so a flood of forged tokens is refused before it.
#[tokio::test]
async fn forged_tokens_are_not_checked_when_the_quota_of_their_network_is_used_up() {
    let clock = Clock::manual(noon());
    let (signing, stranger) = (SigningKey::es256(), SigningKey::es256());
    let settings = ApiSettings {
        quotas: RequestQuotas {
            lookups: None,
            reports: None,
            other: None,
            unauthenticated: NonZeroU32::new(1),
        },
        tokens: Some(tokens(&[signing.public("k1")], &clock)),
        ..ApiSettings::default()
    };
    let store = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let server = Server::with(clock, store, settings).await;
    server.instance.follower.bootstrap().await.unwrap();
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    principal(&server, "bob", Role::Analyst, Grants::default(), &key(2)).await;
    bind(&server, "bob", "sub-bob").await;
    let now = noon().millis() / 1_000;
    let known = bearer(&signing.token("k1", &claims("sub-bob", now)));
    assert_eq!(ask(&server, "GET", "/v1/caller", &known, "").await.status, 200);
    let forged = bearer(&stranger.token("k1", &claims("sub-bob", now)));
    let mut is_unchecked = false;
    for _ in 0..MANY {
        let answer = ask(&server, "GET", "/v1/caller", &forged, "").await;
        is_unchecked = answer.status == 429 && answer.body.contains("was not checked");
        if is_unchecked {
            assert!(answer.body.contains("QUOTA_EXCEEDED"), "{answer:?}");
            break;
        }
        assert!(matches!(answer.status, 401 | 429), "{answer:?}");
    }
    assert!(is_unchecked);
    // Neither a token that was checked before nor a key waits for that.
    assert_eq!(ask(&server, "GET", "/v1/caller", &known, "").await.status, 200);
    let metrics = ask(&server, "GET", "/metrics", &bearer(&key(1).text()), "").await.body;
    let line = "ringwarden_refused_credentials_total{reason=\"not_checked\"}";
    assert!(metrics.contains(line), "{metrics}");
    assert!(server.stop().await);
}
