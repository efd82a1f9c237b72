//! The answer to a status that was set under a stronger rule says that it has no effect, and why.

use ringwarden::wire::Timestamp;
use ringwarden::wire::v1::{self, StatusKind};
use serde_json::json;

use super::{NUMBER, ask};
use crate::support::server::Server;

const KINDS: [StatusKind; 8] = [
    StatusKind::Protected,
    StatusKind::DoNotOriginate,
    StatusKind::Blocked,
    StatusKind::Allowed,
    StatusKind::VerifiedBusiness,
    StatusKind::SpoofedVictim,
    StatusKind::Reassigned,
    StatusKind::UnderDispute,
];

/// The statuses that decide on every call, and those that decide on some calls.
const ON_EVERY_CALL: usize = 3;
const ON_SOME_CALLS: usize = 6;

fn name(kind: StatusKind) -> &'static str {
    kind.as_str_name().strip_prefix("STATUS_KIND_").unwrap()
}

fn tomorrow() -> i64 {
    ringwarden::clock::Clock::system().now().millis() + 86_400_000
}

async fn set(server: &Server, number: &str, kind: StatusKind) -> v1::SetNumberStatusResponse {
    let request = v1::SetNumberStatusRequest {
        number: number.into(),
        kind: kind.into(),
        reason: "seen".into(),
        actor: "ana".into(),
        request_id: format!("{number} {kind:?}"),
        expires_at: Some(Timestamp::from_millis(tomorrow())),
        ..v1::SetNumberStatusRequest::default()
    };
    let first = server.numbers().set_number_status(request.clone()).await.unwrap();
    let again = server.numbers().set_number_status(request).await.unwrap();
    assert_eq!(first.get_ref(), again.get_ref());
    first.into_inner()
}

async fn decided(server: &Server, number: &str) -> (i32, i32) {
    let answer = server.lookups().lookup(ask(number, "")).await.unwrap().into_inner();
    (answer.action, answer.basis)
}

#[tokio::test]
async fn a_status_under_a_stronger_one_is_warned_about() {
    let server = Server::start().await;
    let mut number = 13_152_320_000_u64;
    for (stronger_place, stronger) in KINDS.into_iter().enumerate() {
        for weaker in &KINDS[stronger_place + 1..] {
            number += 1;
            let number = format!("+{number}");
            let first = set(&server, &number, stronger).await;
            assert_eq!((first.effective_status(), first.warning.as_str()), (stronger, ""));
            let before = decided(&server, &number).await;
            let second = set(&server, &number, *weaker).await;
            assert_eq!(second.effective_status(), stronger, "{weaker:?} under {stronger:?}");
            let warned = second.warning.contains(name(*weaker)) && second.warning.contains(name(stronger));
            assert_eq!(
                warned,
                stronger_place < ON_SOME_CALLS,
                "{stronger:?}: {}",
                second.warning
            );
            assert_eq!(second.warning.is_empty(), stronger_place >= ON_SOME_CALLS);
            if stronger_place < ON_EVERY_CALL {
                assert_eq!(decided(&server, &number).await, before, "{weaker:?} has an effect");
                assert!(second.warning.contains("no effect on calls:"), "{}", second.warning);
            }
            // The stronger one, set last, has an effect.
            let third = set(&server, &number.replace("+1315", "+1212"), *weaker).await;
            assert_eq!((third.effective_status(), third.warning.as_str()), (*weaker, ""));
        }
    }
}

