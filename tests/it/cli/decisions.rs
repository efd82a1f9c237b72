//! The command `decision`, and what `GetDecision` says of a decision after the facts have changed.

use serde_json::{Value, json};

use super::lists::{Answer, ask};
use crate::support::server::Server;

const NUMBER: &str = "+14155550123";
const CASE: &str = "popups-2026";
const TITLE: &str = "Pop-ups that name Microsoft";

async fn send(server: &Server, method: &str, path: &str, body: &Value) -> Value {
    let answer = server.request(method, path, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

async fn transition(server: &Server, to: &str) {
    let body = json!({ "to": to, "note": "as found", "agency": "FTC", "actor": "ana", "requestId": to });
    send(server, "POST", &format!("/v1/cases/{CASE}:transition"), &body).await;
}

/// A case that raises the score of the number.
async fn link_to_case(server: &Server) {
    let case = json!({
        "caseId": CASE, "title": TITLE, "category": "CATEGORY_TECH_SUPPORT_SCAM", "status": "CASE_STATUS_OPEN",
        "actor": "ana", "requestId": "open",
    });
    send(server, "POST", "/v1/cases", &case).await;
    transition(server, "CASE_STATUS_UNDER_INVESTIGATION").await;
    transition(server, "CASE_STATUS_CORROBORATED").await;
    let link = json!({ "number": NUMBER, "role": "CASE_ROLE_CALLER_ID", "confidence": 0.9 });
    let links = json!({ "links": [link], "actor": "ana", "requestId": "link" });
    send(server, "POST", &format!("/v1/cases/{CASE}:linkNumbers"), &links).await;
}

async fn report(server: &Server, id: &str) {
    let report = json!({
        "reportId": id, "number": NUMBER, "category": "CATEGORY_TECH_SUPPORT_SCAM", "source": "SOURCE_ANALYST",
        "occurredAt": "2026-01-05T09:00:00Z",
    });
    send(server, "POST", "/v1/reports", &report).await;
}

async fn look_up(server: &Server, language: &str) -> Value {
    let question = json!({ "number": NUMBER, "attestation": "ATTESTATION_B", "language": language });
    send(server, "POST", "/v1/lookup", &question).await
}

fn id_of(answer: &Value) -> &str {
    answer["decisionId"].as_str().unwrap()
}

fn decision(server: &Server, id: &str, args: &[&str]) -> Answer {
    ask(server, &[&["decision", id], args].concat(), b"")
}

/// The words, with the line breaks of a narrow table removed.
fn words(answer: &Answer) -> String {
    assert!(answer.is_ok, "{}", answer.err);
    answer.out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_is_told_in_the_words_of_the_answer_in_every_language() {
    let server = Server::start().await;
    link_to_case(&server).await;
    for id in ["one", "two", "three"] {
        report(&server, id).await;
    }
    let first = look_up(&server, "").await;
    let id = id_of(&first);
    assert!(id.len() < 200, "{}: {id}", id.len());
    for language in ["en", "de", "es", "fr", "hi"] {
        let answer = look_up(&server, language).await;
        let told = decision(&server, id, &["--language", language, "--json"]).json();
        assert_eq!(
            told["reasons"].as_array().unwrap().len(),
            answer["reasons"].as_array().unwrap().len()
        );
        for (told, answered) in told["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .zip(answer["reasons"].as_array().unwrap())
        {
            assert_eq!(
                (&told["code"], &told["detail"]),
                (&answered["code"], &answered["detail"])
            );
        }
        assert_eq!(told["language"], language);
        let same = server
            .get(&format!("/v1/decisions/{id}?language={language}"))
            .await
            .json();
        assert_eq!(same["sentence"], told["sentence"]);
    }
    let details: Vec<&str> = first["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["detail"].as_str().unwrap())
        .collect();
    assert!(details.contains(&"It was reported 3 times."), "{details:?}");
    assert!(
        details.contains(&"It belongs to a fraud case: Pop-ups that name Microsoft."),
        "{details:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_says_why_and_what_has_changed() {
    let server = Server::start().await;
    link_to_case(&server).await;
    report(&server, "one").await;
    let answer = look_up(&server, "").await;
    let id = id_of(&answer);

    let told = words(&decision(&server, id, &[]));
    for part in [
        "The call was ",
        "The number belongs to a fraud case.",
        "direction calling",
        " UTC",
        "CASE_LINK",
        "It belongs to a fraud case",
        "It was reported once.",
        CASE,
        "CORROBORATED",
        "Cases, list entries and statuses are shown as of 20",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert!(!told.contains("closed"), "{told}");

    transition(&server, "CASE_STATUS_CLOSED_UNSUBSTANTIATED").await;
    let told = decision(&server, id, &["--json"]).json();
    let case = &told["cases"][0];
    assert_eq!(
        (&case["statusThen"], &case["case"]["status"], &case["counted"]),
        (
            &json!("CASE_STATUS_CORROBORATED"),
            &json!("CASE_STATUS_CLOSED_UNSUBSTANTIATED"),
            &json!(true)
        )
    );
    let text = words(&decision(&server, id, &[]));
    assert!(text.contains("Case popups-2026 is closed since 20"), "{text}");

    let unlink = json!({ "numbers": [{ "number": NUMBER }], "reason": "a mistake", "actor": "ana", "requestId": "un" });
    send(&server, "POST", &format!("/v1/cases/{CASE}:unlinkNumbers"), &unlink).await;
    let told = decision(&server, id, &["--json"]).json();
    let remarks = told["remarks"].to_string();
    assert!(
        remarks.contains("Case popups-2026 counted in this decision. The number is no longer linked to it."),
        "{remarks}"
    );
    assert_eq!(told["cases"][0]["case"]["title"], TITLE, "the case is still named");
    assert!(told["cases"][0]["linkedAt"].is_null(), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_decided_is_shown_with_its_origin_and_missed_when_it_is_gone() {
    let server = Server::start().await;
    let list = |request: &str, number: &str| {
        let entry = json!({
            "number": number, "source": "fraud desk", "requester": "First Bank", "enteredAt": "2026-01-02T00:00:00Z",
        });
        let head = json!({ "kind": "LIST_KIND_TENANT_BLOCK", "requestId": request, "actor": "ana" });
        json!({ "head": head, "entries": [entry] })
    };
    send(&server, "PUT", "/v1/lists/ours", &list("r1", "+1415555*")).await;
    let answer = look_up(&server, "").await;
    assert_eq!(
        (&answer["action"], &answer["basis"]),
        (&json!("ACTION_BLOCK"), &json!("BASIS_TENANT_POLICY"))
    );
    let id = id_of(&answer);
    let told = words(&decision(&server, id, &[]));
    for part in [
        "The call was refused. A rule of the network decided so for this number.",
        "ours (TENANT_BLOCK): +1415555*",
        "source fraud desk",
        "requested by First Bank",
        "entered 2026-01-02 00:00 UTC",
        "TENANT_RULE",
        "A rule of this network says so.",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    send(&server, "PUT", "/v1/lists/ours", &list("r2", "+1999*")).await;
    let told = words(&decision(&server, id, &["--language", "de"]));
    assert!(told.contains("Der Anruf wurde abgewiesen."), "{told}");
    assert!(
        told.contains("Heute enthält keine Liste einen solchen Eintrag für die Nummer."),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_that_decided_is_shown_with_its_author_and_missed_when_it_is_gone() {
    let server = Server::start().await;
    let set = json!({ "kind": "STATUS_KIND_BLOCKED", "reason": "found in a raid", "actor": "ana", "requestId": "b" });
    send(&server, "POST", &format!("/v1/numbers/{NUMBER}:setStatus"), &set).await;
    let dialled = json!({ "number": NUMBER, "role": "LOOKUP_ROLE_ABOUT_TO_DIAL" });
    let answer = send(&server, "POST", "/v1/lookup", &dialled).await;
    let id = id_of(&answer);
    let told = words(&decision(&server, id, &[]));
    for part in [
        "There was a warning before the number was dialled.",
        "direction about to be dialled",
        "BLOCKED",
        "found in a raid",
        "An analyst blocked the number.",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let clear = json!({ "kind": "STATUS_KIND_BLOCKED", "reason": "a mistake", "actor": "ana", "requestId": "c" });
    send(&server, "POST", &format!("/v1/numbers/{NUMBER}:clearStatus"), &clear).await;
    let told = words(&decision(&server, id, &[]));
    assert!(told.contains("The number has no such status now."), "{told}");
}
