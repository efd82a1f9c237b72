//! Attackers who want to make a number look bad or good, and how much they can do.

use std::sync::Arc;
use std::time::Duration;

use crate::support::instance::{
    Instance, days_before_noon, evidence_version, mutation, noon, number, report, report_of,
};
use ringwarden::clock::Clock;
use ringwarden::domain::ids::CaseId;
use ringwarden::domain::kinds::{Action, CaseRole, CaseStatus, Category, RiskLevel, Source, StatusKind};
use ringwarden::domain::range::Neighbourhood;
use ringwarden::domain::state::{Submitted, Withdrawal};
use ringwarden::domain::time::Timestamp;
use ringwarden::number::E164;
use ringwarden::service::{Expiry, LinkInput, NewCase, StatusInput};
use ringwarden::store::memory::MemoryStore;

const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// The numbers of strangers in the table, and the times over which they report.
const REPORTERS: [u32; 6] = [1, 5, 19, 20, 50, 200];
const SPREADS: [(&str, Duration); 4] = [
    ("1 hour", HOUR),
    ("23 hours", Duration::from_secs(23 * 3_600)),
    ("25 hours", Duration::from_secs(25 * 3_600)),
    ("7 days", Duration::from_secs(7 * 86_400)),
];
/// The lowest score of a label, and of a block.
const LABEL: f64 = 60.0;
const BLOCK: f64 = 80.0;

/// The neighbourhood of the number under attack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Block {
    /// Nobody else is reported.
    Quiet,
    /// A few are, further off.
    Warm,
    /// Many are, close by.
    Hot,
}

impl Block {
    pub(crate) const ALL: [Self; 3] = [Self::Quiet, Self::Warm, Self::Hot];

    /// The numbers of the target's ten thousand that are reported.
    fn reported(self) -> Vec<E164> {
        match self {
            Self::Quiet => Vec::new(),
            Self::Warm => (0..3).map(|n| number(5_000 + 700 * n)).collect(),
            Self::Hot => (0..60).map(|n| number(1_010 + 7 * n)).collect(),
        }
    }
}

/// The number that is attacked, and one beside it.
pub(crate) fn target() -> String {
    number(1_000).to_string()
}

fn neighbour() -> String {
    number(1_001).to_string()
}

pub(crate) async fn instance() -> Instance {
    let store = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    Instance::over(store, Clock::manual(noon())).await
}

/// A regulator's feed reports numbers around the target, as of an hour ago.
pub(crate) async fn warm(one: &Instance, block: Block) {
    for other in block.reported() {
        let an_hour_ago = Timestamp::from_millis(one.clock.now().millis() - 3_600_000);
        one.services
            .reports
            .submit(report(&other.to_string(), "feed", an_hour_ago))
            .await
            .unwrap();
    }
}

/// Strangers report the target one after another, evenly over `spread`, until now.
async fn attack(one: &Instance, reporters: u32, spread: Duration) {
    for n in 0..reporters {
        if n > 0 {
            one.clock.advance(spread / (reporters - 1));
        }
        strike(one, n, one.clock.now()).await;
    }
}

pub(crate) async fn strike(one: &Instance, n: u32, occurred_at: Timestamp) {
    let stranger = report_of(&format!("stranger-{n}"), &target(), &format!("s{n}"), occurred_at);
    let outcome = one.services.reports.submit(stranger).await.unwrap();
    assert_eq!(outcome.submitted, Submitted::Accepted);
}

/// The result of an attack: the score of the target, and the score without the attack.
struct Outcome {
    with: f64,
    without: f64,
}

async fn outcome(reporters: u32, spread: Duration, block: Block) -> Outcome {
    let (one, control) = (instance().await, instance().await);
    attack(&one, reporters, spread).await;
    control.clock.set(one.clock.now());
    warm(&one, block).await;
    warm(&control, block).await;
    Outcome {
        with: one.score(&target()),
        without: control.score(&target()),
    }
}

#[tokio::test]
async fn few_strangers_never_cause_a_label_nor_hurried_ones_a_critical_score() {
    for block in Block::ALL {
        for (name, spread) in SPREADS {
            for reporters in REPORTERS {
                let Outcome { with, without, .. } = outcome(reporters, spread, block).await;
                let labels = reporters >= 20 || reporters >= 10 && spread >= 6 * HOUR;
                let many = reporters >= 20 && spread >= DAY;
                if !many {
                    let most = without.max(if labels { BLOCK } else { LABEL } - 1.0);
                    assert!(
                        with <= most + 1e-9,
                        "{reporters} in {name}, {block:?}: {with} {without}"
                    );
                }
                assert!(
                    with >= without - 1e-9,
                    "{reporters} in {name}, {block:?}: {with} {without}"
                );
            }
        }
    }
}

