//! Mistakes in files and commands: they are said before they do harm, and have a way back.

use serde_json::{Value, json};

use super::lists::{Answer, ask};
use crate::support::server::Server;

const NUMBER: &str = "+14155550123";

fn import(server: &Server, text: &str, more: &[&str]) -> Answer {
    let args = ["import", "reports", "-", "--region", "US"];
    ask(server, &[&args[..], more].concat(), text.as_bytes())
}

async fn count(server: &Server, number: &str) -> u64 {
    let path = format!("/v1/numbers/%2B{}", &number[1..]);
    server.get(&path).await.json()["reportCount"].as_u64().unwrap_or(0)
}

/// A call without a date is no call of today.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_without_its_date_is_rejected() {
    let server = Server::start().await;
    let text = "phone,date\n4155550123,2026-01-05\n4155550124,\n4155550125, \n4155550126,2026-01-05\n";
    let sent = import(&server, text, &["--yes", "--json"]);
    assert!(
        sent.err.contains("2 rows have no time of the call: rejected"),
        "{}",
        sent.err
    );
    assert!(sent.err.contains("line 3: the date is missing"), "{}", sent.err);
    let summary = sent.json();
    assert_eq!((&summary["accepted"], &summary["rejected"]), (&json!(2), &json!(2)));
    assert_eq!(count(&server, "+14155550124").await, 0);
    let with_day = import(&server, text, &["--yes", "--json", "--date", "2026-01-06"]).json();
    assert_eq!((&with_day["accepted"], &with_day["rejected"]), (&json!(2), &json!(0)));
    // The date of the complaint is better than none.
    let complained = "phone,date,received\n4155550127,,2026-01-07\n";
    let map = ["--map", "number=phone,occurred_at=date,received_at=received"];
    let sent = import(&server, complained, &[&map[..], &["--yes", "--json"]].concat()).json();
    assert_eq!(sent["accepted"], 1, "{sent}");
    let reports = server.get("/v1/numbers/+14155550127/reports").await.json();
    assert_eq!(reports["reports"][0]["occurredAt"], "2026-01-07T00:00:00Z");
}

/// A dry run rejects the dates that the server would reject.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_rejects_impossible_dates() {
    let server = Server::start().await;
    let text =
        "phone,date\n4155550123,2026-01-05\n4155550124,2931-01-05\n4155550125,1998-01-05\n4155550126,2026-01-05\n";
    let dry = import(&server, text, &["--dry-run"]);
    assert!(
        dry.out.contains("of 4 rows, 2 would be sent and 2 are rejected"),
        "{}",
        dry.out
    );
    for said in [
        "line 3: the date lies more than 5 minutes ahead of the clock",
        "line 4: the date is before the year 2000",
    ] {
        assert!(dry.err.contains(said), "{said}: {}", dry.err);
    }
    let sent = import(&server, text, &["--yes", "--json"]).json();
    assert_eq!((&sent["accepted"], &sent["rejected"]), (&json!(2), &json!(2)), "{sent}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_of_a_status_says_that_it_is_one() {
    let server = Server::start().await;
    let set = ["number", "set-status", NUMBER, "blocked", "--reason", "fraud"];
    let said = "this was a dry run: nothing was changed";
    let dry = ask(&server, &[&set[..], &["--dry-run"]].concat(), b"");
    assert!(dry.is_ok && dry.err.contains(said), "{}", dry.err);
    let shown = ask(&server, &["number", "show", NUMBER], b"");
    assert!(!shown.out.contains("BLOCKED"), "{}", shown.out);
    let done = ask(&server, &set, b"");
    assert!(done.is_ok && !done.err.contains("dry run"), "{}", done.err);
}

