//! Days with and without files: taken in order, late, given up, never delivered, and a clock that is wrong.

use serde_json::json;

use super::puller::{Puller, accepted, complaints};
use crate::support::web::{bare, ok};

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
async fn a_day_that_comes_late_is_taken_after_later_days() {
    let puller = Puller::start().await;
    puller.serve_day("2026-11-23", "2125550101");
    puller.serve_day("2026-11-26", "2125550104");
    // Two missing days in a row are an alarm in the run that finds them, not again in later ones.
    let first = puller.week("2026-11-26");
    assert!(
        first.err.contains("no file from 2026-11-24 to 2026-11-25: 2 days"),
        "{}",
        first.err
    );
    assert_eq!((puller.last_day(), accepted(&first)), ("2026-11-26".into(), vec![1, 1]));
    assert_eq!(puller.metric("missing_days"), "2");
    puller.serve_day("2026-11-27", "2125550105");
    let second = puller.up_to("2026-11-27");
    assert!(second.is_ok, "{}", second.err);
    let said = "ftc: still without a file, and asked for again: 2026-11-24, 2026-11-25\n";
    assert!(second.err.contains(said), "{}", second.err);
    assert_eq!(
        (puller.metric("success"), puller.metric("missing_days")),
        ("1".into(), "2".into())
    );

    puller.serve_day("2026-11-24", "2125550102");
    let late = puller.up_to("2026-11-27");
    assert!(late.is_ok, "{}", late.err);
    assert!(
        late.err.contains("ftc 2026-11-24: the file came late\n"),
        "{}",
        late.err
    );
    assert_eq!((accepted(&late), puller.metric("missing_days")), (vec![1], "1".into()));
    // A day that was taken is not asked for again; the newest data is still that of the newest day.
    assert_eq!(puller.web.asked("/2026-11-26.csv"), 1);
    assert_eq!(puller.last_day(), "2026-11-27");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_is_given_up_once_and_counted() {
    let puller = Puller::start().await;
    puller.serve_day("2026-11-23", "2125550101");
    puller.serve_day("2026-11-25", "2125550103");
    assert!(puller.week("2026-11-25").is_ok);
    for (to, number) in [("2026-11-26", "2125550104"), ("2026-11-27", "2125550105")] {
        puller.serve_day(to, number);
    }
    let pull = |to: &str| puller.pull("/{date}.csv", &["--late-days", "3", "--to", to]);
    let kept = pull("2026-11-26");
    assert!(kept.is_ok && !kept.err.contains("given up"), "{}", kept.err);
    assert_eq!(puller.metric("given_up_days_total"), "0");
    let given_up = pull("2026-11-27");
    assert!(given_up.is_ok, "{}", given_up.err);
    let said = "ftc 2026-11-24: given up after 3 days; --from 2026-11-24 --to 2026-11-24 asks for it once more\n";
    assert!(given_up.err.contains(said), "{}", given_up.err);
    assert_eq!(
        (puller.metric("given_up_days_total"), puller.metric("missing_days")),
        ("1".into(), "0".into())
    );
    let asked = puller.web.asked("/2026-11-24.csv");
    let silent = pull("2026-11-27");
    assert!(silent.is_ok && !silent.err.contains("2026-11-24"), "{}", silent.err);
    assert!(
        silent.err.contains("all days up to 2026-11-27 are taken"),
        "{}",
        silent.err
    );
    assert_eq!(
        (
            puller.web.asked("/2026-11-24.csv"),
            puller.metric("given_up_days_total")
        ),
        (asked, "1".into())
    );
    // The user can still ask for it.
    puller.serve_day("2026-11-24", "2125550102");
    let args = ["--from", "2026-11-24", "--to", "2026-11-24"];
    assert_eq!(accepted(&puller.pull("/{date}.csv", &args)), [1]);
    assert_eq!(puller.last_day(), "2026-11-27");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_never_delivered_is_an_alarm() {
    let puller = Puller::start().await;
    // Friday, and the weekend.
    for to in ["2026-11-20", "2026-11-21", "2026-11-22"] {
        let answer = puller.up_to(to);
        assert!(answer.is_ok, "{to}: {}", answer.err);
    }
    let first_ask = puller.state_of("ftc")["firstAskedAt"].as_i64().unwrap();
    assert_eq!(puller.metric("has_data"), "0");
    assert_eq!(puller.metric("last_data_timestamp_seconds"), first_ask.to_string());
    let never = puller.up_to("2026-11-23");
    let said = "/{date}.csv: 2 days since 2026-11-20, weekends not counted";
    assert!(!never.is_ok && never.err.contains(said), "{}", never.err);
    assert!(
        never.err.contains("the source ftc has never had a file at http://"),
        "{}",
        never.err
    );
    assert_eq!(
        (puller.metric("success"), puller.metric("has_data")),
        ("0".into(), "0".into())
    );
    // Also after the first days were given up, and the alarm goes on.
    let later = puller.pull("/{date}.csv", &["--to", "2026-11-24", "--late-days", "1"]);
    assert!(later.err.contains("3 days since 2026-11-20"), "{}", later.err);
    puller.serve_day("2026-11-25", "2125550103");
    let alive = puller.up_to("2026-11-25");
    assert!(alive.is_ok, "{}", alive.err);
    assert_eq!(
        (puller.metric("success"), puller.metric("has_data")),
        ("1".into(), "1".into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_of_two_runs_is_found() {
    let puller = Puller::start().await;
    puller.serve_day("2026-11-23", "2125550101");
    puller.serve_day("2026-11-26", "2125550104");
    assert!(puller.week("2026-11-24").is_ok);
    // Tuesday was allowed to be missing, but not Tuesday and Wednesday.
    let answer = puller.up_to("2026-11-26");
    assert!(
        answer.err.contains("no file from 2026-11-24 to 2026-11-25"),
        "{}",
        answer.err
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_be_used_does_not_hold_back_other_days() {
    let puller = Puller::start().await;
    let other_columns = complaints("2125550102").replace("Company_Phone_Number", "Caller");
    let pages = [
        ("23", ok(other_columns, "")),
        ("24", bare("403 Forbidden", "")),
        ("25", ok(complaints("2125550103"), "")),
        // The server gives an old file for a new day.
        ("26", ok(complaints("2125550103"), "")),
    ];
    for (day, page) in pages {
        puller.web.serve(&format!("/2026-11-{day}.csv"), &[page]);
    }
    let answer = puller.week("2026-11-26");
    assert!(!answer.is_ok);
    for said in [
        "ftc 2026-11-23: not taken: the first line of the file does not have the columns",
        "/2026-11-24.csv is answered with status 403",
        "ftc 2026-11-26: not taken: the file of the source ftc for 2026-11-26 is the same as that for 2026-11-25",
        "error: the file of the source ftc for 2026-11-23 was not taken: the first line of the file",
        "asked for again: 2026-11-23, 2026-11-24, 2026-11-26",
    ] {
        assert!(answer.err.contains(said), "{said}: {}", answer.err);
    }
    assert_eq!((accepted(&answer), puller.last_day()), (vec![1], "2026-11-25".into()));
    for (day, number) in [("23", "2125550101"), ("24", "2125550102"), ("26", "2125550104")] {
        puller.serve_day(&format!("2026-11-{day}"), number);
    }
    let mended = puller.up_to("2026-11-26");
    assert!(mended.is_ok, "{}", mended.err);
    assert_eq!(accepted(&mended), [1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_with_old_reports_only_is_not_that_of_the_day() {
    let puller = Puller::start().await;
    let old = complaints("2125550101").replace("2026-11-2", "2026-10-2");
    puller.web.serve("/2026-11-23.csv", &[ok(old, "")]);
    let answer = puller.week("2026-11-23");
    let said = "is old: its newest report was filed on 2026-10-23";
    assert!(!answer.is_ok && answer.err.contains(said), "{}", answer.err);
    assert_eq!(
        (puller.last_day(), puller.metric("has_data")),
        (String::new(), "0".into())
    );
    puller.serve_day("2026-11-23", "2125550102");
    let mended = puller.up_to("2026-11-23");
    assert!(mended.is_ok, "{}", mended.err);
    assert_eq!(puller.last_day(), "2026-11-23");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_run_that_failed_is_made_up_for() {
    let puller = Puller::start().await;
    puller
        .web
        .serve("/2026-11-23.csv", &[bare("503 Service Unavailable", "")]);
    let down = puller.pull("/{date}.csv", &["--to", "2026-11-23", "--attempts", "1"]);
    assert!(!down.is_ok, "{}", down.err);
    puller.serve_day("2026-11-23", "2125550101");
    puller.serve_day("2026-11-24", "2125550102");
    assert_eq!(accepted(&puller.up_to("2026-11-24")), [1, 1]);
    let reversed = puller.pull("/{date}.csv", &["--from", "2026-11-25", "--to", "2026-11-24"]);
    let said = "--from 2026-11-25 is after the last day, 2026-11-24";
    assert!(!reversed.is_ok && reversed.err.contains(said), "{}", reversed.err);
    assert_eq!(puller.metric("success"), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_that_is_redirected_does_not_hold_back_other_days() {
    let puller = Puller::start().await;
    let start_page = bare("301 Moved Permanently", "Location: /\r\n");
    puller.web.serve("/2026-11-23.csv", &[start_page]);
    puller.web.serve("/2026-11-24.csv", &[bare("302 Found", "")]);
    puller.serve_day("2026-11-25", "2125550103");
    let answer = puller.week("2026-11-25");
    assert!(
        !answer.is_ok && answer.err.contains("has moved to http://"),
        "{}",
        answer.err
    );
    assert!(answer.err.contains("it names no other address"), "{}", answer.err);
    assert_eq!((accepted(&answer), puller.last_day()), (vec![1], "2026-11-25".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_without_an_answer_does_not_hold_back_other_days() {
    let puller = Puller::start().await;
    let broken = bare("500 Internal Server Error", "");
    for day in ["2026-11-23", "2026-11-25"] {
        puller.web.serve(&format!("/{day}.csv"), std::slice::from_ref(&broken));
    }
    puller.serve_day("2026-11-24", "2125550102");
    let answer = puller.week("2026-11-25");
    assert!(
        !answer.is_ok && answer.err.contains("could not be fetched in 4 attempts"),
        "{}",
        answer.err
    );
    assert_eq!(
        (accepted(&answer), puller.metric("missing_days")),
        (vec![1], "2".into())
    );
    // Four attempts for the first day, one for the other.
    assert_eq!(
        (puller.web.asked("/2026-11-23.csv"), puller.web.asked("/2026-11-25.csv")),
        (4, 1)
    );
    puller.serve_day("2026-11-26", "2125550104");
    let next = puller.up_to("2026-11-26");
    assert_eq!((accepted(&next), puller.last_day()), (vec![1], "2026-11-26".into()));
    // A server that is away ends the run.
    for day in 1..=9 {
        puller
            .web
            .serve(&format!("/2026-12-0{day}.csv"), std::slice::from_ref(&broken));
    }
    let away = puller.pull("/{date}.csv", &["--from", "2026-12-01", "--to", "2026-12-09"]);
    assert!(!away.is_ok, "{}", away.err);
    assert_eq!(
        (puller.web.asked("/2026-12-05.csv"), puller.web.asked("/2026-12-06.csv")),
        (1, 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_wrong_is_an_alarm() {
    let puller = Puller::start().await;
    puller.set_state(&json!({ "firstDay": "2020-01-01", "askedTo": "2999-01-01", "lastDay": "2999-01-01" }));
    let back = puller.pull("/{date}.csv", &[]);
    let said = "the state of the source ftc is ahead of the clock: it has 2999-01-01";
    assert!(!back.is_ok && back.err.contains(said), "{}", back.err);
    assert_eq!(puller.metric("success"), "0");
    // The user names the first day: then the wrong days are forgotten.
    let (_, rest) = back.err.split_once("but yesterday was ").unwrap();
    let yesterday = rest.lines().next().unwrap().to_owned();
    puller.serve_day(&yesterday, "2125550101");
    let again = puller.pull("/{date}.csv", &["--from", &yesterday]);
    assert!(again.is_ok, "{}", again.err);
    assert_eq!((accepted(&again), puller.last_day()), (vec![1], yesterday.clone()));
    let next = puller.pull("/{date}.csv", &[]);
    assert!(next.is_ok && !next.err.contains("2999"), "{}", next.err);
    let asked = puller.web.requests.lock().unwrap().len();
    puller.set_state(&json!({ "firstDay": "2020-01-01", "askedTo": "2020-01-01", "lastDay": "2020-01-01" }));
    let forward = puller.pull("/{date}.csv", &["--to", "2024-01-01"]);
    assert!(
        forward
            .err
            .contains("1461 days of the source ftc are due, from 2020-01-02 on"),
        "{}",
        forward.err
    );
    assert_eq!(puller.web.requests.lock().unwrap().len(), asked);
}
