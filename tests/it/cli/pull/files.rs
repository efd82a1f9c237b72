//! What a file holds: its size when it is unpacked, versions without validators, web pages, rejected rows.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::puller::{HEADER, Puller, accepted, complaints};
use crate::support::web::{bare, ok};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_unpacks_to_too_much_is_refused_before_anything_is_sent() {
    let puller = Puller::start().await;
    let many = [complaints("2125550101").into_bytes(), vec![b'\n'; 1_000_000]].concat();
    let bomb = gzip(&many);
    assert!(bomb.len() < 20_000);
    puller
        .web
        .serve("/bomb.csv", &[ok(&bomb, "Content-Encoding: gzip\r\n")]);
    let args = ["--max-bytes", "20000", "--max-unpacked-bytes", "100000"];
    let refused = puller.pull("/bomb.csv", &args);
    assert!(
        !refused.is_ok && refused.err.contains("has more than 100000 bytes when it is unpacked"),
        "{}",
        refused.err
    );
    assert!(refused.out.is_empty(), "{}", refused.out);
    let allowed = puller.pull("/bomb.csv", &["--max-bytes", "20000"]);
    assert!(allowed.is_ok, "{}", allowed.err);
    assert_eq!(accepted(&allowed), [1]);
    // A compressed file that ends too early is known before its first rows are sent.
    let cut = &bomb[..bomb.len() - 10];
    puller.web.serve("/cut.csv.gz", &[ok(cut, "")]);
    let damaged = puller.pull("/cut.csv.gz", &[]);
    assert!(
        damaged
            .err
            .contains("/cut.csv.gz is damaged: the gzip file ends too early")
            && damaged.out.is_empty(),
        "{}",
        damaged.err
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_never_changes_is_found_without_validators() {
    let puller = Puller::start().await;
    puller.web.serve("/all.csv", &[ok(complaints("2125550101"), "")]);
    assert_eq!(accepted(&puller.pull("/all.csv", &[])), [1]);
    let changed_at = puller.state_of("ftc")["changedAt"].as_i64().unwrap();
    // The same content, packed: it is not imported again, and has not changed.
    puller
        .web
        .serve("/all.csv", &[ok(gzip(complaints("2125550101").as_bytes()), "")]);
    let same = puller.pull("/all.csv", &[]);
    assert!(same.is_ok && same.out.is_empty(), "{} {}", same.out, same.err);
    assert!(same.err.contains("/all.csv: not changed\n"), "{}", same.err);
    let mut state = puller.state_of("ftc");
    assert_eq!(state["changedAt"], changed_at);
    // After eight days it is dead.
    state["changedAt"] = json!(changed_at - 8 * 86_400);
    puller.set_state(&state);
    let dead = puller.pull("/all.csv", &[]);
    assert!(
        !dead.is_ok && dead.err.contains("has not changed since"),
        "{}",
        dead.err
    );
    assert_eq!(
        puller.metric("last_data_timestamp_seconds"),
        (changed_at - 8 * 86_400).to_string()
    );
    puller.web.serve("/all.csv", &[ok(complaints("2125550102"), "")]);
    let alive = puller.pull("/all.csv", &[]);
    assert!(alive.is_ok, "{}", alive.err);
    assert_eq!(accepted(&alive), [1]);
    // A date of the server that is in the future is not believed: else the file would be fresh for ever.
    let future = ok(
        complaints("2125550103"),
        "Last-Modified: Fri, 31 Dec 2100 00:00:00 GMT\r\n",
    );
    puller.web.serve("/all.csv", &[future]);
    assert!(puller.pull("/all.csv", &[]).is_ok);
    let changed: i64 = puller.metric("last_data_timestamp_seconds").parse().unwrap();
    let ran: i64 = puller.metric("last_run_timestamp_seconds").parse().unwrap();
    assert!(changed <= ran, "{changed} {ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_recognised_by_its_text() {
    let puller = Puller::start().await;
    for (path, page) in [
        (
            "/plain.csv",
            ok("<!DOCTYPE html><p>Sorry</p>", "Content-Type: text/csv\r\n"),
        ),
        ("/upper.csv", ok("Sorry", "Content-Type: Text/HTML; charset=utf-8\r\n")),
        ("/xml.csv", ok("\n <Error><Code>AccessDenied</Code></Error>", "")),
        ("/packed.csv", ok(gzip(b"<html></html>"), "Content-Encoding: gzip\r\n")),
    ] {
        puller.web.serve(path, &[page]);
        let answer = puller.pull(path, &[]);
        assert!(
            !answer.is_ok && answer.err.contains("is a web page, not a file"),
            "{path}: {}",
            answer.err
        );
    }
    // Nobody asked whether the file has changed.
    puller.web.serve("/always.csv", &[bare("304 Not Modified", "")]);
    let always = puller.pull("/always.csv", &[]);
    assert!(always.err.contains("is answered with status 304"), "{}", always.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_rows_are_kept_for_each_day() {
    let puller = Puller::start().await;
    let with_fault = |number: &str| format!("{}no number,2026-11-23,,,,,,\n", complaints(number));
    puller.web.serve("/2026-11-23.csv", &[ok(with_fault("2125550101"), "")]);
    puller.web.serve("/2026-11-24.csv", &[ok(with_fault("2125550102"), "")]);
    puller.serve_day("2026-11-25", "2125550103");
    let rejects = puller.path("rejects.csv");
    let args = ["--from", "2026-11-23", "--to", "2026-11-25", "--rejects", &rejects];
    let answer = puller.pull("/{date}.csv", &args);
    assert!(answer.is_ok, "{}", answer.err);
    for day in ["2026-11-23", "2026-11-24"] {
        let text = std::fs::read_to_string(puller.path(&format!("rejects.{day}.csv"))).unwrap();
        assert!(text.lines().count() == 2 && text.contains("no number"), "{day}: {text}");
    }
    let exists = |name: &str| std::fs::exists(puller.path(name)).unwrap();
    assert!(!exists("rejects.2026-11-25.csv") && !exists("rejects.csv"));
    // A source with one file has one file of rejected rows.
    puller.web.serve("/all.csv", &[ok(with_fault("2125550104"), "")]);
    assert!(puller.pull("/all.csv", &["--rejects", &rejects]).is_ok);
    assert!(exists("rejects.csv"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_without_rows_are_not_the_same_file() {
    let puller = Puller::start().await;
    for day in ["2026-11-23", "2026-11-24"] {
        puller
            .web
            .serve(&format!("/{day}.csv"), &[ok(format!("{HEADER}\r\n"), "")]);
    }
    let args = ["--from", "2026-11-23", "--to", "2026-11-24", "--min-accepted", "0"];
    let answer = puller.pull("/{date}.csv", &args);
    assert!(answer.is_ok, "{}", answer.err);
    assert_eq!(accepted(&answer), [0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_an_import_is_said_and_finished_by_the_next_run() {
    let puller = Puller::start().await;
    let second = complaints("2125550102").replace(HEADER, "").trim_start().to_owned();
    let half = format!("{}{}", complaints("2125550101"), "x".repeat(1_100_000));
    puller.web.serve("/2026-11-23.csv", &[ok(half, "")]);
    let stopped = puller.week("2026-11-23");
    assert!(!stopped.is_ok);
    for said in [
        "/2026-11-23.csv stopped early: the reports before the error are stored; the next run imports the whole file, and no \
         report counts twice\n",
        "was not taken: the row after line 2 is longer than",
    ] {
        assert!(stopped.err.contains(said), "{said}: {}", stopped.err);
    }
    let summary: Value = serde_json::from_str(&stopped.out).unwrap();
    assert_eq!((&summary["complete"], &summary["accepted"]), (&json!(false), &json!(1)));
    assert_eq!(puller.last_day(), "");
    let whole = complaints("2125550101") + &second;
    puller.web.serve("/2026-11-23.csv", &[ok(whole, "")]);
    let finished = puller.up_to("2026-11-23").json();
    assert_eq!(
        (&finished["accepted"], &finished["alreadyKnown"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(puller.last_day(), "2026-11-23");
}
