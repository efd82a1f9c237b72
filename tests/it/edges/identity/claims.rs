//! What a principal may claim: its sources and feeds are granted, its reporters are its own, and it is the actor of its
//! changes.

use ringwarden::domain::identity::{Grants, Role};
use ringwarden::domain::ids::Feed;
use ringwarden::domain::kinds::Source;
use serde_json::json;

use super::{ask, bearer, key, principal};
use crate::support::server::Server;

const NUMBER: &str = "+14155550199";

#[tokio::test]
async fn sources_and_feeds_need_a_grant() {
    let server = Server::start().await;
    principal(&server, "app", Role::App, Grants::default(), &key(1)).await;
    let grants = Grants::new(
        [Source::RegulatorFeed],
        vec![Feed::parse("ftc-3col").unwrap()],
        Vec::new(),
    );
    principal(&server, "feed", Role::Reporter, grants, &key(2)).await;
    let report = async |number: u8, source: &str, feed: &str| {
        let body = json!({"number": NUMBER, "category": "CATEGORY_TECH_SUPPORT_SCAM", "source": source, "feed": feed});
        ask(
            &server,
            "POST",
            "/v1/reports",
            &bearer(&key(number).text()),
            &body.to_string(),
        )
        .await
    };
    for (number, source, feed, status) in [
        (1, "SOURCE_CONSUMER", "", 200),
        (1, "SOURCE_APP_FEEDBACK", "", 200),
        (1, "SOURCE_REGULATOR_FEED", "", 403),
        (1, "SOURCE_HONEYPOT", "", 403),
        (1, "SOURCE_LAW_ENFORCEMENT", "", 403),
        (1, "SOURCE_ANALYST", "", 403),
        (1, "SOURCE_CARRIER", "", 403),
        (1, "SOURCE_PARTNER_EXCHANGE", "", 403),
        (1, "SOURCE_CONSUMER", "ftc-3col", 403),
        (2, "SOURCE_REGULATOR_FEED", "ftc-3col", 200),
        (2, "SOURCE_REGULATOR_FEED", "ftc-8col", 403),
        (2, "SOURCE_HONEYPOT", "ftc-3col", 403),
    ] {
        let answer = report(number, source, feed).await;
        assert_eq!(answer.status, status, "{number} {source} {feed} {answer:?}");
    }
    // In a batch, the error is that of the item.
    let body = json!({"reports": [
        {"number": NUMBER, "category": "CATEGORY_PHISHING", "source": "SOURCE_HONEYPOT"},
        {"number": NUMBER, "category": "CATEGORY_PHISHING", "reporterId": "r9"},
    ]});
    let answer = ask(
        &server,
        "POST",
        "/v1/reports:batch",
        &bearer(&key(1).text()),
        &body.to_string(),
    )
    .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let results = &answer.json()["results"];
    assert_eq!(results[0]["error"]["code"], 7, "{results}");
    assert!(results[1]["response"].is_object(), "{results}");
}

#[tokio::test]
async fn the_reporters_of_a_principal_are_its_own() {
    let server = Server::start().await;
    principal(&server, "app-a", Role::App, Grants::default(), &key(1)).await;
    principal(&server, "app-b", Role::App, Grants::default(), &key(2)).await;
    principal(&server, "ana", Role::Analyst, Grants::default(), &key(3)).await;
    let body = json!({"number": NUMBER, "category": "CATEGORY_PHISHING", "reporterId": "user-1"}).to_string();
    for number in [1, 2] {
        let answer = ask(&server, "POST", "/v1/reports", &bearer(&key(number).text()), &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let of = async |number: u8, query: &str| {
        let path = format!("/v1/reports?reporterId=user-1{query}");
        ask(&server, "GET", &path, &bearer(&key(number).text()), "").await
    };
    for number in [1, 2] {
        let own = of(number, "").await;
        assert_eq!(own.json()["reports"].as_array().map(Vec::len), Some(1), "{own:?}");
    }
    assert!(of(3, "").await.json()["reports"].is_null());
    assert_eq!(of(1, "&reporterPrincipalId=app-b").await.status, 400);
    let seen = of(3, "&reporterPrincipalId=app-b").await;
    assert_eq!(seen.json()["reports"].as_array().map(Vec::len), Some(1), "{seen:?}");
}

#[tokio::test]
async fn the_principal_is_the_actor_whatever_the_text_says() {
    let server = Server::start().await;
    principal(&server, "ana", Role::Analyst, Grants::default(), &key(1)).await;
    let lines = bearer(&key(1).text());
    let note = json!({"number": NUMBER, "text": "seen", "actor": "somebody else", "requestId": "n1"}).to_string();
    let answer = ask(&server, "POST", "/v1/notes", &lines, &note).await;
    assert_eq!(answer.json()["note"]["actor"], "ana", "{answer:?}");
    // No text is needed.
    let case = json!({"title": "Pop-ups", "category": "CATEGORY_TECH_SUPPORT_SCAM", "requestId": "c1"}).to_string();
    let answer = ask(&server, "POST", "/v1/cases", &lines, &case).await;
    assert_eq!(answer.json()["history"][0]["actor"], "ana", "{answer:?}");
}