/// Real victims are believed if there are enough of them, over a long enough time.
#[tokio::test]
async fn many_strangers_over_days_are_believed() {
    let week = Duration::from_secs(7 * 86_400);
    let (few, many) = (
        outcome(19, week, Block::Quiet).await.with,
        outcome(50, week, Block::Quiet).await.with,
    );
    assert!((LABEL..BLOCK).contains(&few) && many >= BLOCK, "{few} {many}");
}

/// The time over which strangers report is measured by our own clock, not by the call times in their reports.
#[tokio::test]
async fn false_call_times_lift_no_cap() {
    let one = instance().await;
    strike(&one, 0, Timestamp::from_millis(noon().millis() - 7 * 86_400_000)).await;
    for n in 1..30 {
        strike(&one, n, one.clock.now()).await;
    }
    one.clock.advance(DAY - MINUTE);
    for n in 30..60 {
        strike(&one, n, one.clock.now().plus(4 * MINUTE)).await;
    }
    assert!(one.score(&target()) < BLOCK);
    assert_eq!(one.look_up(&neighbour()).score.verdict.level, RiskLevel::Unknown);
    let capped = one.score(&target());
    one.clock.advance(2 * MINUTE);
    strike(&one, 60, one.clock.now()).await;
    assert!(one.score(&target()) > capped);
}

#[tokio::test]
async fn an_allowed_status_stops_the_attack_at_once() {
    let one = instance().await;
    attack(&one, 200, 7 * DAY).await;
    assert!(one.score(&target()) >= LABEL);
    let allowed = StatusInput {
        kind: StatusKind::Allowed,
        reason: "a school".to_owned(),
        expiry: Some(Expiry::At(one.clock.now().plus(30 * DAY))),
    };
    one.services
        .numbers
        .set_status(&target(), None, &allowed, &mutation("a1"))
        .await
        .unwrap();
    let found = one.look_up(&target());
    assert!(found.score.verdict.value.unwrap() <= 5.0);
    assert_eq!(
        (found.score.verdict.level, found.decision.action),
        (RiskLevel::Trusted, Action::Allow)
    );
}