#[tokio::test]
async fn a_status_under_a_list_is_warned_about() {
    let server = Server::start().await;
    for (place, kind, prefix_action, status) in [
        (1, "PROTECTED", None, StatusKind::Allowed),
        (2, "DO_NOT_ORIGINATE", None, StatusKind::Allowed),
        // An analyst who allows a number comes before a list of unassigned ones.
        (3, "UNASSIGNED", None, StatusKind::VerifiedBusiness),
        (4, "TENANT_BLOCK", None, StatusKind::Allowed),
        (5, "TENANT_PREFIX", Some("ACTION_LABEL"), StatusKind::Allowed),
    ] {
        let number = format!("+1415555010{place}");
        let mut entry = json!({ "number": number, "source": "ours", "enteredAt": "2026-01-01T00:00:00Z" });
        if let Some(action) = prefix_action {
            entry["action"] = json!(action);
        }
        let head = json!({ "kind": format!("LIST_KIND_{kind}"), "requestId": kind, "actor": "ana" });
        let list = json!({ "head": head, "entries": [entry] }).to_string();
        let replaced = server.request("PUT", &format!("/v1/lists/{kind}"), &list).await;
        assert_eq!(replaced.status, 200, "{replaced:?}");
        let before = decided(&server, &number).await;
        let answer = set(&server, &number, status).await;
        assert_eq!(answer.effective_status(), status);
        assert!(answer.warning.contains(kind), "{kind}: {}", answer.warning);
        assert_eq!(decided(&server, &number).await, before, "{kind}");
        if kind == "UNASSIGNED" {
            assert_eq!(set(&server, &number, StatusKind::Allowed).await.warning, "");
            assert_ne!(decided(&server, &number).await, before);
        }
        let protected = set(&server, &number, StatusKind::Protected).await;
        assert_eq!(protected.warning, "", "{kind}");
    }
}

/// A number on a list with a stronger status besides: the warning names the one that the policy asks first.
#[tokio::test]
async fn the_warning_names_the_list_or_the_status_that_really_decides() {
    let server = Server::start().await;
    for (n, kind, decider) in [
        (1, "PROTECTED", "list of kind PROTECTED"),
        (2, "DO_NOT_ORIGINATE", "list of kind DO_NOT_ORIGINATE"),
        (3, "TENANT_ALLOW", "list of kind TENANT_ALLOW"),
        (4, "TENANT_BLOCK", "list of kind TENANT_BLOCK"),
        (5, "UNASSIGNED", "also BLOCKED"),
    ] {
        let number = format!("+1415555017{n}");
        let entry = json!({ "number": number, "source": "agency", "enteredAt": "2026-01-01T00:00:00Z" });
        let head = json!({ "kind": format!("LIST_KIND_{kind}"), "requestId": kind, "actor": "ana" });
        let list = json!({ "head": head, "entries": [entry] }).to_string();
        let replaced = server.request("PUT", &format!("/v1/lists/{kind}"), &list).await;
        assert_eq!(replaced.status, 200, "{replaced:?}");
        set(&server, &number, StatusKind::Blocked).await;
        let warning = set(&server, &number, StatusKind::Allowed).await.warning;
        assert!(warning.contains(decider), "{kind}: {warning}");
        let warning = set(&server, &number, StatusKind::UnderDispute).await.warning;
        assert!(
            warning.contains(decider) && !warning.contains("is to decide"),
            "{kind}: {warning}"
        );
    }
}

/// The answer over JSON, as analysts' tools read it.
#[tokio::test]
async fn allowed_under_blocked_is_explained_in_json() {
    let server = Server::start().await;
    let path = format!("/v1/numbers/{NUMBER}:setStatus");
    let block = json!({ "kind": "STATUS_KIND_BLOCKED", "reason": "seen", "actor": "ana", "requestId": "1" });
    let end = Timestamp::from_millis(tomorrow());
    let allow = json!({ "kind": "STATUS_KIND_ALLOWED", "reason": "called", "actor": "ana", "requestId": "2",
        "expiresAt": serde_json::to_value(end).unwrap() });
    server.post(&path, &block.to_string()).await;
    let answer = server.post(&path, &allow.to_string()).await.json();
    assert_eq!(answer["effectiveStatus"], "STATUS_KIND_BLOCKED");
    assert_eq!(
        answer["warning"],
        "ALLOWED has no effect on calls: the number is also BLOCKED, which is stronger and decides. \
         Clear BLOCKED if ALLOWED is to decide."
    );
}
