//! Pages end early when their texts have too many bytes: their tokens lead on, and no item is missing or comes twice.

use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::domain::quota::Quotas;
use ringwarden::service::{NewReport, PageRequest};

use super::memory;
use crate::support::instance::{Instance, noon, number, report_of};

/// The most bytes of the texts of a page.
const PAGE_BYTES: usize = 1 << 20;
/// The longest comment: 2,000 characters of three bytes.
const COMMENT_BYTES: usize = 6_000;
/// Reports of one reporter on a number each, and of one reporter each on one number.
const OF_ALICE: u64 = 200;
const OF_OTHERS: u64 = 100;

async fn with_long_comments() -> Instance {
    let quotas = Quotas {
        reporter_daily: None,
        ..Quotas::DEFAULT
    };
    let one = Instance::with_quotas(memory(), Clock::manual(noon()), quotas).await;
    let comment = Some("\u{8c37}".repeat(COMMENT_BYTES / 3));
    let of_alice = (0..OF_ALICE).map(|n| report_of("alice", &number(n).to_string(), &format!("a{n}"), noon()));
    let shared = number(10_000).to_string();
    let of_others = (0..OF_OTHERS).map(|n| report_of(&format!("who-{n}"), &shared, &format!("o{n}"), noon()));
    for report in of_alice.chain(of_others) {
        one.clock.advance(Duration::from_secs(1));
        let report = NewReport {
            comment: comment.clone(),
            ..report
        };
        one.services.reports.submit(report).await.unwrap();
    }
    one
}

/// The ids of all pages, and the number of pages. `read` gives the ids of a page, and the token of the next one.
async fn walk(mut read: impl AsyncFnMut(&PageRequest) -> (Vec<String>, String)) -> (Vec<String>, usize) {
    let mut page = PageRequest {
        size: 1_000,
        token: String::new(),
    };
    let (mut all, mut pages) = (Vec::new(), 0);
    loop {
        let (ids, next) = read(&page).await;
        assert!(
            !ids.is_empty() && ids.len() * COMMENT_BYTES <= PAGE_BYTES,
            "{}",
            ids.len()
        );
        all.extend(ids);
        pages += 1;
        page.token = next;
        if page.token.is_empty() {
            return (all, pages);
        }
    }
}

#[tokio::test]
async fn long_comments_make_short_pages_and_nothing_is_lost() {
    let one = with_long_comments().await;
    let (ids, pages) = walk(async |page| {
        let list = one.services.reports.of_reporter("alice", false, page).await.unwrap();
        let ids = list.reports.iter().map(|(_, report)| report.row.id.as_str().to_owned());
        (ids.collect(), list.next_page_token)
    })
    .await;
    let expected: Vec<String> = (0..OF_ALICE).rev().map(|n| format!("a{n}")).collect();
    assert_eq!(ids, expected);
    assert_eq!(pages, 2);

    let (ids, pages) = walk(async |page| {
        let list = one.services.numbers.pending_comments(page).await.unwrap();
        let ids = list.reports.iter().map(|(_, report)| report.row.id.as_str().to_owned());
        (ids.collect(), list.next_page_token)
    })
    .await;
    let of_alice = (0..OF_ALICE).map(|n| format!("a{n}"));
    let expected: Vec<String> = of_alice.chain((0..OF_OTHERS).map(|n| format!("o{n}"))).collect();
    assert_eq!(ids, expected);
    assert_eq!(pages, 2);
}