/// Links numbers to a case of its own that holds them.
async fn confirm(one: &Instance, numbers: &[&str]) {
    let case = NewCase {
        id: Some(CaseId::parse("c-1").unwrap()),
        title: "Microsoft".to_owned(),
        category: Category::TechSupportScam,
        brand: None,
        summary: String::new(),
        status: CaseStatus::Corroborated,
        agency: String::new(),
        agency_reference: String::new(),
        source: Source::RegulatorFeed,
        last_evidence_at: None,
    };
    one.services.cases.create(&case, &mutation("c1")).await.unwrap();
    let link = |number: &&str| {
        Ok(LinkInput {
            number: (*number).to_owned(),
            default_region: None,
            role: CaseRole::CallerId,
            confidence: 0.9,
            source: Source::Analyst,
            from: None,
            to: None,
            expected_version: None,
        })
    };
    let links: Vec<_> = numbers.iter().map(link).collect();
    let id = CaseId::parse("c-1").unwrap();
    one.services
        .cases
        .link_numbers(&id, &links, &mutation("l1"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_thousand_votes_do_not_clear_a_member_of_a_confirmed_case() {
    let one = instance().await;
    // In blocks of their own, so that neither is a neighbour of the other.
    let (voted, other) = (target(), "+12125550123");
    confirm(&one, &[&voted, other]).await;
    for n in 0..1_000 {
        let mut vote = report_of(&format!("friend-{n}"), &voted, &format!("v{n}"), one.clock.now());
        vote.not_spam = true;
        one.services.reports.submit(vote).await.unwrap();
        one.clock.advance(3 * MINUTE);
    }
    assert!(one.score(&voted) >= LABEL);
    assert!(
        (one.score(&voted) - one.score(other)).abs() < 1e-9,
        "not a point is taken off"
    );
    assert_eq!(one.look_up(&voted).decision.action, one.look_up(other).decision.action);
}

fn around(one: &Instance) -> Neighbourhood {
    let neighbour = number(1_001);
    one.index.neighbourhood(neighbour, one.clock.now())
}

/// Else twenty accounts that report three numbers would label a thousand.
#[tokio::test]
async fn strangers_affect_no_neighbour_however_many_they_are() {
    let one = instance().await;
    attack(&one, 100, 4 * DAY).await;
    assert!(one.score(&target()) >= BLOCK);
    assert_eq!(around(&one), Neighbourhood::default());
    assert_eq!(one.look_up(&neighbour()).score.verdict.level, RiskLevel::Unknown);
}

/// A number that counts for its ranges already counts no other way because strangers join in.
#[tokio::test]
async fn strangers_change_nothing_of_a_range_that_others_reported() {
    let one = instance().await;
    let feed = report(&target(), "feed", noon());
    one.services.reports.submit(feed).await.unwrap();
    one.clock.advance(2 * HOUR);
    let before = around(&one);
    for n in 0..19 {
        strike(&one, n, one.clock.now()).await;
    }
    assert_eq!(around(&one), before);
}

#[tokio::test]
async fn a_reporter_proved_wrong_is_unproven_again() {
    let one = instance().await;
    let says = async |n: u64, kind| {
        let status = StatusInput {
            kind,
            reason: "looked into".to_owned(),
            expiry: Some(Expiry::At(one.clock.now().plus(365 * DAY))),
        };
        let request = mutation(&format!("{kind}-{n}"));
        let of = number(n).to_string();
        one.services
            .numbers
            .set_status(&of, None, &status, &request)
            .await
            .unwrap();
    };
    let claims = async |number: &str, id: &str| {
        let claim = report_of("carol", number, id, one.clock.now());
        one.services.reports.submit(claim).await.unwrap();
    };
    // The claim after each round is on a number in a block of its own.
    let rounds = [
        (0, StatusKind::Blocked, "+12125550123", "+12125550124"),
        (100, StatusKind::Allowed, "+14155550123", "+14155550124"),
    ];
    for (first, kind, number_after, beside) in rounds {
        for n in first..first + 10 {
            claims(&number(n).to_string(), &format!("c{n}")).await;
        }
        one.clock.advance(HOUR);
        for n in first..first + 10 {
            says(n, kind).await;
        }
        one.clock.advance(DAY);
        claims(number_after, "claim").await;
        let is_known = one.look_up(beside).score.verdict.level != RiskLevel::Unknown;
        assert_eq!(is_known, kind == StatusKind::Blocked, "{kind}");
    }
    let [proved, wrong] = ["+12125550123", "+14155550123"].map(|number| one.score(number));
    assert!(wrong < LABEL && wrong < proved + 20.0, "{proved} {wrong}");
    assert_ne!(
        one.look_up("+12125550124").score.verdict.level,
        RiskLevel::Unknown,
        "what was said while proven stands"
    );
}

#[tokio::test]
async fn a_withdrawn_reporter_leaves_no_trace_of_weight() {
    let (one, control) = (instance().await, instance().await);
    for (n, at) in (0..20).map(|n| (n, noon().plus(2 * n * HOUR))) {
        for (one, skipped) in [(&one, None), (&control, Some(7))] {
            one.clock.set(at);
            if skipped != Some(n) {
                strike(one, n, at).await;
            }
        }
    }
    let (released, capped) = (one.score(&target()), control.score(&target()));
    assert!(released > capped);
    let seventh = Withdrawal::Reporter(one.services.reports.reporter_hash("stranger-7").await.unwrap());
    let taken = one
        .services
        .reports
        .withdraw_all(
            &seventh,
            &mutation("w1").request,
            "",
            &ringwarden::domain::audit::RequestedBy::default(),
        )
        .await
        .unwrap();
    assert_eq!((taken.numbers, taken.reports), (1, 1));
    assert!((one.score(&target()) - capped).abs() < 1e-9);
    assert_eq!(around(&one), around(&control));
    assert_eq!(one.count(&target()), 19);
}

/// Our answers do not become evidence, and our own score does not prove a reporter right.
#[tokio::test]
async fn own_scores_are_no_evidence() {
    let one = instance().await;
    for n in 0..30 {
        let feed = report(&target(), &format!("f{n}"), days_before_noon(n % 2));
        one.services.reports.submit(feed).await.unwrap();
    }
    for n in 0..10 {
        let repeated = number(2_000 + n).to_string();
        one.services
            .reports
            .submit(report(&repeated, "f", noon()))
            .await
            .unwrap();
        let claim = report_of("parrot", &repeated, "p", noon());
        one.services.reports.submit(claim).await.unwrap();
    }
    let first = one.look_up(&target());
    assert_eq!(first.decision.action, Action::Block);
    for _ in 0..1_000 {
        one.look_up(&target());
    }
    let last = one.look_up(&target());
    assert_eq!((first.score.verdict, first.facts), (last.score.verdict, last.facts));

    one.clock.advance(2 * DAY);
    let claim = report_of("parrot", "+12125550123", "p", one.clock.now());
    one.services.reports.submit(claim).await.unwrap();
    let beside = one.look_up("+12125550124").score.verdict;
    assert_eq!(
        beside.level,
        RiskLevel::Unknown,
        "no stranger is proved right by a score"
    );
}
