//! The state file and the file of metrics: shared by sources, by two runs at once, damaged, and on a disk that cannot be
//! written.

use std::fs::{File, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use super::puller::{Puller, accepted, complaints};
use crate::cli::lists::ask;
use crate::support::web::ok;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sources_share_a_state() {
    let puller = Puller::start().await;
    let path = puller.path("state.json");
    let sources: Vec<String> = (0..4).map(|source| format!("s{source}")).collect();
    for source in &sources {
        let number = format!("212555010{}", &source[1..]);
        puller
            .web
            .serve(&format!("/{source}.csv"), &[ok(complaints(&number), "")]);
    }
    std::thread::scope(|scope| {
        for source in &sources {
            let (puller, path) = (&puller, &path);
            scope.spawn(move || {
                let url = format!("{source}={}", puller.web.url(&format!("/{source}.csv")));
                let answer = ask(&puller.server, &["pull", &url, "--state", path, "--json"], b"");
                assert!(answer.is_ok, "{}", answer.err);
            });
        }
    });
    for source in &sources {
        assert!(puller.state_of(source)["succeededAt"].is_i64(), "{source}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_of_one_source_do_not_overlap() {
    let puller = Puller::start().await;
    puller.serve_day("2026-11-23", "2125550101");
    assert!(puller.week("2026-11-23").is_ok);
    let lock = OpenOptions::new()
        .write(true)
        .open(puller.path("state.json.ftc.lock"))
        .unwrap();
    lock.try_lock().unwrap();
    let metrics = std::fs::read_to_string(puller.path("pull.prom")).unwrap();
    let second = puller.up_to("2026-11-23");
    assert!(
        second
            .err
            .contains("another pull of the source ftc is running: it has locked"),
        "{}",
        second.err
    );
    assert!(!second.is_ok);
    // The other run will write them.
    assert_eq!(std::fs::read_to_string(puller.path("pull.prom")).unwrap(), metrics);
    drop(lock);
    assert!(puller.up_to("2026-11-23").is_ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_cannot_be_read_is_an_error_and_is_left_alone() {
    let puller = Puller::start().await;
    puller.serve_day("2026-11-23", "2125550101");
    let path = puller.path("state.json");
    for text in [
        "",
        "{",
        "{}",
        "[]",
        r#"{"name": "another file", "sources": {}}"#,
        r#"{"sources": {"ftc": {"lastDay": "2026-13-01"}}}"#,
        r#"{"sources": {"ftc": {"lastDay": 20261101}}}"#,
    ] {
        std::fs::write(&path, text).unwrap();
        let answer = puller.week("2026-11-23");
        let said = format!("cannot read the state {path}: ");
        assert!(!answer.is_ok && answer.err.contains(&said), "{text}: {}", answer.err);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        assert_eq!(puller.metric("success"), "0", "{text}");
    }
    assert!(puller.web.requests.lock().unwrap().is_empty());
    // A damaged part of another source is kept as it is.
    std::fs::write(&path, r#"{"sources": {"other": {"lastDay": "never"}}}"#).unwrap();
    assert!(puller.week("2026-11-23").is_ok);
    assert_eq!(puller.state_of("other")["lastDay"], "never");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_cannot_be_written_is_known_before_anything_is_imported() {
    let puller = Puller::start().await;
    puller.serve_day("2026-11-23", "2125550101");
    assert!(puller.week("2026-11-23").is_ok);
    // The system administrator may write everywhere; a path through a file fails for everyone.
    File::create(puller.path("file")).unwrap();
    let state = puller.path("file/state.json");
    let source = format!("ftc={}", puller.web.url("/{date}.csv"));
    let args = ["pull", &source, "--state", &state, "--to", "2026-11-23", "--json"];
    let answer = ask(&puller.server, &args, b"");
    let said = format!("cannot write the state {state}");
    assert!(!answer.is_ok && answer.err.contains(&said), "{}", answer.err);
    assert_eq!((answer.out.as_str(), puller.web.asked("/2026-11-23.csv")), ("", 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_metrics_belongs_to_one_source() {
    let puller = Puller::start().await;
    puller.serve_day("2026-11-23", "2125550101");
    assert!(puller.week("2026-11-23").is_ok);
    let metrics = puller.path("pull.prom");
    assert_eq!(
        std::fs::metadata(&metrics).unwrap().permissions().mode() & 0o777,
        Permissions::from_mode(0o644).mode()
    );
    let (source, state) = (format!("other={}", puller.web.url("/a.csv")), puller.path("state.json"));
    let args = ["pull", &source, "--state", &state, "--metrics-file", &metrics];
    let other = ask(&puller.server, &args, b"");
    assert!(
        !other.is_ok && other.err.contains("belongs to another source"),
        "{}",
        other.err
    );
    assert_eq!((puller.metric("success"), puller.web.asked("/a.csv")), ("1".into(), 0));
    let again = puller.up_to("2026-11-23");
    assert_eq!((accepted(&again), again.is_ok), (vec![], true));
}
