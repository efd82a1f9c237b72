//! Valid requests whose bodies and paths are changed at random, sent to a real server.
//!
//! Every request is answered in time, none with a 5xx, and every refusal is a `google.rpc.Status`. A failure prints the
//! seed, so that it can be run again.

use std::time::Duration;

use ringwarden::http::{AnswerBody as Kind, ROUTES, Route};
use serde_json::json;
use tokio::time::timeout;

use super::described::Description;
use super::start;
use crate::support::random::Random;
use crate::support::server::request;

/// Requests of a run in CI, and of a long one.
const SHORT: usize = 3_000;
const LONG: usize = 300_000;
/// The longest that an answer is waited for.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);
/// Most changes of one body, and of one path.
const CHANGES_MAX: usize = 4;

/// Texts with a meaning in JSON or in this contract, and texts that break parsers.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "-0.0",
    "18446744073709551616",
    "NaN",
    "\\u0000",
    "\\ud800",
    "\\",
    "\u{feff}",
    "\u{202e}",
    "{}",
    "[]",
    "\"\"",
    "[[[[[[[[",
    "{\"a\":",
    "\"number\":",
    "\"requestId\":\"x\",",
    "\"expectedVersion\":\"0\",",
    "\"+14155550123\"",
    "\"9999-12-31T23:59:59Z\"",
    "\"VIEW_FULL\"",
    "\"CATEGORY_UNSPECIFIED\"",
];
const PATH_PIECES: &[&str] = &[
    "/",
    "//",
    ":",
    ":reset",
    ":batch",
    "%",
    "%00",
    "%2",
    "%2F",
    "%3A",
    "%ff",
    "+",
    "?",
    "&",
    "=",
    "#",
    "..",
    ";",
    "pageSize=1",
    "pageToken=x",
    "?number=",
    "*",
    "~",
    "{number}",
    "1415",
    "-",
];

fn changed(text: &str, pieces: &[&str], random: &mut Random) -> Vec<u8> {
    let mut bytes = text.trim().as_bytes().to_vec();
    for _ in 0..=random.below(CHANGES_MAX) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(12)).min(bytes.len());
        match random.below(5) {
            0 => drop(bytes.drain(at..end)),
            1 => drop(bytes.splice(at..end, pieces[random.below(pieces.len())].bytes())),
            2 => drop(bytes.splice(at..at, pieces[random.below(pieces.len())].bytes())),
            3 => {
                let copy = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, copy));
            }
            _ => bytes.insert(at, random.any().to_le_bytes()[0]),
        }
    }
    bytes
}

/// A path that HTTP lets through: bytes that it does not are escaped.
fn sendable(path: &[u8]) -> String {
    let mut sendable = String::from("/");
    for byte in path.iter().skip_while(|byte| **byte == b'/') {
        match byte {
            b'!'..=b'~' if !b"\"<>\\^`{|}".contains(byte) => sendable.push(char::from(*byte)),
            _ => sendable.push_str(&format!("%{byte:02x}")),
        }
    }
    sendable
}

/// A request made of one that the server accepts.
fn mutated(route: &Route, good_path: &str, random: &mut Random) -> (String, Vec<u8>) {
    let body = route.example.unwrap_or("{}");
    let (new_path, new_body) = (random.below(3) == 0, random.below(4) != 0);
    let path = if new_path {
        sendable(&changed(good_path, PATH_PIECES, random))
    } else {
        good_path.to_owned()
    };
    let body = if new_body {
        changed(body, PIECES, random)
    } else {
        body.into()
    };
    (path, body)
}

async fn fuzz(count: usize) {
    let mut random = Random::from_environment();
    let server = start().await;
    let description = Description::of(&server).await;
    let status = description.validator(&json!({ "$ref": "#/components/schemas/google.rpc.Status" }));
    let paths: Vec<_> = ROUTES.iter().map(|route| description.path(route)).collect();
    let mut refused = 0;
    for sent in 0..count {
        let at = random.below(ROUTES.len());
        let route = &ROUTES[at];
        let (path, body) = mutated(route, &paths[at], &mut random);
        let what = || format!("{sent}: {} {path} {}", route.method, String::from_utf8_lossy(&body));
        let bytes = request(route.method.as_str(), &path, "application/json", &body);
        let answer = timeout(ANSWERED_WITHIN, server.send(&bytes)).await;
        let answer = answer.unwrap_or_else(|_| panic!("not answered: {}", what()));
        let answer = answer.unwrap_or_else(|| panic!("no answer: {}", what()));
        assert!(answer.status < 500, "{}: {answer:?}", what());
        if answer.status == 200 {
            continue;
        }
        refused += 1;
        if path.starts_with("/v1/cid") {
            assert_eq!(answer.body, "", "{}", what());
        } else if route.answer != Kind::Line || !answer.body.is_empty() {
            assert!(status.is_valid(&answer.json()), "{}: {answer:?}", what());
        }
    }
    assert!(
        refused * 4 > count && refused < count,
        "{refused} of {count} were refused"
    );
    assert_eq!(server.get("/readyz").await.status, 200);
    assert!(server.stop().await);
}

#[tokio::test]
async fn changed_requests_are_answered() {
    fuzz(SHORT).await;
}

#[tokio::test]
#[ignore = "takes minutes: cargo test --test it -- --ignored edges::openapi"]
async fn many_changed_requests_are_answered() {
    fuzz(LONG).await;
}
