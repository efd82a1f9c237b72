//! Requests of principals that want more than is theirs, ids and texts that are no such thing, and bytes that are no HTTP.

use ringwarden::domain::identity::Role;
use serde_json::{Value, json};

use super::{Row, bomb, request};
use crate::edges::identity::closed::{Closed, of};

const JSON: &str = "content-type: application/json\r\n";

fn get(name: &'static str, status: u16, role: Role, path: &str) -> Row {
    Row::new(name, status, request("GET", path, &of(role), b""))
}

fn post(name: &'static str, status: u16, role: Role, path: &str, body: &Value) -> Row {
    let lines = format!("{}{JSON}", of(role));
    Row::new(name, status, request("POST", path, &lines, body.to_string().as_bytes()))
}

/// Three reporters' reports and three principals' worth of pages, so that pages have tokens.
pub(super) async fn prepare(closed: &Closed) {
    for n in 0..3 {
        let body = json!({"number": "+14155550199", "category": "CATEGORY_PHISHING", "reporterId": "r1",
            "reportId": format!("report-{n}")});
        let (status, text) = closed
            .ask("POST", "/v1/reports", &of(Role::App), &body.to_string())
            .await;
        assert_eq!(status, 200, "{text}");
    }
}

pub(super) async fn rows(closed: &Closed) -> Vec<Row> {
    let mut rows = ids();
    rows.extend(pages(closed).await);
    rows.extend(rights());
    rows.extend(wire());
    rows
}

/// Texts in the place of ids.
fn ids() -> Vec<Row> {
    let long = format!("/v1/cases/{}", "a".repeat(3_000));
    vec![
        get(
            "a path as a case",
            400,
            Role::Analyst,
            "/v1/cases/..%2F..%2Fetc%2Fpasswd",
        ),
        get("dots as a case", 404, Role::Analyst, "/v1/cases/../cases"),
        get("a template as a case", 400, Role::Analyst, "/v1/cases/%7Bs0%7D"),
        get("NUL as a case", 400, Role::Analyst, "/v1/cases/%00"),
        get("half a code as a case", 400, Role::Analyst, "/v1/cases/%F"),
        get("no UTF-8 as a case", 400, Role::Analyst, "/v1/cases/%FF%FE"),
        get("bidi as a case", 400, Role::Analyst, "/v1/cases/a%E2%80%AEb"),
        get("a long case", 400, Role::Analyst, &long),
        get("a path as a number", 400, Role::Analyst, "/v1/numbers/..%2F1"),
        get("NUL in a number", 400, Role::Analyst, "/v1/numbers/+1415%005550199"),
        get("a template as a number", 400, Role::Analyst, "/v1/numbers/%7Bs0%7D"),
        get("a path as a principal", 400, Role::Admin, "/v1/principals/..%2Fadmin"),
        get("a template as a principal", 400, Role::Admin, "/v1/principals/%7Bs0%7D"),
        get("NUL in a principal", 400, Role::Admin, "/v1/principals/admin%00"),
        get("bidi in a principal", 400, Role::Admin, "/v1/principals/%E2%80%AEnimda"),
        get("an unknown principal", 404, Role::Admin, "/v1/principals/nobody"),
        get("a path as a list", 400, Role::Analyst, "/v1/lists/..%2Fdno"),
        get("a path as a decision", 400, Role::Carrier, "/v1/decisions/..%2F..%2F"),
        get(
            "another server's decision",
            400,
            Role::Carrier,
            "/v1/decisions/00000000000000000000000000000000",
        ),
        post(
            "a path as a key",
            400,
            Role::Admin,
            "/v1/keys/..%2F1:revoke",
            &json!({"requestId": "h1"}),
        ),
        post(
            "an unknown key",
            404,
            Role::Admin,
            "/v1/keys/00000000000000ff:revoke",
            &json!({"requestId": "h2"}),
        ),
        post(
            "a report with a path as id",
            400,
            Role::App,
            "/v1/reports",
            &json!({
            "number": "+14155550199", "reportId": "../\u{0}"}),
        ),
        post(
            "a path as a category",
            400,
            Role::App,
            "/v1/reports",
            &json!({
            "number": "+14155550199", "category": "../CATEGORY_PHISHING", "reporterId": "r1"}),
        ),
        post(
            "a request id with NUL",
            400,
            Role::Analyst,
            "/v1/cases",
            &json!({
            "title": "x", "requestId": "\u{0}"}),
        ),
        post(
            "an object for a text",
            400,
            Role::Analyst,
            "/v1/cases",
            &json!({"title": {"$ne": ""}, "requestId": "h3"}),
        ),
        post(
            "an unknown role",
            400,
            Role::Admin,
            "/v1/principals",
            &json!({
            "principalId": "x", "roles": ["ROLE_ROOT"], "requestId": "h4"}),
        ),
        post(
            "a tenant that is a path",
            400,
            Role::Admin,
            "/v1/principals",
            &json!({
            "principalId": "x", "roles": ["ROLE_APP"], "tenant": "../default", "requestId": "h5"}),
        ),
    ]
}

