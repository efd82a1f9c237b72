//! The command `pull` against a web server that answers as told: files by day, versions, and everything that must be an
//! alarm.

mod days;
mod files;
mod puller;
mod state;

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::web::{NO_BODY, bare, ok};
use puller::{HEADER, Puller, accepted, complaints};

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
