//! What an attacker with a few accounts, or without any, cannot do to a number: old reports, reports without a name, and
//! accounts that were right before.

use std::time::Duration;

use super::unproven::{People, complaint, reason, submit, tell};
use crate::service::manipulation::{DAY, HOUR, instance, target};
use crate::support::instance::{Instance, days_before_noon, mutation, noon, number, report};
use ringwarden::domain::brand::Brand;
use ringwarden::domain::ids::ReportId;
use ringwarden::domain::kinds::{Action, Category, RiskLevel, StatusKind};
use ringwarden::domain::time::Timestamp;
use ringwarden::service::{NewReport, StatusInput};

/// A single old report is easily had, so it does not bring a block forward, whoever is said to have made it.
#[tokio::test]
async fn one_old_report_and_many_new_accounts_do_not_block_a_number() {
    for is_named in [true, false] {
        let one = instance().await;
        let mut old = complaint(&one, 1_000, 1);
        old.reporter = old.reporter.filter(|_| is_named);
        submit(&one, old).await;
        one.clock.advance(4 * DAY);
        let morning = one.clock.now();
        for n in 0..20 {
            one.clock.set(morning.plus(Duration::from_secs(3) * n));
            submit(&one, complaint(&one, n, 20)).await;
        }
        let early = one.look_up(&target());
        assert_eq!(early.decision.action, Action::Label, "named: {is_named}: {early:?}");
        // The three days run from the twentieth of them on.
        one.clock.advance(2 * DAY);
        submit(&one, complaint(&one, 20, 20)).await;
        assert_eq!(
            one.look_up(&target()).decision.action,
            Action::Label,
            "named: {is_named}"
        );
        one.clock.advance(2 * DAY);
        submit(&one, complaint(&one, 21, 20)).await;
        assert_eq!(
            one.look_up(&target()).decision.action,
            Action::Block,
            "named: {is_named}"
        );
    }
}

/// A report of somebody who gives no name, long ago.
async fn report_without_name(one: &Instance, id: &str, category: Category) {
    let mut unnamed = complaint(one, 0, 1);
    unnamed.report_id = ReportId::parse(id).ok();
    unnamed.reporter = None;
    unnamed.category = category;
    submit(one, unnamed).await;
}

/// Most reported numbers have an old report, and an attacker sends one first. Time counts from half of the people.
#[tokio::test]
async fn a_few_old_reports_do_not_replace_the_time_of_the_others() {
    for (old, new, action) in [
        (1, 4, Action::Allow),
        (2, 3, Action::Allow),
        (3, 2, Action::Label),
        (1, 20, Action::Label),
        (9, 40, Action::Label),
    ] {
        let one = instance().await;
        one.clock.set(days_before_noon(1));
        report_without_name(&one, "unnamed", Category::BankImpersonation).await;
        for n in 0..old {
            submit(&one, complaint(&one, n, 50)).await;
        }
        one.clock.set(noon());
        for n in 0..new {
            submit(&one, complaint(&one, old + n, 50)).await;
        }
        let found = one.look_up(&target());
        let value = found.score.verdict.value.unwrap();
        assert_eq!(found.decision.action, action, "{old} and {new}: {value}");
        assert!(value < 80.0, "{old} and {new} count in full: {value}");
    }
}

/// People report a wave of calls later, and say when it was. The time counts from the arrival of their reports.
#[tokio::test]
async fn honest_call_times_delay_nothing() {
    let outcome = async |occurred_at: Option<Timestamp>, people: u32, over: Duration| {
        let one = instance().await;
        for n in 0..people {
            one.clock.set(noon().plus(over * n / (people - 1)));
            let mut said = complaint(&one, n, 50);
            said.occurred_at = occurred_at.or(said.occurred_at);
            submit(&one, said).await;
        }
        one.look_up(&target()).decision.action
    };
    let evening_before = Some(Timestamp::from_millis(noon().millis() - 16 * 3_600_000));
    for (people, over, action) in [(6, 20 * HOUR, Action::Label), (50, 8 * DAY, Action::Block)] {
        for occurred_at in [None, evening_before] {
            assert_eq!(
                outcome(occurred_at, people, over).await,
                action,
                "{people} {occurred_at:?}"
            );
        }
    }
}

/// Reports without a name may all be of one person, who neither ends a label nor chooses the kind of call.
#[tokio::test]
async fn people_without_a_name_outvote_nobody() {
    let one = instance().await;
    tell(&one, People::new(25, 25, 27 * HOUR)).await;
    for n in 0..20 {
        let mut vote = complaint(&one, 0, 1);
        vote.report_id = ReportId::parse(&format!("wanted-{n}")).ok();
        (vote.reporter, vote.not_spam) = (None, true);
        submit(&one, vote).await;
        report_without_name(&one, &format!("other-{n}"), Category::Survey).await;
    }
    let found = one.look_up(&target());
    assert_eq!(found.decision.action, Action::Label, "{:?}", found.score.verdict);
    assert_eq!(found.score.category.unwrap().0, Category::BankImpersonation);
    assert_eq!(found.score.brand.as_ref().unwrap().as_str(), "Chase");
}

