//! The comments that wait for a moderator: a queue over all numbers, oldest first.

use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::domain::ids::ReportId;
use ringwarden::domain::kinds::CommentModeration;
use ringwarden::service::{NewReport, PageRequest, ServiceError};

use super::{instance, memory};
use crate::support::instance::{Instance, mutation, noon, number, report_of};

const MINUTE: Duration = Duration::from_secs(60);

/// A report on number `n` with a comment, which arrives a minute after the one before.
async fn say(one: &Instance, n: u64, id: &str) {
    one.clock.advance(MINUTE);
    let said = NewReport {
        comment: Some(format!("the comment of {id}")),
        ..report_of(&format!("who-{id}"), &nth(n), id, noon())
    };
    one.services.reports.submit(said).await.unwrap();
}

/// Number `n`; they are of different shards.
fn nth(n: u64) -> String {
    number(n * 10_000).to_string()
}

async fn decide(one: &Instance, n: u64, id: &str, decided: CommentModeration) {
    let (of, id) = (nth(n), ReportId::parse(id).unwrap());
    let request = mutation(&format!("decide-{}-{decided}", id.as_str()));
    let reports = &one.services.reports;
    reports.moderate((&of, None), &id, decided, "", &request).await.unwrap();
}

/// The ids of the reports in the queue, read in pages of this size, and the total that each page names.
async fn queue(one: &Instance, size: u32) -> (Vec<String>, u64) {
    let mut ids = Vec::new();
    let mut page = PageRequest {
        size,
        token: String::new(),
    };
    loop {
        let list = one.services.numbers.pending_comments(&page).await.unwrap();
        assert!(list.reports.len() <= size as usize);
        let shown = list.reports.iter();
        ids.extend(shown.map(|(_, report)| report.row.id.as_str().to_owned()));
        page.token = list.next_page_token;
        if page.token.is_empty() {
            return (ids, list.total);
        }
    }
}

async fn assert_queue(one: &Instance, expected: &[&str]) {
    for size in [1, 2, 3, 50] {
        let (ids, total) = queue(one, size).await;
        assert_eq!(ids, expected, "{size}");
        assert_eq!(total, expected.len() as u64, "{size}");
    }
}

#[tokio::test]
async fn the_number_with_the_oldest_comment_comes_first() {
    let one = instance().await;
    assert_queue(&one, &[]).await;
    for (n, id) in [(3, "a1"), (1, "b1"), (2, "c1"), (1, "b2"), (3, "a2")] {
        say(&one, n, id).await;
    }
    // Reports without a comment are not in it.
    let silent = report_of("who", &nth(4), "silent", noon());
    one.services.reports.submit(silent).await.unwrap();
    assert_queue(&one, &["a1", "a2", "b1", "b2", "c1"]).await;

    decide(&one, 3, "a1", CommentModeration::Approved).await;
    assert_queue(&one, &["b1", "b2", "c1", "a2"]).await;
    let id = ReportId::parse("c1").unwrap();
    one.services
        .reports
        .withdraw(
            &nth(2),
            None,
            &id,
            "",
            &ringwarden::domain::audit::RequestedBy::default(),
        )
        .await
        .unwrap();
    decide(&one, 1, "b1", CommentModeration::Rejected).await;
    assert_queue(&one, &["b2", "a2"]).await;

    // A corrected comment waits again, at the time of its report; a correction that keeps the comment does not.
    for (revision, comment) in [(1, "the comment of a1"), (2, "another one")] {
        let corrected = NewReport {
            revision,
            comment: Some(comment.to_owned()),
            ..report_of("who-a1", &nth(3), "a1", noon())
        };
        one.services.reports.submit(corrected).await.unwrap();
        let expected: &[&str] = if revision == 1 {
            &["b2", "a2"]
        } else {
            &["a1", "a2", "b2"]
        };
        assert_queue(&one, expected).await;
    }
    one.services
        .numbers
        .reset(&nth(3), None, None, "", &mutation("reset"))
        .await
        .unwrap();
    assert_queue(&one, &["b2"]).await;
}

/// Many reports on one number, so that its rows lie in several buckets and a reporter table stands in for them.
#[tokio::test]
async fn the_comments_of_one_number_are_spread_over_pages_and_every_instance_sees_them() {
    let store = memory();
    let one = Instance::over(Arc::clone(&store), Clock::manual(noon())).await;
    let reports = (0..300).map(|n| {
        Ok(NewReport {
            comment: (n % 3 == 0).then(|| format!("comment {n}")),
            ..report_of(&format!("who-{n}"), &nth(0), &format!("r{n:03}"), noon())
        })
    });
    one.services.reports.submit_all(reports.collect()).await;
    say(&one, 1, "later").await;
    let expected: Vec<String> = (0..300).step_by(3).map(|n| format!("r{n:03}")).collect();
    let other = Instance::over(store, Clock::manual(noon())).await;
    for instance in [&one, &other] {
        for size in [7, 100, 101, 1_000] {
            let (ids, total) = queue(instance, size).await;
            assert_eq!((ids.len(), total), (101, 101), "{size}");
            assert_eq!(ids[..100], expected, "{size}");
        }
    }
    for n in (0..300).step_by(3) {
        decide(&one, 0, &format!("r{n:03}"), CommentModeration::Approved).await;
    }
    assert_queue(&one, &["later"]).await;
    let page = PageRequest {
        size: 1,
        token: "00".to_owned(),
    };
    let foreign = one.services.numbers.pending_comments(&page).await;
    assert!(matches!(foreign, Err(ServiceError::Invalid(_))), "{foreign:?}");
}
