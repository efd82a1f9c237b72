//! What an app shows: the display of an answer, the categories, and no accusation of those who are vouched for.

use ringwarden::domain::time::{DAY_MS, Timestamp};
use serde_json::{Value, json};

use crate::support::server::{Answer, Server};

const NUMBER: &str = "+14155550123";
const LANGUAGES: [&str; 5] = ["en", "de", "es", "fr", "hi"];

async fn send(server: &Server, method: &str, path: &str, body: &Value) -> Value {
    let answer = server.request(method, path, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

async fn look_up(server: &Server, question: &Value) -> Value {
    send(server, "POST", "/v1/lookup", question).await
}

/// Reports by an analyst of calls of a false bank.
async fn accuse(server: &Server) {
    let yesterday = Timestamp::from_millis(server.instance.clock.now().millis() - DAY_MS);
    for n in 0..20 {
        let report = json!({
            "reportId": format!("r{n}"), "number": NUMBER, "category": "CATEGORY_BANK_IMPERSONATION",
            "source": "SOURCE_ANALYST", "impersonatedBrand": "First Bank", "occurredAt": yesterday.to_string(),
        });
        send(server, "POST", "/v1/reports", &report).await;
    }
}

async fn set(server: &Server, kind: &str, valid_for: Option<&str>) {
    let set = json!({ "kind": kind, "reason": "seen", "actor": "ana", "requestId": kind, "validFor": valid_for });
    send(server, "POST", &format!("/v1/numbers/{NUMBER}:setStatus"), &set).await;
}

#[tokio::test]
async fn every_answer_in_full_says_what_to_show_in_the_language_of_the_request() {
    let server = Server::start().await;
    let unknown = look_up(&server, &json!({ "number": NUMBER })).await;
    assert_eq!(
        unknown["display"],
        json!({ "class": "DISPLAY_CLASS_NEUTRAL", "sentence": "Nothing is known about this number." })
    );
    set(&server, "STATUS_KIND_BLOCKED", None).await;
    let mut sentences = std::collections::HashSet::new();
    for language in LANGUAGES {
        let blocked = look_up(&server, &json!({ "number": NUMBER, "language": language })).await;
        let display = &blocked["display"];
        assert_eq!(
            (&display["shortName"], &display["class"], &display["severity"]),
            (&json!("SPAM LIKELY"), &json!("DISPLAY_CLASS_DANGER"), &json!(3))
        );
        assert_eq!(display["shortName"], blocked["sip"]["displayName"]);
        sentences.insert(display["sentence"].as_str().unwrap().to_owned());
        sentences.insert(blocked["reasons"][0]["detail"].as_str().unwrap().to_owned());
    }
    assert_eq!(sentences.len(), 2 * LANGUAGES.len(), "{sentences:?}");
    let basic = look_up(&server, &json!({ "number": NUMBER, "view": "VIEW_BASIC" })).await;
    assert!(basic["display"].is_null(), "{basic}");
}

#[tokio::test]
async fn a_number_that_an_analyst_vouches_for_is_not_accused() {
    let server = Server::start().await;
    accuse(&server).await;
    let accused = look_up(&server, &json!({ "number": NUMBER })).await;
    assert_eq!(accused["category"], "CATEGORY_BANK_IMPERSONATION", "{accused}");
    assert_eq!(accused["impersonatedBrand"], "First Bank");

    set(&server, "STATUS_KIND_ALLOWED", Some("86400s")).await;
    let trusted = look_up(&server, &json!({ "number": NUMBER })).await;
    assert_eq!(
        (&trusted["riskLevel"], &trusted["action"]),
        (&json!("RISK_LEVEL_TRUSTED"), &json!("ACTION_ALLOW"))
    );
    assert_no_accusation(&trusted);
    assert_eq!(
        trusted["display"],
        json!({ "class": "DISPLAY_CLASS_TRUSTED", "sentence": "This number is known and trusted." })
    );
}

fn assert_no_accusation(answer: &Value) {
    for field in ["category", "categoryConfidence", "impersonatedBrand", "advice", "cases"] {
        assert!(answer[field].is_null(), "{field}: {answer}");
    }
    let reasons = answer["reasons"].as_array().cloned().unwrap_or_default();
    assert!(reasons.iter().all(|reason| reason["code"] != "CASE_LINK"), "{answer}");
    assert!(answer["display"]["severity"].is_null(), "{answer}");
}

/// Links the number to a case of a false bank.
async fn link(server: &Server, role: &str) {
    let case = json!({
        "title": "False bank", "category": "CATEGORY_BANK_IMPERSONATION", "impersonatedBrand": "First Bank",
        "status": "CASE_STATUS_CORROBORATED", "source": "SOURCE_LAW_ENFORCEMENT", "caseId": "bank", "actor": "ana",
        "requestId": "case",
    });
    send(server, "POST", "/v1/cases", &case).await;
    let link = json!({ "number": NUMBER, "role": role, "confidence": 1.0, "source": "SOURCE_LAW_ENFORCEMENT" });
    let links = json!({ "links": [link], "actor": "ana", "requestId": "link" });
    send(server, "POST", "/v1/cases/bank:linkNumbers", &links).await;
}

#[tokio::test]
async fn the_answer_for_a_trusted_or_protected_number_names_no_case() {
    for (kind, valid_for) in [("STATUS_KIND_ALLOWED", Some("86400s")), ("STATUS_KIND_PROTECTED", None)] {
        for role in ["CASE_ROLE_CALLER_ID", "CASE_ROLE_SPOOFED_VICTIM"] {
            let server = Server::start().await;
            link(&server, role).await;
            let accused = look_up(&server, &json!({ "number": NUMBER })).await;
            assert_eq!(accused["cases"][0]["impersonatedBrand"], "First Bank", "{accused}");
            set(&server, kind, valid_for).await;
            assert_no_accusation(&look_up(&server, &json!({ "number": NUMBER })).await);
        }
    }
}

/// One anonymous person must not colour a number, and what is reported of neighbours is said of neighbours.
#[tokio::test]
async fn a_single_unproven_report_and_reports_on_neighbours_give_no_colour() {
    let report = |id: &str, number: &str, source: &str| {
        json!({
            "reportId": id, "number": number, "category": "CATEGORY_BANK_IMPERSONATION", "source": source,
        })
    };
    let server = Server::start().await;
    send(
        &server,
        "POST",
        "/v1/reports",
        &report("r", NUMBER, "SOURCE_APP_FEEDBACK"),
    )
    .await;
    let reported = look_up(&server, &json!({ "number": NUMBER })).await;
    assert_eq!(reported["riskLevel"], "RISK_LEVEL_MEDIUM", "{reported}");
    assert_eq!(
        reported["display"],
        json!({
            "class": "DISPLAY_CLASS_NEUTRAL",
            "sentence": "What was reported of this number is not enough for a warning.",
        })
    );

    let server = Server::start().await;
    for n in 2..=4 {
        let report = report(&format!("r{n}"), &format!("+14155550{n}23"), "SOURCE_ANALYST");
        send(&server, "POST", "/v1/reports", &report).await;
    }
    let near = look_up(&server, &json!({ "number": NUMBER })).await;
    assert_eq!(near["riskLevel"], "RISK_LEVEL_MEDIUM", "{near}");
    assert_eq!(
        near["display"],
        json!({
            "class": "DISPLAY_CLASS_NEUTRAL",
            "sentence":
                "There are warnings about numbers close to this one, but little is known of this number itself.",
        })
    );

    // A report of somebody who is known to be right is a hint.
    send(&server, "POST", "/v1/reports", &report("own", NUMBER, "SOURCE_ANALYST")).await;
    let hinted = look_up(&server, &json!({ "number": NUMBER })).await;
    assert_ne!(hinted["display"]["class"], "DISPLAY_CLASS_NEUTRAL", "{hinted}");
}

/// Name, sentence, advice and reason say the same: the call may come from somebody else.
#[tokio::test]
async fn a_call_that_may_be_the_owners_is_not_said_to_be_spoofed() {
    let server = Server::start().await;
    accuse(&server).await;
    set(&server, "STATUS_KIND_VERIFIED_BUSINESS", None).await;
    let answer = look_up(&server, &json!({ "number": NUMBER })).await;
    assert_eq!(answer["action"], "ACTION_LABEL", "{answer}");
    assert_eq!(
        answer["display"],
        json!({
            "shortName": "SPOOF RISK",
            "class": "DISPLAY_CLASS_DANGER",
            "severity": 2,
            "sentence": "This call may come from somebody else than the owner of the number.",
        }),
        "such calls are fraud"
    );
    assert_eq!(answer["sip"]["displayName"], "SPOOF RISK");
    assert_eq!(server.get(&format!("/v1/cid/{NUMBER}")).await.body, "SPOOF RISK");
}

#[tokio::test]
async fn known_owners_and_verified_businesses_are_not_accused_of_calls_that_others_make() {
    for is_listed in [true, false] {
        let server = Server::start().await;
        accuse(&server).await;
        if is_listed {
            let owner = json!({ "organisation": "First Bank", "calls": "OWNER_CALLS_YES" });
            let entry = json!({
                "number": NUMBER, "source": "registry", "enteredAt": "2026-01-01T00:00:00Z", "owner": owner,
            });
            let head = json!({ "kind": "LIST_KIND_KNOWN_OWNER", "requestId": "r", "actor": "ana" });
            send(
                &server,
                "PUT",
                "/v1/lists/owners",
                &json!({ "head": head, "entries": [entry] }),
            )
            .await;
        } else {
            set(&server, "STATUS_KIND_VERIFIED_BUSINESS", None).await;
        }
        let signed = json!({ "number": NUMBER, "attestation": "ATTESTATION_A", "verstat": "VERSTAT_PASSED" });
        let signed = look_up(&server, &signed).await;
        assert_eq!(signed["action"], "ACTION_ALLOW", "{signed}");
        assert_no_accusation(&signed);
        assert_eq!(signed["display"]["class"], "DISPLAY_CLASS_TRUSTED", "{signed}");
        let owner = if is_listed { "First Bank" } else { "a verified business" };
        assert_eq!(
            signed["display"]["sentence"],
            format!("This number belongs to {owner}.")
        );
        assert_eq!(
            signed["display"]["shortName"].as_str().unwrap_or_default(),
            if is_listed { owner } else { "" }
        );

        // A person who wants to call the owner is not frightened by calls of others.
        let dialled = json!({ "number": NUMBER, "role": "LOOKUP_ROLE_ABOUT_TO_DIAL" });
        let dialled = look_up(&server, &dialled).await;
        assert_eq!(dialled["action"], "ACTION_ALLOW", "{dialled}");
        assert_no_accusation(&dialled);

        // The category of a spoofed call is that of the other party.
        let spoofed = look_up(&server, &json!({ "number": NUMBER, "attestation": "ATTESTATION_C" })).await;
        assert_eq!(spoofed["display"]["shortName"], "SPOOF LIKELY", "{spoofed}");
        assert_eq!(spoofed["display"]["class"], "DISPLAY_CLASS_DANGER");
        assert_eq!(spoofed["category"], "CATEGORY_BANK_IMPERSONATION", "{spoofed}");
    }
}

#[tokio::test]
async fn the_categories_have_names_and_explanations_in_every_language() {
    let server = Server::start().await;
    let all = |answer: Answer| -> Vec<Value> { answer.json()["categories"].as_array().unwrap().clone() };
    let english = all(server.get("/v1/categories").await);
    assert_eq!(english.len(), 36);
    let bank = english
        .iter()
        .find(|of| of["category"] == "CATEGORY_BANK_IMPERSONATION")
        .unwrap();
    assert_eq!(
        bank,
        &json!({
            "category": "CATEGORY_BANK_IMPERSONATION",
            "group": "CATEGORY_GROUP_FRAUD",
            "name": "Bank impersonation",
            "explanation": "The caller pretends to be your bank.",
            "shortName": "SCAM LIKELY",
        })
    );
    for language in LANGUAGES {
        let answer = server.get(&format!("/v1/categories?language={language}")).await;
        assert_eq!(answer.json()["language"], language);
        let texts = all(answer);
        for (one, other) in english.iter().zip(&texts) {
            assert_eq!((&one["category"], &one["group"]), (&other["category"], &other["group"]));
            let is_same = one["explanation"] == other["explanation"];
            assert_eq!(is_same, language == "en", "{other}");
        }
    }
    let refused = server.get(&format!("/v1/categories?language={}", "x".repeat(65))).await;
    assert_eq!(refused.status, 400, "{refused:?}");
}
