//! The command `pull` against a web server that answers as told: files by day, versions, and everything that must be an
//! alarm.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tempfile::TempDir;

use super::lists::{Answer, ask};
use crate::support::server::Server;

const HEADER: &str = "Company_Phone_Number,Created_Date,Violation_Date,Consumer_City,Consumer_State,\
                      Consumer_Area_Code,Subject,Recorded_Message_Or_Robocall";

/// A file of complaints with one row.
fn complaints(number: &str) -> String {
    format!("{HEADER}\n{number},2026-11-23 00:01:15,2026-11-22 11:48:00,,California,510,Other,N\n")
}

/// An answer with status 200.
fn ok(body: impl AsRef<[u8]>, headers: &str) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// An answer without a body.
fn bare(status: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n{headers}\r\n").into_bytes()
}

/// A web server. The answers of a path are used one after the other, and the last one again and again.
struct Web {
    address: SocketAddr,
    pages: Arc<Mutex<HashMap<String, Vec<Vec<u8>>>>>,
    /// The heads of all requests.
    requests: Arc<Mutex<Vec<String>>>,
}

impl Web {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let web = Self {
            address: listener.local_addr().unwrap(),
            pages: Arc::default(),
            requests: Arc::default(),
        };
        let (pages, requests) = (Arc::clone(&web.pages), Arc::clone(&web.requests));
        // It ends with the process of the tests.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (pages, requests) = (Arc::clone(&pages), Arc::clone(&requests));
                std::thread::spawn(move || answer(stream.unwrap(), &pages, &requests));
            }
        });
        web
    }

    fn serve(&self, path: &str, answers: &[Vec<u8>]) {
        self.pages.lock().unwrap().insert(path.to_owned(), answers.to_vec());
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How often a path was asked for.
    fn asked(&self, path: &str) -> usize {
        let start = format!("get {path} ");
        self.requests
            .lock()
            .unwrap()
            .iter()
            .filter(|head| head.starts_with(&start))
            .count()
    }
}

/// An answer whose body never comes.
const NO_BODY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";

fn answer(mut stream: TcpStream, pages: &Mutex<HashMap<String, Vec<Vec<u8>>>>, requests: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    requests.lock().unwrap().push(head);
    let answer = match pages.lock().unwrap().get_mut(&path) {
        None => bare("404 Not Found", ""),
        Some(answers) if answers.len() > 1 => answers.remove(0),
        Some(answers) => answers[0].clone(),
    };
    // The client may be gone.
    stream.write_all(&answer).ok();
    if answer == NO_BODY {
        // Until the client gives up.
        stream.read_to_end(&mut Vec::new()).ok();
    }
}

/// A pull of the source `ftc` with a state and a file of metrics.
struct Puller {
    server: Server,
    web: Web,
    folder: TempDir,
}