/// However many, they label only what they report themselves.
#[tokio::test]
async fn people_do_not_label_neighbours_of_the_numbers_that_they_report() {
    let one = instance().await;
    for day in 0..5 {
        one.clock.set(noon().plus(DAY * day));
        for n in 0..10 {
            for neighbour in 0..10 {
                let mut said = complaint(&one, n + 10 * day, 50);
                said.number = number(1_010 + 7 * neighbour).to_string();
                submit(&one, said).await;
            }
        }
    }
    assert_eq!(one.look_up(&number(1_010).to_string()).decision.action, Action::Block);
    let beside = one.look_up(&number(1_099).to_string());
    assert_eq!(
        (beside.decision.action, beside.score.verdict.value),
        (Action::Allow, None)
    );
}

/// Eight accounts that were right about three numbers of the attacker's own, on the day after; their count.
async fn farm(one: &Instance) -> u32 {
    let own: Vec<_> = (0..3).map(|n| number(70_000 + n * 1_000).to_string()).collect();
    let accounts = 8;
    for n in 0..accounts {
        for number in &own {
            let mut said = complaint(one, n, 1);
            said.number.clone_from(number);
            submit(one, said).await;
        }
    }
    one.clock.advance(HOUR);
    let status = StatusInput {
        kind: StatusKind::Blocked,
        reason: "looked into".to_owned(),
        expiry: Some(ringwarden::service::Expiry::At(one.clock.now().plus(30 * DAY))),
    };
    for number in &own {
        let numbers = &one.services.numbers;
        numbers
            .set_status(number, None, &status, &mutation(number))
            .await
            .unwrap();
    }
    one.clock.advance(DAY);
    accounts
}

/// A complaint of a feed of long ago, which anybody can have filed, does not stand for one of today.
#[tokio::test]
async fn an_old_complaint_lifts_nothing() {
    let one = instance().await;
    one.clock.set(days_before_noon(730));
    submit(&one, report(&target(), "feed", one.clock.now())).await;
    one.clock.set(noon());
    for n in 0..farm(&one).await {
        submit(&one, complaint(&one, n, 1)).await;
    }
    let found = one.look_up(&target());
    assert_eq!(
        found.score.verdict.level,
        RiskLevel::Critical,
        "{:?}",
        found.score.verdict
    );
    assert_eq!(found.decision.action, Action::Label);
}

/// Ten accounts of one minute do not label a number, so they do not begin the three days either.
#[tokio::test]
async fn nobody_is_blocked_who_was_not_labelled_for_three_days() {
    let one = instance().await;
    for n in 0..10 {
        submit(&one, complaint(&one, n, 1)).await;
    }
    assert_eq!(one.look_up(&target()).decision.action, Action::Allow);
    one.clock.advance(3 * DAY);
    for n in 10..30 {
        submit(&one, complaint(&one, n, 1)).await;
    }
    assert_eq!(one.look_up(&target()).decision.action, Action::Label);
    one.clock.advance(3 * DAY);
    submit(&one, complaint(&one, 30, 1)).await;
    assert_eq!(one.look_up(&target()).decision.action, Action::Block);
}

/// Four accounts were right about three numbers of the attacker's own. They label other numbers at once, and block none
/// before the owner had time to object.
#[tokio::test]
async fn people_who_were_right_before_block_after_three_days_only() {
    let one = instance().await;
    farm(&one).await;
    for n in 0..6 {
        submit(&one, complaint(&one, n, 1)).await;
    }
    let early = one.look_up(&target());
    assert_eq!(
        early.score.verdict.level,
        RiskLevel::Critical,
        "they are trusted: {:?}",
        early.score.verdict
    );
    assert_eq!(early.decision.action, Action::Label);
    assert!(reason(&early).ends_with("For now, that labels it and does not block it."));
    one.clock.advance(3 * DAY);
    submit(&one, complaint(&one, 6, 1)).await;
    assert_eq!(one.look_up(&target()).decision.action, Action::Block);
}

/// A single person, or reports that name nobody, do not put the name of a bank on a stranger's number.
#[tokio::test]
async fn a_brand_is_named_from_two_different_people_on() {
    let one = instance().await;
    let brand = |one: &Instance| one.look_up(&target()).score.brand;
    let named = |name: &str| Brand::parse(name).ok();
    for n in 0..3 {
        let again = NewReport {
            report_id: ReportId::parse(&format!("again-{n}")).ok(),
            ..complaint(&one, 0, 1)
        };
        submit(&one, again).await;
        let unnamed = NewReport {
            report_id: ReportId::parse(&format!("unnamed-{n}")).ok(),
            reporter: None,
            ..complaint(&one, 0, 1)
        };
        submit(&one, unnamed).await;
        assert_eq!(brand(&one), None);
    }
    let other = NewReport {
        brand: named("Amazon"),
        ..complaint(&one, 1, 1)
    };
    submit(&one, other).await;
    assert_eq!(brand(&one), None, "two people who name different brands");
    submit(&one, complaint(&one, 2, 1)).await;
    assert_eq!(brand(&one), named("Chase"));
    one.services
        .reports
        .withdraw(
            &target(),
            None,
            &ReportId::parse("p2").unwrap(),
            "",
            &ringwarden::domain::audit::RequestedBy::default(),
        )
        .await
        .unwrap();
    assert_eq!(brand(&one), None);

    // A trusted feed is believed alone, and the louder claim of one person does not hide what it says.
    let feed = NewReport {
        brand: named("Amazon"),
        ..report(&target(), "feed", one.clock.now())
    };
    submit(&one, feed).await;
    assert_eq!(brand(&one), named("Amazon"));
}
