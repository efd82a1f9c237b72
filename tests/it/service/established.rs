//! Attackers who have a number of their own reported for weeks, so that it is established and labelled in place of
//! blocked.

use ringwarden::domain::ids::Area;
use ringwarden::domain::kinds::Action;

use super::manipulation::{DAY, instance, strike, target};
use crate::support::instance::{Instance, report};

/// Reports on a number of one's own, week after week, so that it becomes established.
struct Scheme {
    name: &'static str,
    /// Reports of a trusted feed in each week.
    of_feed: u32,
    /// Unknown reporters in each week, others each time.
    strangers: u32,
    weeks: u32,
}

impl Scheme {
    const fn new(name: &'static str, of_feed: u32, strangers: u32, weeks: u32) -> Self {
        Self {
            name,
            of_feed,
            strangers,
            weeks,
        }
    }
}

/// The schemes of the table, and whether they make the number established.
const SCHEMES: [(Scheme, bool); 8] = [
    (Scheme::new("nothing", 0, 0, 0), false),
    (Scheme::new("1 report of a trusted feed a week", 1, 0, 6), false),
    (Scheme::new("1 report of a trusted feed a week", 1, 0, 7), true),
    (Scheme::new("1 report of a trusted feed a week", 1, 0, 8), true),
    (Scheme::new("2 unknown reporters a week", 0, 2, 8), false),
    (Scheme::new("3 unknown reporters a week", 0, 3, 6), false),
    (Scheme::new("3 unknown reporters a week", 0, 3, 8), true),
    (Scheme::new("20 unknown reporters a week", 0, 20, 8), true),
];

/// Carries a scheme out, and then lets 20 victims of different areas report the number to a trusted feed, a week after
/// the last report. Returns the score and the action before and after the victims.
async fn outcome_of(scheme: &Scheme) -> [(f64, Action); 2] {
    let one = instance().await;
    for week in 0..scheme.weeks {
        let now = one.clock.now();
        for n in 0..scheme.of_feed {
            let claim = report(&target(), &format!("own-{week}-{n}"), now);
            one.services.reports.submit(claim).await.unwrap();
        }
        for n in 0..scheme.strangers {
            strike(&one, 1_000 * week + n, now).await;
        }
        one.clock.advance(7 * DAY);
    }
    let answer = |one: &Instance| {
        let found = one.look_up(&target());
        (found.score.verdict.value.unwrap_or(-1.0), found.decision.action)
    };
    let before = answer(&one);
    for n in 0..20 {
        let mut complaint = report(&target(), &format!("victim-{n}"), one.clock.now());
        complaint.area = Some(Area::parse(&(212 + n).to_string()).unwrap());
        one.services.reports.submit(complaint).await.unwrap();
    }
    [before, answer(&one)]
}

/// An attacker gains a label in place of a block, after weeks of reports on a number of his own, and nothing more.
#[tokio::test]
async fn only_weeks_of_reports_make_a_number_established() {
    for (scheme, established) in &SCHEMES {
        let [_, (score, action)] = outcome_of(scheme).await;
        let expected = if *established { Action::Label } else { Action::Block };
        assert!(score >= 80.0, "{}: {score}", scheme.name);
        assert_eq!(action, expected, "{} for {} weeks", scheme.name, scheme.weeks);
    }
}

#[tokio::test]
#[ignore = "prints a table of the documentation"]
async fn table() {
    println!("| Reports on purpose | Weeks | Score then | Advice then | Score after 20 complaints | Advice |");
    println!("|---|---:|---:|---|---:|---|");
    for (scheme, _) in &SCHEMES {
        let [(own, advice), (score, action)] = outcome_of(scheme).await;
        let own = if own < 0.0 {
            "none".to_owned()
        } else {
            format!("{own:.0}")
        };
        println!(
            "| {} | {} | {own} | {advice} | {score:.0} | {action} |",
            scheme.name, scheme.weeks
        );
    }
}