impl Puller {
    async fn start() -> Self {
        Self {
            server: Server::start().await,
            web: Web::start(),
            folder: TempDir::new().unwrap(),
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn pull(&self, path: &str, args: &[&str]) -> Answer {
        let source = format!("ftc={}", self.web.url(path));
        let (state, metrics) = (self.path("state.json"), self.path("pull.prom"));
        let mut all = vec!["pull", &source, "--state", &state, "--metrics-file", &metrics];
        all.extend_from_slice(&["--retry-pause", "1", "--json"]);
        all.extend_from_slice(args);
        ask(&self.server, &all, b"")
    }

    /// A pull of the days of a week: Monday, 23 November 2026, to this day.
    fn week(&self, to: &str) -> Answer {
        self.pull("/{date}.csv", &["--from", "2026-11-23", "--to", to])
    }

    fn serve_day(&self, day: &str, number: &str) {
        self.web.serve(&format!("/{day}.csv"), &[ok(complaints(number), "")]);
    }

    fn metric(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.path("pull.prom")).unwrap();
        let start = format!("ringwarden_pull_{name}{{source=\"ftc\"}} ");
        let found = text.lines().find_map(|line| line.strip_prefix(&start));
        found.unwrap_or_else(|| panic!("no {name}: {text}")).to_owned()
    }

    fn last_day(&self) -> String {
        let text = std::fs::read_to_string(self.path("state.json")).unwrap();
        let state: Value = serde_json::from_str(&text).unwrap();
        state["sources"]["ftc"]["lastDay"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// The documents on standard output, one for each file.
fn accepted(answer: &Answer) -> Vec<u64> {
    let documents = answer
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    documents.map(|summary| summary["accepted"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_are_taken_in_order_and_remembered() {
    let puller = Puller::start().await;
    for (day, number) in [
        ("23", "2125550101"),
        ("24", "2125550102"),
        ("25", "2125550103"),
        ("27", "2125550105"),
    ] {
        puller.serve_day(&format!("2026-11-{day}"), number);
    }
    // Thursday is a holiday; Saturday and Sunday have no files.
    let answer = puller.week("2026-11-29");
    assert!(answer.is_ok, "{}", answer.err);
    assert_eq!(accepted(&answer), [1, 1, 1, 1]);
    assert!(answer.err.contains("ftc 2026-11-26: no file\n"), "{}", answer.err);
    assert!(
        answer.err.contains("ftc 2026-11-29: no file, as on most weekends"),
        "{}",
        answer.err
    );
    assert_eq!(puller.last_day(), "2026-11-27");
    assert_eq!(
        (
            puller.metric("success"),
            puller.metric("files"),
            puller.metric("missing_days")
        ),
        ("1".into(), "4".into(), "1".into())
    );
    assert_eq!(puller.metric("last_data_timestamp_seconds"), "1795737600");

    // The next run begins after the last day that had a file.
    puller.serve_day("2026-11-30", "2125550106");
    let next = puller.pull("/{date}.csv", &["--to", "2026-11-30"]);
    assert!(next.is_ok, "{}", next.err);
    assert_eq!((accepted(&next), puller.web.asked("/2026-11-27.csv")), (vec![1], 1));
    assert_eq!(puller.last_day(), "2026-11-30");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_days_are_an_alarm_and_are_asked_for_again() {
    let puller = Puller::start().await;
    puller.serve_day("2026-11-23", "2125550101");
    let answer = puller.week("2026-11-25");
    assert!(!answer.is_ok);
    let said = "the source ftc has no file from 2026-11-24 to 2026-11-25: 2 days in a row";
    assert!(answer.err.contains(said), "{}", answer.err);
    assert_eq!(
        (puller.metric("success"), puller.metric("missing_days")),
        ("0".into(), "2".into())
    );
    assert_eq!(puller.last_day(), "2026-11-23");
    puller.serve_day("2026-11-24", "2125550102");
    puller.serve_day("2026-11-25", "2125550103");
    let late = puller.pull("/{date}.csv", &["--to", "2026-11-25"]);
    assert!(late.is_ok, "{}", late.err);
    assert_eq!((accepted(&late), puller.metric("success")), (vec![1, 1], "1".into()));
    // A source that publishes every day has weekends without files too.
    let every_day = puller.pull(
        "/{date}.csv",
        &["--from", "2026-11-28", "--to", "2026-11-29", "--every-day"],
    );
    assert!(
        every_day.err.contains("from 2026-11-28 to 2026-11-29"),
        "{}",
        every_day.err
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_has_not_changed_is_not_imported_again() {
    let puller = Puller::start().await;
    let version = "ETag: \"v1\"\r\nLast-Modified: Mon, 23 Nov 2026 09:00:00 GMT\r\n";
    let answers = [ok(complaints("2125550101"), version), bare("304 Not Modified", "")];
    puller.web.serve("/all.csv", &answers);
    let args = ["--unchanged-days", "36500"];
    assert_eq!(accepted(&puller.pull("/all.csv", &args)), [1]);
    let again = puller.pull("/all.csv", &args);
    assert!(again.is_ok && again.out.is_empty(), "{} {}", again.out, again.err);
    let heads = puller.web.requests.lock().unwrap().clone();
    assert!(!heads[0].contains("if-none-match"), "{}", heads[0]);
    assert!(heads[1].contains("if-none-match: \"v1\""), "{}", heads[1]);
    assert!(
        heads[1].contains("if-modified-since: mon, 23 nov 2026 09:00:00 gmt"),
        "{}",
        heads[1]
    );
    // 2020 is too long ago.
    let old = "Last-Modified: Mon, 23 Nov 2020 09:00:00 GMT\r\n";
    puller.web.serve("/old.csv", &[ok(complaints("2125550101"), old)]);
    let dead = puller.pull("/old.csv", &[]);
    assert!(dead.err.contains("has not changed since 2020-11-23"), "{}", dead.err);
    assert_eq!(puller.metric("success"), "0");
    let gone = puller.pull("/gone.csv", &[]);
    assert!(gone.err.contains("is answered with status 404"), "{}", gone.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_fails_is_asked_again() {
    let puller = Puller::start().await;
    let body = complaints("2125550101");
    let cut = ok(&body, "");
    let cut = cut[..cut.len() - 20].to_vec();
    let unavailable = bare("503 Service Unavailable", "");
    puller
        .web
        .serve("/2026-11-23.csv", &[unavailable.clone(), cut.clone(), ok(&body, "")]);
    let answer = puller.week("2026-11-23");
    assert!(answer.is_ok, "{}", answer.err);
    assert_eq!(accepted(&answer), [1]);
    assert!(answer.err.contains("status 503; trying again in"), "{}", answer.err);
    assert!(answer.err.contains("broke off"), "{}", answer.err);
    for (name, page) in [("down", unavailable), ("cut", cut)] {
        let path = format!("/{name}.csv");
        puller.web.serve(&path, &[page]);
        let answer = puller.pull(&path, &["--attempts", "2"]);
        assert!(
            answer.err.contains("could not be fetched in 2 attempts"),
            "{name}: {}",
            answer.err
        );
        assert_eq!(puller.web.asked(&path), 2, "{name}");
        assert_eq!(puller.metric("success"), "0", "{name}");
    }
    puller.web.serve("/slow.csv", &[NO_BODY.to_vec()]);
    let slow = puller.pull("/slow.csv", &["--attempts", "1", "--timeout", "1"]);
    assert!(slow.err.contains("could not be fetched in 1 attempts"), "{}", slow.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirections_are_followed_to_the_same_scheme_and_a_moved_address_is_an_alarm() {
    let puller = Puller::start().await;
    puller.web.serve("/real/a.csv", &[ok(complaints("2125550101"), "")]);
    puller
        .web
        .serve("/found.csv", &[bare("302 Found", "Location: /real/a.csv\r\n")]);
    assert_eq!(accepted(&puller.pull("/found.csv", &[])), [1]);
    for (path, status, location, said) in [
        (
            "/moved.csv",
            "301 Moved Permanently",
            puller.web.url("/real/a.csv"),
            "has moved to http://127.0.0.1",
        ),
        (
            "/moved8.csv",
            "308 Permanent Redirect",
            "/real/a.csv".to_owned(),
            "has moved to http://127.0.0.1",
        ),
        (
            "/other.csv",
            "302 Found",
            "https://127.0.0.1/a.csv".to_owned(),
            "only addresses of the same scheme",
        ),
        (
            "/loop.csv",
            "302 Found",
            "/loop.csv".to_owned(),
            "there are too many redirections",
        ),
        (
            "/secret.csv",
            "403 Forbidden",
            String::new(),
            "is answered with status 403",
        ),
    ] {
        puller
            .web
            .serve(path, &[bare(status, &format!("Location: {location}\r\n"))]);
        let answer = puller.pull(path, &[]);
        assert!(!answer.is_ok && answer.err.contains(said), "{path}: {}", answer.err);
        assert_eq!(puller.metric("success"), "0", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_file_of_the_right_form_and_size_is_taken() {
    let puller = Puller::start().await;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(complaints("2125550101").as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    puller.web.serve("/a.csv", &[ok(&gzip, "Content-Encoding: gzip\r\n")]);
    assert_eq!(accepted(&puller.pull("/a.csv", &[])), [1]);
    let rows = complaints("2125550102");
    let endless = [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".as_slice(),
        rows.as_bytes(),
    ]
    .concat();
    let moved_columns = rows.replace("Company_Phone_Number", "Caller");
    for (path, page, args, said) in [
        (
            "/large.csv",
            ok(&rows, ""),
            vec!["--max-bytes", "100"],
            "is larger than 100 bytes",
        ),
        (
            "/endless.csv",
            endless,
            vec!["--max-bytes", "100"],
            "is larger than 100 bytes",
        ),
        ("/empty.csv", ok("", ""), vec![], "is empty"),
        (
            "/header.csv",
            ok(format!("{HEADER}\n"), ""),
            vec![],
            "the file has no rows",
        ),
        (
            "/page.csv",
            ok("<html>", "Content-Type: text/html\r\n"),
            vec![],
            "is a web page, not a file",
        ),
        (
            "/columns.csv",
            ok(moved_columns, ""),
            vec![],
            "does not have the columns of this format",
        ),
    ] {
        puller.web.serve(path, &[page]);
        let answer = puller.pull(path, &args);
        assert!(!answer.is_ok && answer.err.contains(said), "{path}: {}", answer.err);
        assert_eq!(
            (puller.metric("success"), puller.metric("files")),
            ("0".into(), "0".into()),
            "{path}"
        );
        // It is fetched again, since it was not imported.
        assert_eq!(puller.web.asked(path), 1);
        let again = puller.pull(path, &args);
        assert!(!again.is_ok && puller.web.asked(path) == 2, "{path}: {}", again.err);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_other_parties_are_pulled_with_a_map() {
    let puller = Puller::start().await;
    puller
        .web
        .serve("/a.csv", &[ok("Wer;Wann\n+4930901820;2026-11-23\n", "")]);
    let refused = puller.pull("/a.csv", &["--format", "reports"]);
    assert!(refused.err.contains("--format reports needs --map"), "{}", refused.err);
    let args = [
        "--format",
        "reports",
        "--map",
        "number=Wer,occurred_at=Wann",
        "--feed",
        "amt",
    ];
    let answer = puller.pull("/a.csv", &args);
    assert!(answer.is_ok, "{}", answer.err);
    assert_eq!(accepted(&answer), [1]);
    puller
        .web
        .serve("/b.csv", &[ok("Nummer;Wann\n+4930901820;2026-11-23\n", "")]);
    let changed = puller.pull("/b.csv", &args);
    assert!(
        changed.err.contains("the file has no column \"Wer\""),
        "{}",
        changed.err
    );
    let dates = puller.pull("/a.csv", &["--from", "2026-11-23"]);
    assert!(dates.err.contains("need {date} in the address"), "{}", dates.err);
}