/// Page tokens of another method, of other filters and of another principal, and texts that are none.
async fn pages(closed: &Closed) -> Vec<Row> {
    let token = async |role: Role, path: &str| {
        let (status, text) = closed.ask("GET", path, &of(role), "").await;
        assert_eq!(status, 200, "{text}");
        let page: Value = serde_json::from_str(&text).unwrap();
        page["nextPageToken"].as_str().unwrap().to_owned()
    };
    let of_principals = token(Role::Admin, "/v1/principals?pageSize=1").await;
    let of_app = token(Role::App, "/v1/reports?reporterId=r1&pageSize=1").await;
    let own = |name, role, query: &str| get(name, 400, role, &format!("/v1/reports?reporterId={query}"));
    let last = if of_app.ends_with('0') { '1' } else { '0' };
    let forged = format!("{}{last}", &of_app[..of_app.len() - 1]);
    vec![
        own(
            "a page token of another method",
            Role::App,
            &format!("r1&pageToken={of_principals}"),
        ),
        own(
            "a page token of another principal",
            Role::Reporter,
            &format!("r1&pageToken={of_app}"),
        ),
        own(
            "a page token of another reporter",
            Role::App,
            &format!("r2&pageToken={of_app}"),
        ),
        own("a forged page token", Role::App, &format!("r1&pageToken={forged}")),
        own("a path as a page token", Role::App, "r1&pageToken=../"),
        own("NUL as a page token", Role::App, "r1&pageToken=%00"),
        own(
            "a long page token",
            Role::App,
            &format!("r1&pageToken={}", "0".repeat(3_000)),
        ),
        own("a page of a billion", Role::App, "r1&pageSize=1000000000"),
        own("a page of less than nothing", Role::App, "r1&pageSize=-1"),
    ]
}

