//! The queue of a moderator, over all numbers: on the command line and over JSON.

use serde_json::{Value, json};

use super::lists::ask;
use crate::support::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_moderator_works_through_the_comments_of_all_numbers() {
    let server = Server::start().await;
    let none = ask(&server, &["report", "pending", "--csv"], b"");
    assert!(none.is_ok && none.out.lines().count() == 1, "{}", none.out);
    for n in 0..3 {
        let report = json!({
            "reportId": format!("r{n}"), "number": format!("+1415555012{n}"), "reporterId": "user-1",
            "comment": format!("comment {n}"), "commentLanguage": "en",
        });
        assert_eq!(server.post("/v1/reports", &report.to_string()).await.status, 200);
    }
    let first = ask(&server, &["report", "pending", "--limit", "2", "--csv"], b"");
    assert!(first.is_ok, "{}", first.err);
    assert!(
        first.out.contains("comment 0") && first.out.contains("comment 1"),
        "{}",
        first.out
    );
    assert!(!first.out.contains("comment 2"), "{}", first.out);
    let (_, token) = first.err.split_once("2 of 3 comments; next: --page-token ").unwrap();
    let token = token.split(',').next().unwrap();
    let rest = ask(&server, &["report", "pending", "--csv", "--page-token", token], b"");
    assert!(rest.out.contains("+14155550122,r2,"), "{}", rest.out);
    assert_eq!(rest.out.lines().count(), 2, "{}", rest.out);

    for (n, decision) in [(0, "approved"), (2, "rejected")] {
        let number = format!("+1415555012{n}");
        let words = [
            "report",
            "moderate",
            &number,
            &format!("r{n}"),
            decision,
            "--reason",
            "read",
        ];
        let done = ask(&server, &words, b"");
        assert!(done.is_ok, "{}", done.err);
    }
    let answer = server.get("/v1/reports:pendingComments?page_size=10").await.json();
    let shown: Vec<&Value> = answer["reports"].as_array().unwrap().iter().collect();
    assert_eq!((&answer["totalSize"], shown.len()), (&json!(1), 1), "{answer}");
    let [e164, comment, moderation] = ["e164", "comment", "commentModeration"].map(|field| &shown[0][field]);
    assert_eq!(
        (e164, comment, moderation),
        (
            &json!("+14155550121"),
            &json!("comment 1"),
            &json!("COMMENT_MODERATION_PENDING")
        )
    );
    assert_eq!(answer.get("nextPageToken"), None, "{answer}");
    let table = ask(&server, &["report", "pending"], b"");
    assert!(table.is_ok && table.out.contains("comment 1"), "{}", table.out);
}
