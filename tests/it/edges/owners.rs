//! The owner of a number in the answers of both edges, and the name that a switch may show.

use ringwarden::wire::v1;
use serde_json::{Value, json};

use super::ask;
use crate::support::server::Server;

const OWNED: &str = "+18005550199";
const INBOUND: &str = "+18005550198";

async fn with_owners() -> Server {
    let server = Server::start().await;
    let entry = |number: &str, calls: &str| {
        json!({
            "number": number,
            "source": "registry",
            "enteredAt": "2026-01-01T00:00:00Z",
            "owner": { "organisation": "Bank of Examples", "brand": "BoE", "calls": calls },
        })
    };
    let entries = [
        entry(OWNED, "OWNER_CALLS_YES"),
        entry(INBOUND, "OWNER_CALLS_NEVER"),
        entry("+18005550196", "OWNER_CALLS_SIGNED"),
    ];
    let head = json!({ "kind": "LIST_KIND_KNOWN_OWNER", "requestId": "r", "actor": "ana" });
    let list = json!({ "head": head, "entries": entries }).to_string();
    let replaced = server.request("PUT", "/v1/lists/owners", &list).await;
    assert_eq!(replaced.status, 200, "{replaced:?}");
    server
}

fn expected() -> Value {
    json!({
        "organisation": "Bank of Examples",
        "brand": "BoE",
        "calls": "OWNER_CALLS_YES",
        "source": "registry",
        "asOf": "2026-01-01T00:00:00Z",
    })
}

#[tokio::test]
async fn the_owner_is_in_lookups_and_in_the_dossier() {
    let server = with_owners().await;
    let answer = server.post("/v1/lookup", &json!({ "number": OWNED }).to_string()).await;
    assert_eq!(answer.json()["owner"], expected());
    assert_eq!(answer.json()["callerName"], "Bank of Example");
    let dossier = server.get(&format!("/v1/numbers/{OWNED}")).await;
    assert_eq!(dossier.json()["owner"], expected());
    let spoofed = v1::LookupRequest {
        attestation: v1::Attestation::C.into(),
        ..ask(OWNED, "")
    };
    let spoofed = server.lookups().lookup(spoofed).await.unwrap().into_inner();
    assert_eq!(
        (spoofed.action(), spoofed.basis()),
        (v1::Action::Label, v1::Basis::KnownOwner)
    );
    assert!(spoofed.spoof_suspected && spoofed.owner_protected && spoofed.caller_name.is_empty());
    assert_eq!(spoofed.owner.unwrap().organisation, "Bank of Examples");
    let basic = json!({ "number": OWNED, "view": "VIEW_BASIC" }).to_string();
    let basic = server.post("/v1/lookup", &basic).await.json();
    assert_eq!(
        (&basic["callerName"], basic.get("owner")),
        (&json!("Bank of Example"), None)
    );
}

#[tokio::test]
async fn the_name_on_the_screen_is_the_owners_unless_another_party_shows_the_number() {
    let server = with_owners().await;
    for (query, name) in [
        ("", "Bank of Example"),
        ("?attestation=ATTESTATION_A&verstat=VERSTAT_PASSED", "Bank of Example"),
        ("?attestation=ATTESTATION_B", ""),
        ("?attestation=ATTESTATION_C", "SPOOF LIKELY"),
        ("?verstat=VERSTAT_FAILED", "SPOOF LIKELY"),
    ] {
        let answer = server.get(&format!("/v1/cid/{OWNED}{query}")).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, name), "{query}");
    }
    let inbound = server.get(&format!("/v1/cid/{INBOUND}")).await;
    assert_eq!(inbound.body, "SPOOF LIKELY", "its owner never calls");
}

#[tokio::test]
async fn a_status_under_a_list_that_decides_first_is_warned_about() {
    let server = with_owners().await;
    let tomorrow = ringwarden::clock::Clock::system().now().millis() + 86_400_000;
    for (number, kind, names_the_list) in [
        (OWNED, v1::StatusKind::Allowed, false),
        (OWNED, v1::StatusKind::SpoofedVictim, false),
        (INBOUND, v1::StatusKind::Allowed, true),
        ("+18005550197", v1::StatusKind::VerifiedBusiness, false),
        ("+18005550196", v1::StatusKind::VerifiedBusiness, true),
    ] {
        let request = v1::SetNumberStatusRequest {
            number: number.into(),
            kind: kind.into(),
            reason: "seen".into(),
            actor: "ana".into(),
            request_id: format!("{number} {kind:?}"),
            expires_at: Some(ringwarden::wire::Timestamp::from_millis(tomorrow)),
            ..v1::SetNumberStatusRequest::default()
        };
        let answer = server.numbers().set_number_status(request).await.unwrap().into_inner();
        let warning = answer.warning;
        assert_eq!(
            warning.contains("KNOWN_OWNER"),
            names_the_list,
            "{number} {kind:?}: {warning}"
        );
    }
}