/// What others may do, and the asker may not.
fn rights() -> Vec<Row> {
    let report = |source: &str, feed: &str| json!({"number": "+14155550199", "category": "CATEGORY_PHISHING", "source": source, "feed": feed});
    let principal = json!({"principalId": "me", "roles": ["ROLE_ADMIN"], "requestId": "h9"});
    vec![
        post(
            "an app that makes an administrator",
            403,
            Role::App,
            "/v1/principals",
            &principal,
        ),
        post(
            "an analyst that makes an administrator",
            403,
            Role::Analyst,
            "/v1/principals",
            &principal,
        ),
        post(
            "a carrier that adds a key to the administrator",
            403,
            Role::Carrier,
            "/v1/principals/admin:addKey",
            &json!({}),
        ),
        get(
            "a reporter that reads the audit log",
            403,
            Role::Reporter,
            "/v1/auditEvents",
        ),
        get(
            "an analyst that reads the audit log",
            403,
            Role::Analyst,
            "/v1/auditEvents",
        ),
        get(
            "an app that reads all reports",
            403,
            Role::App,
            "/v1/numbers/+14155550199/reports",
        ),
        get(
            "a reporter that asks about a caller",
            403,
            Role::Reporter,
            "/v1/cid/+14155550199",
        ),
        get(
            "another principal's reporter",
            400,
            Role::App,
            "/v1/reports?reporterId=r1&reporterPrincipalId=reporter",
        ),
        post(
            "an app as a regulator",
            403,
            Role::App,
            "/v1/reports",
            &report("SOURCE_REGULATOR_FEED", ""),
        ),
        post(
            "an app as the police",
            403,
            Role::App,
            "/v1/reports",
            &report("SOURCE_LAW_ENFORCEMENT", ""),
        ),
        post(
            "an app as an analyst",
            403,
            Role::App,
            "/v1/reports",
            &report("SOURCE_ANALYST", ""),
        ),
        post(
            "an app with a feed",
            403,
            Role::App,
            "/v1/reports",
            &report("SOURCE_CONSUMER", "ftc-8col"),
        ),
        post(
            "a reporter that withdraws reports",
            403,
            Role::Reporter,
            "/v1/reports:withdraw",
            &json!({}),
        ),
        post(
            "a carrier that opens a case",
            403,
            Role::Carrier,
            "/v1/cases",
            &json!({"title": "x", "requestId": "h10"}),
        ),
        Row::new("another method of HTTP", 405, request("DELETE", "/v1/caller", "", b"")),
        Row::new(
            "an unknown path of a stranger",
            404,
            request("GET", "/v1/secrets", "", b""),
        ),
    ]
}

/// Bytes that are no HTTP, or too many.
fn wire() -> Vec<Row> {
    let app = of(Role::App);
    let packed = format!("{app}{JSON}content-encoding: gzip\r\n");
    let post = |lines: &str, body: &[u8]| request("POST", "/v1/reports", lines, body);
    let many: String = (0..100).map(|n| format!("x-{n}: 1\r\n")).collect();
    let large = bomb(12 << 20);
    let start = format!("GET /v1/caller HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{app}");
    vec![
        Row::new("a zip bomb", 413, post(&packed, &large)),
        Row::new(
            "a zip bomb in a zip bomb",
            415,
            post(&packed.replace("gzip", "gzip, gzip"), &bomb(1 << 20)),
        ),
        Row::new("a zip bomb of a stranger", 401, post(&packed.replace(&app, ""), &large)),
        Row::new("a body that is not packed", 400, post(&packed, b"{}")),
        Row::new("an unknown coding", 415, post(&packed.replace("gzip", "br"), b"{}")),
        Row::new(
            "a body of 10 MB",
            413,
            post(&format!("{app}{JSON}"), &vec![b' '; 10 << 20]),
        ),
        Row::new(
            "headers of 10 MB",
            0,
            format!("{start}x-pad: {}\r\n\r\n", "x".repeat(10 << 20)),
        ),
        Row::new("100 headers", 0, format!("{start}{many}\r\n")),
        Row::new("NUL in a header", 400, format!("{start}x-a: \0\r\n\r\n")),
        Row::new("a folded header", 400, format!("{start}x-a: 1\r\n 2\r\n\r\n")),
        Row::new("a blank before the colon", 400, format!("{start}x-a : 1\r\n\r\n")),
        Row::new("two hosts", 400, format!("{start}host: evil.example\r\n\r\n")),
        Row::new(
            "no host",
            400,
            format!("GET /v1/caller HTTP/1.1\r\nconnection: close\r\n{app}\r\n"),
        ),
        Row::new(
            "two lengths",
            400,
            format!("{start}content-length: 1\r\ncontent-length: 2\r\n\r\n12"),
        ),
        Row::new(
            "a length that is no number",
            400,
            format!("{start}content-length: -1\r\n\r\n"),
        ),
        Row::new(
            "another version",
            400,
            format!("GET /v1/caller HTTP/9.9\r\nhost: localhost\r\n{app}\r\n"),
        ),
        Row::new("no HTTP", 400, "\u{0}\u{1}\u{2}\r\n\r\n"),
        Row::new("HTTP/2 on the port of HTTP/1.1", 0, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ]
}
