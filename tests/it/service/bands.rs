//! Complaints are counted by the band of the score that their number had before the first one of the day.

use std::time::Duration;

use ringwarden::clock::monotonic;
use ringwarden::domain::time::{DAY_MS, Timestamp};
use ringwarden::service::NewReport;

use super::{NUMBER, instance};
use crate::support::instance::{Instance, report};

const ONE_DAY: Duration = Duration::from_secs(86_400);

/// The counts of the bands that are not zero, in the order of their text.
fn counted(one: &Instance) -> Vec<String> {
    let figures = one.services.metrics().render(monotonic());
    let lines = figures
        .lines()
        .filter_map(|line| line.strip_prefix("ringwarden_report_scores_total{band="));
    let mut counts: Vec<String> = lines.filter(|line| !line.ends_with(" 0")).map(str::to_owned).collect();
    counts.sort_unstable();
    counts
}

async fn submit(one: &Instance, reports: impl IntoIterator<Item = NewReport>) {
    let outcomes = one
        .services
        .reports
        .submit_all(reports.into_iter().map(Ok).collect())
        .await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
}

#[tokio::test]
async fn complaints_of_a_day_count_by_the_score_before_the_first() {
    let one = instance().await;
    let complaint = |n: u32| report(NUMBER, &format!("r{n}"), one.clock.now());
    submit(&one, (0..10).map(complaint)).await;
    submit(&one, (10..20).map(complaint)).await;
    assert!(one.score(NUMBER) >= 90.0);
    assert_eq!(counted(&one), ["\"none\"} 20"]);

    one.clock.advance(ONE_DAY);
    assert!(one.score(NUMBER) >= 90.0);
    submit(&one, [complaint(20)]).await;
    assert_eq!(counted(&one), ["\"90-100\"} 1", "\"none\"} 20"]);
}

#[tokio::test]
async fn only_new_complaints_about_recent_calls_count() {
    let one = instance().await;
    let days_ago = |days: i64| Timestamp::from_millis(one.clock.now().millis() - days * DAY_MS);
    let mut wanted = report(NUMBER, "wanted", one.clock.now());
    wanted.not_spam = true;
    submit(&one, [wanted, report(NUMBER, "old", days_ago(4))]).await;
    assert_eq!(counted(&one), Vec::<String>::new());

    // The same report twice: it is new once.
    for _ in 0..2 {
        submit(&one, [report("+16175550122", "recent", days_ago(2))]).await;
    }
    assert_eq!(counted(&one), ["\"none\"} 1"]);
}
