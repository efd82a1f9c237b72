//! Reports without an id, corrected reports, the reports of one reporter, and moderated comments: as an app sends them.

use serde_json::{Value, json};

use super::NUMBER;
use crate::support::server::Server;

/// A report of a person about a call.
fn said(more: &Value) -> Value {
    let mut report = json!({
        "number": NUMBER, "reporterId": "user-1", "source": "SOURCE_APP_FEEDBACK", "category": "CATEGORY_TELEMARKETING",
        "occurredAt": "2026-01-05T09:00:00Z",
    });
    for (name, value) in more.as_object().unwrap() {
        report[name] = value.clone();
    }
    report
}

/// Sends a report; returns its id and the outcome.
async fn send(server: &Server, report: &Value) -> (String, String) {
    let answer = server.post("/v1/reports", &report.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    let text = |name: &str| body[name].as_str().unwrap().replace("SUBMIT_OUTCOME_", "");
    (text("reportId"), text("outcome"))
}

async fn get(server: &Server, path: &str) -> Value {
    let answer = server.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

async fn dossier(server: &Server) -> Value {
    get(server, &format!("/v1/numbers/%2B{}", &NUMBER[1..])).await
}

#[tokio::test]
async fn a_report_without_an_id_gets_one() {
    let server = Server::start().await;
    let (id, outcome) = send(&server, &said(&json!({}))).await;
    assert!(id.starts_with("r-") && outcome == "ACCEPTED", "{id}: {outcome}");
    let again = send(&server, &said(&json!({}))).await;
    assert_eq!(again, (id.clone(), "ALREADY_KNOWN".to_owned()));
    let other_call = send(&server, &said(&json!({ "occurredAt": "2026-01-05T10:00:00Z" }))).await;
    assert!(other_call.0 != id && other_call.1 == "ACCEPTED");
    let batch = json!({ "reports": [said(&json!({}))] }).to_string();
    let batch = server.post("/v1/reports:batch", &batch).await.json();
    assert_eq!(batch["results"][0]["response"]["reportId"], json!(id));

    // Two people without a name may say the same.
    let nameless = said(&json!({ "reporterId": "" }));
    let (first, second) = (send(&server, &nameless).await, send(&server, &nameless).await);
    assert!(first.0 != second.0 && second.1 == "ACCEPTED", "{first:?} {second:?}");
}

/// A sender who gave no id learns the made one, and how to correct the report.
#[tokio::test]
async fn a_report_whose_id_was_made_can_be_corrected() {
    let server = Server::start().await;
    let (id, _) = send(&server, &said(&json!({}))).await;
    let other = said(&json!({ "category": "CATEGORY_PHISHING" }));
    let refused = server.post("/v1/reports", &other.to_string()).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    for part in [id.as_str(), "has revision 0", "a higher `revision` corrects it"] {
        assert!(refused.body.contains(part), "{part}: {}", refused.body);
    }
    let corrected = said(&json!({ "category": "CATEGORY_PHISHING", "revision": 1 }));
    assert_eq!(send(&server, &corrected).await, (id.clone(), "REVISED".to_owned()));

    let named = said(&json!({ "reportId": id, "revision": 1 }));
    let refused = server.post("/v1/reports", &named.to_string()).await;
    assert!(refused.body.contains("has revision 1"), "{refused:?}");
}

#[tokio::test]
async fn a_corrected_report_counts_in_place_of_the_first() {
    let server = Server::start().await;
    let (id, _) = send(&server, &said(&json!({ "comment": "He sold solar pannels" }))).await;
    let corrected = json!({
        "reportId": id, "revision": 2, "category": "CATEGORY_TECH_SUPPORT_SCAM", "comment": "He asked for my password",
        "commentLanguage": "EN",
    });
    let corrected = said(&corrected);
    assert_eq!(send(&server, &corrected).await, (id.clone(), "REVISED".to_owned()));
    assert_eq!(send(&server, &corrected).await.1, "ALREADY_KNOWN");
    let late = said(&json!({ "reportId": id, "revision": 1, "comment": "late" }));
    assert_eq!(send(&server, &late).await.1, "OUTDATED");

    let shown = dossier(&server).await;
    let counts = json!([{ "category": "CATEGORY_TECH_SUPPORT_SCAM", "count": 1 }]);
    assert_eq!((&shown["categoryCounts"], &shown["reportCount"]), (&counts, &json!(1)));
    let report = &shown["latestReports"][0];
    assert_eq!(
        (&report["comment"], &report["revision"]),
        (&json!("He asked for my password"), &json!(2))
    );
    assert_eq!(report["commentLanguage"], "en");

    // The same revision with other content, and a correction of another person's report, are refused.
    for other in [
        json!({ "comment": "other" }),
        json!({ "revision": 3, "reporterId": "user-2" }),
    ] {
        let mut report = corrected.clone();
        for (name, value) in other.as_object().unwrap() {
            report[name] = value.clone();
        }
        let refused = server.post("/v1/reports", &report.to_string()).await;
        assert_eq!(refused.status, 409, "{refused:?}");
    }
    // A correction costs no quota, so their count has an end.
    let last = said(&json!({ "reportId": id, "revision": 20 }));
    assert_eq!(send(&server, &last).await.1, "REVISED");
    let beyond = said(&json!({ "reportId": id, "revision": 21 })).to_string();
    let beyond = server.post("/v1/reports", &beyond).await;
    assert_eq!(beyond.status, 400, "{beyond:?}");
    assert_eq!(
        beyond.json()["message"],
        "report.revision: must be at most 20: withdraw the report, and send another one"
    );
    let path = format!("/v1/reports/{id}?number=%2B{}", &NUMBER[1..]);
    assert_eq!(server.request("DELETE", &path, "").await.json()["wasKnown"], true);
    assert_eq!(dossier(&server).await.get("reportCount"), None);
    let after = said(&json!({ "reportId": id, "revision": 9 }));
    assert_eq!(send(&server, &after).await.1, "WITHDRAWN");
}

/// Each call-back number has a row of its own, which is corrected with the report.
#[tokio::test]
async fn a_correction_reaches_the_call_back_numbers() {
    let server = Server::start().await;
    let callback = "+14155550177";
    let first = said(&json!({ "reportId": "r1", "callbackNumbers": [callback] }));
    send(&server, &first).await;
    let corrected = json!({
        "reportId": "r1", "revision": 1, "callbackNumbers": [callback], "category": "CATEGORY_TECH_SUPPORT_SCAM",
    });
    assert_eq!(send(&server, &said(&corrected)).await.1, "REVISED");
    let shown = get(&server, "/v1/numbers/%2B14155550177").await;
    assert_eq!(shown["categoryCounts"][0]["category"], "CATEGORY_TECH_SUPPORT_SCAM");
    assert_eq!(shown["reportCount"], 1);
}

#[tokio::test]
async fn a_reporter_finds_their_reports() {
    let server = Server::start().await;
    for n in 0..5 {
        let report = said(&json!({ "number": format!("+1415555010{n}"), "reportId": format!("r{n}") }));
        send(&server, &report).await;
    }
    send(
        &server,
        &said(&json!({ "number": "+14155550100", "reportId": "theirs", "reporterId": "user-2" })),
    )
    .await;
    let later = json!({ "number": "+14155550100", "reportId": "r5", "occurredAt": "2026-01-06T09:00:00Z" });
    send(&server, &said(&later)).await;
    server
        .request("DELETE", "/v1/reports/r1?number=%2B14155550101", "")
        .await;

    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let page = get(
            &server,
            &format!("/v1/reports?reporterId=user-1&pageSize=2&pageToken={token}"),
        )
        .await;
        for report in page["reports"].as_array().into_iter().flatten() {
            found.push((report["reportId"].clone(), report["state"].clone()));
        }
        token = page["nextPageToken"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() {
            break;
        }
    }
    found.sort_by_key(|(id, _)| id.to_string());
    let state = |id: &str, state: &str| (json!(id), json!(format!("REPORT_STATE_{state}")));
    let live = ["r2", "r3", "r4", "r5"].map(|id| state(id, "LIVE"));
    let all = [&[state("r0", "SUPERSEDED")], &live[..]].concat();
    assert_eq!(found, all);
    let all = get(&server, "/v1/reports?reporterId=user-1&includeWithdrawn=true").await;
    assert_eq!(all["reports"].as_array().unwrap().len(), 6);
    let none = get(&server, "/v1/reports?reporterId=nobody").await;
    assert_eq!(none, json!({ "totalIsEstimate": true }));
    let nameless = server.get("/v1/reports").await;
    assert_eq!(nameless.status, 400, "{nameless:?}");
    let foreign = get(&server, "/v1/reports?reporterId=user-1&pageSize=1").await["nextPageToken"].clone();
    let path = format!("/v1/reports?reporterId=user-2&pageToken={}", foreign.as_str().unwrap());
    assert_eq!(server.get(&path).await.status, 400, "a token of another reporter");
}

#[tokio::test]
async fn a_comment_is_moderated() {
    let server = Server::start().await;
    let report = said(&json!({ "reportId": "r1", "comment": "Herr Müller der Bank", "commentLanguage": "de" }));
    send(&server, &report).await;
    let flag = |shown: &Value| shown["latestReports"][0]["commentModeration"].clone();
    assert_eq!(flag(&dossier(&server).await), "COMMENT_MODERATION_PENDING");
    let decide = |moderation: &str, id: &str, request: &str| {
        let moderation = format!("COMMENT_MODERATION_{moderation}");
        let body = json!({ "number": NUMBER, "moderation": moderation, "actor": "ana", "requestId": request });
        (format!("/v1/reports/{id}:moderate"), body.to_string())
    };
    for decision in ["REJECTED", "APPROVED"] {
        let (path, body) = decide(decision, "r1", decision);
        let answer = server.post(&path, &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(
            flag(&dossier(&server).await),
            json!(format!("COMMENT_MODERATION_{decision}"))
        );
    }
    // A correction of the comment must be moderated again, one of the category not.
    let mut corrected = report.clone();
    corrected["revision"] = json!(1);
    corrected["category"] = json!("CATEGORY_BANK_IMPERSONATION");
    assert_eq!(send(&server, &corrected).await.1, "REVISED");
    assert_eq!(flag(&dossier(&server).await), "COMMENT_MODERATION_APPROVED");
    corrected["revision"] = json!(2);
    corrected["comment"] = json!("Herr Meier der Bank");
    assert_eq!(send(&server, &corrected).await.1, "REVISED");
    assert_eq!(flag(&dossier(&server).await), "COMMENT_MODERATION_PENDING");

    send(&server, &said(&json!({ "reportId": "silent", "reporterId": "user-2" }))).await;
    for (id, status) in [("nowhere", 404), ("silent", 400)] {
        let (path, body) = decide("APPROVED", id, id);
        assert_eq!(server.post(&path, &body).await.status, status, "{id}");
    }
    let bad = said(&json!({ "reportId": "r2", "comment": "x", "commentLanguage": "not a language" }));
    let refused = server.post("/v1/reports", &bad.to_string()).await;
    assert!(
        refused.status == 400 && refused.body.contains("commentLanguage"),
        "{refused:?}"
    );
}