/// Excel writes and reads a first line that names the separator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_of_excel_names_the_separator() {
    let server = Server::start().await;
    let text = "\u{feff}sep=;\r\nphone;date\r\n4155550123;2026-01-05\r\n415555012x;2026-01-05\r\n";
    let sent = import(&server, text, &["--yes", "--json"]);
    assert!(sent.err.contains("line 4: "), "{}", sent.err);
    assert_eq!(sent.json()["accepted"], 1);
    let list = "sep=|\nnumber|source|date\n+14155550199|ours, and theirs|2026-01-01\n";
    let args = [
        "import",
        "list",
        "-",
        "--kind",
        "tenant-block",
        "--list-id",
        "block",
        "--json",
    ];
    assert_eq!(ask(&server, &args, list.as_bytes()).json()["list"]["entryCount"], 1);
}

/// An import with ids of its own, with the wrong source, is taken back and sent again as it should be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrected_import_uses_its_ids_again() {
    let server = Server::start().await;
    let text = "id,phone,date\na-1,4155550123,2026-01-05\na-2,4155550124,2026-01-05\n";
    let send = |import_id: &str, more: &[&str]| {
        let map = ["--map", "report_id=id,number=phone,occurred_at=date", "--yes", "--json"];
        import(&server, text, &[&map[..], &["--import-id", import_id], more].concat())
    };
    let right = ["--source", "regulator-feed"];
    assert_eq!(send("i1", &[]).json()["accepted"], 2);
    let withdraw = ["report", "withdraw", "--import", "i1", "--yes"];
    assert!(ask(&server, &withdraw, b"").is_ok);

    // Nothing counts: neither the same reports nor the corrected ones. The command says how they do.
    for more in [&[][..], &right] {
        let same = send("i2", more);
        assert!(!same.is_ok, "{}", same.out);
        let said = "2 reports of the file were withdrawn before: they do not count";
        assert!(
            same.err.contains(said) && same.err.contains("--revision 1"),
            "{}",
            same.err
        );
        let summary: Value = serde_json::from_str(&same.out).unwrap();
        assert_eq!((&summary["withdrawn"], &summary["rejected"]), (&json!(2), &json!(0)));
        assert_eq!(count(&server, NUMBER).await, 0);
    }
    let corrected = send("i2", &[&right[..], &["--revision", "1"]].concat()).json();
    assert_eq!(
        (&corrected["accepted"], &corrected["withdrawn"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(count(&server, NUMBER).await, 1);
    let reports = server.get(&format!("/v1/numbers/{NUMBER}/reports")).await.json();
    let report = &reports["reports"][0];
    assert_eq!(
        (&report["source"], &report["importId"]),
        (&json!("SOURCE_REGULATOR_FEED"), &json!("i2"))
    );
    let again = send("i2", &[&right[..], &["--revision", "1"]].concat()).json();
    assert_eq!(again["alreadyKnown"], 2, "{again}");
    // The new import can be withdrawn, too.
    assert!(ask(&server, &["report", "withdraw", "--import", "i2", "--yes"], b"").is_ok);
    assert_eq!(count(&server, NUMBER).await, 0);
}

/// A withdrawal by mistake has a way back, also for reports whose ids follow from their content.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_by_mistake_has_a_way_back() {
    let server = Server::start().await;
    let text = "phone,date\n4155550123,2026-01-05\n";
    let send = |more: &[&str]| {
        import(
            &server,
            text,
            &[&["--yes", "--json", "--import-id", "july"], more].concat(),
        )
    };
    assert_eq!(send(&[]).json()["accepted"], 1);
    let refused = ask(&server, &["report", "withdraw", "--import", "july"], b"");
    let said = "which count again only if they are sent with a higher revision";
    assert!(refused.err.contains(said), "{}", refused.err);
    assert!(ask(&server, &["report", "withdraw", "--import", "july", "--yes"], b"").is_ok);
    assert!(!send(&[]).is_ok);
    assert_eq!(send(&["--revision", "1"]).json()["accepted"], 1);
    assert_eq!(count(&server, NUMBER).await, 1);
}
