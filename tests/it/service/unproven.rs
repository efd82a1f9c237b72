//! How far people of whom nothing is known are believed together: few do not label a number, several label it, many over
//! days block it. The tables of the documentation come from here.

use std::time::Duration;

use crate::readme::check_table;
use crate::service::lookups::codes;
use crate::service::manipulation::{Block, DAY, HOUR, instance, target, warm};
use crate::support::instance::{Instance, mutation, noon, number, report, report_of};
use ringwarden::domain::brand::Brand;
use ringwarden::domain::ids::{Area, ReportId};
use ringwarden::domain::kinds::{Action, Category, RiskLevel, StatusKind};
use ringwarden::domain::time::{DAY_MS, Timestamp};
use ringwarden::service::{LookupOutcome, NewReport, StatusInput};

/// People of whom nothing is known, who report the target.
#[derive(Clone, Copy)]
pub(super) struct People {
    count: u32,
    /// In how many areas they are.
    areas: u32,
    /// The time from the first report to the last one.
    over: Duration,
    /// How many others say afterwards that the calls were wanted.
    wanted: u32,
}

impl People {
    pub(super) const fn new(count: u32, areas: u32, over: Duration) -> Self {
        Self {
            count,
            areas,
            over,
            wanted: 0,
        }
    }
}

/// What a person says of a call just now.
pub(super) fn complaint(one: &Instance, n: u32, areas: u32) -> NewReport {
    NewReport {
        category: Category::BankImpersonation,
        brand: Some(Brand::parse("Chase").unwrap()),
        area: Some(Area::parse(&(201 + n % areas.max(1)).to_string()).unwrap()),
        ..report_of(&format!("person-{n}"), &target(), &format!("p{n}"), one.clock.now())
    }
}

pub(super) async fn submit(one: &Instance, report: NewReport) {
    one.services.reports.submit(report).await.unwrap();
}

/// People report the target one after another, evenly over their time, until now.
pub(super) async fn tell(one: &Instance, people: People) {
    for n in 0..people.count {
        if n > 0 {
            one.clock.set(noon().plus(people.over * n / (people.count - 1)));
        }
        submit(one, complaint(one, n, people.areas)).await;
    }
    for n in 0..people.wanted {
        let mut vote = report_of(&format!("customer-{n}"), &target(), &format!("w{n}"), one.clock.now());
        vote.not_spam = true;
        submit(one, vote).await;
    }
}

/// The answer about the target after these reports.
async fn answer(people: People, block: Block) -> LookupOutcome {
    let one = instance().await;
    tell(&one, people).await;
    warm(&one, block).await;
    one.look_up(&target())
}

async fn action(people: People) -> Action {
    answer(people, Block::Quiet).await.decision.action
}

pub(super) fn reason(found: &LookupOutcome) -> &str {
    let code = |reason: &&ringwarden::domain::score::Reason| reason.code.name() == "UNPROVEN_REPORTERS";
    &found.score.reasons.iter().find(code).unwrap().detail
}

#[tokio::test]
async fn twenty_five_people_within_a_day_label_a_number_with_category_and_brand() {
    let found = answer(People::new(25, 25, 20 * HOUR), Block::Quiet).await;
    assert_eq!(found.decision.action, Action::Label);
    assert_eq!(found.score.verdict.level, RiskLevel::High);
    assert_eq!(found.score.category.unwrap().0, Category::BankImpersonation);
    assert_eq!(found.score.brand.as_ref().unwrap().as_str(), "Chase");
    let said = reason(&found);
    assert!(said.starts_with("About 2"), "{said}");
    assert!(
        said.ends_with("different people reported it within 20 hours. For now, that labels it and does not block it."),
        "{said}"
    );
}

#[tokio::test]
async fn people_label_a_number_from_these_steps_on() {
    for (count, areas, hours, labels) in [
        (4, 4, 23, false),
        (5, 2, 23, false),
        (5, 3, 5, false),
        (5, 3, 6, true),
        (9, 9, 1, false),
        (10, 3, 1, true),
        (9, 1, 23, false),
        (10, 1, 6, true),
        (10, 1, 5, false),
        (19, 1, 1, false),
        (20, 1, 1, true),
        (100, 1, 1, true),
    ] {
        let found = answer(People::new(count, areas, hours * HOUR), Block::Quiet).await;
        let expected = if labels { Action::Label } else { Action::Allow };
        let case = format!("{count} people, {areas} areas, {hours} hours");
        assert_eq!(found.decision.action, expected, "{case}");
        let so = if labels {
            "that labels it and does not block it."
        } else {
            "too few to label it."
        };
        let said = reason(&found);
        assert!(said.ends_with(so), "{case}: {said}");
    }
}

/// Twenty people over a day count in full, but the owner has three days to object before a call is blocked.
#[tokio::test]
async fn people_block_a_number_after_three_days_only() {
    let early = answer(People::new(50, 50, 2 * DAY), Block::Quiet).await;
    assert_eq!(
        (early.score.verdict.level, early.decision.action),
        (RiskLevel::Critical, Action::Label)
    );
    assert!(reason(&early).contains("within 48 hours. For now, that labels it and does not block it."));
    let late = answer(People::new(50, 50, 5 * DAY), Block::Quiet).await;
    assert_eq!(late.decision.action, Action::Block);
    assert!(!codes(&late).contains(&"UNPROVEN_REPORTERS"));
}

/// A block that trusted feeds justify does not wait for people.
#[tokio::test]
async fn people_do_not_delay_the_block_of_trusted_feeds() {
    let one = instance().await;
    for n in 0..6 {
        let mut feed = report(&target(), &format!("f{n}"), one.clock.now());
        feed.area = Some(Area::parse(&(301 + n).to_string()).unwrap());
        submit(&one, feed).await;
    }
    assert_eq!(one.look_up(&target()).decision.action, Action::Block);
    tell(&one, People::new(25, 25, 30 * HOUR)).await;
    assert_eq!(one.look_up(&target()).decision.action, Action::Block);
}

#[tokio::test]
async fn people_who_say_that_calls_were_wanted_hold_a_label_back() {
    for (count, over) in [(10, 12 * HOUR), (25, HOUR), (25, 20 * HOUR), (100, 4 * DAY)] {
        let people = People {
            wanted: count,
            ..People::new(count, count, over)
        };
        let found = answer(people, Block::Quiet).await;
        assert_eq!(found.decision.action, Action::Allow, "{count} against {count}");
        assert!(codes(&found).contains(&"NOT_SPAM_REPORTS"));
        let half = People {
            wanted: count / 2,
            ..people
        };
        assert_ne!(action(half).await, Action::Allow, "half as many do not hold it back");
    }
}

#[tokio::test]
async fn a_number_of_which_more_is_known_is_not_labelled_by_several_new_people() {
    let people = People::new(15, 15, 12 * HOUR);
    for kind in [
        StatusKind::VerifiedBusiness,
        StatusKind::Allowed,
        StatusKind::SpoofedVictim,
        StatusKind::UnderDispute,
        StatusKind::Protected,
    ] {
        let one = instance().await;
        let status = StatusInput {
            kind,
            reason: "a hospital".to_owned(),
            expiry: Some(ringwarden::service::Expiry::At(one.clock.now().plus(30 * DAY))),
        };
        let numbers = &one.services.numbers;
        numbers
            .set_status(&target(), None, &status, &mutation("s1"))
            .await
            .unwrap();
        tell(&one, people).await;
        assert_eq!(one.look_up(&target()).decision.action, Action::Allow, "{kind}");
    }

    // Reported by a trusted feed in each of many weeks, the last of them long ago.
    let one = instance().await;
    for n in 0..9 {
        let week = Timestamp::from_millis(noon().millis() - (60 + 7 * n) * DAY_MS);
        submit(&one, report(&target(), &format!("f{n}"), week)).await;
    }
    let before = one.score(&target());
    tell(&one, people).await;
    let found = one.look_up(&target());
    assert!(found.score.verdict.value.unwrap() <= before.max(59.0));
}

/// A person counts once, however often they report, and reports that name nobody do not choose the category.
#[tokio::test]
async fn category_and_brand_are_those_that_most_people_name() {
    let one = instance().await;
    for n in 0..25 {
        let mut said = complaint(&one, n, 25);
        // The count of people is an estimate from twenty on, so the majority is clear.
        if n >= 20 {
            (said.category, said.brand) = (Category::Survey, None);
        }
        submit(&one, said).await;
    }
    let found = one.look_up(&target());
    assert_eq!(found.score.category.unwrap().0, Category::BankImpersonation);
    assert_eq!(found.score.brand.as_ref().unwrap().as_str(), "Chase");

    for n in 0..19 {
        let mut again = report_of("person-24", &target(), &format!("again-{n}"), one.clock.now());
        (again.category, again.brand) = (Category::Survey, Some(Brand::parse("Amazon").unwrap()));
        submit(&one, again).await;
    }
    let found = one.look_up(&target());
    assert_eq!(found.score.category.unwrap().0, Category::BankImpersonation);
    assert_eq!(found.score.brand.as_ref().unwrap().as_str(), "Chase");

    for n in 0..100 {
        let mut unnamed = complaint(&one, 0, 1);
        unnamed.report_id = Some(ReportId::parse(&format!("u{n}")).unwrap());
        unnamed.reporter = None;
        (unnamed.category, unnamed.brand) = (Category::Survey, Some(Brand::parse("Amazon").unwrap()));
        submit(&one, unnamed).await;
    }
    let found = one.look_up(&target());
    assert_eq!(found.score.category.unwrap().0, Category::BankImpersonation);
    assert_eq!(found.score.brand.as_ref().unwrap().as_str(), "Chase");
}

/// Whatever a single new reporter writes is shown to nobody, and any text comes after the brands that are known.
#[tokio::test]
async fn a_brand_needs_two_people_however_many_report_and_known_brands_come_first() {
    let brands = async |named: &[&str], others: u32| {
        let one = instance().await;
        for n in 0..others {
            let mut said = complaint(&one, n, 25);
            (said.category, said.brand) = (Category::Unspecified, None);
            submit(&one, said).await;
        }
        for (n, brand) in (others..).zip(named) {
            let mut said = complaint(&one, n, 25);
            (said.category, said.brand) = (Category::Unspecified, Some(Brand::parse(brand).unwrap()));
            submit(&one, said).await;
        }
        one.look_up(&target())
            .score
            .brand
            .map(|brand| brand.as_str().to_owned())
    };
    assert_eq!(brands(&["Chase"], 0).await, None);
    assert_eq!(brands(&["Chase"], 24).await, None);
    assert_eq!(brands(&["Chase", "Chase"], 24).await.as_deref(), Some("Chase"));
    assert_eq!(brands(&["My Shop", "My Shop"], 0).await.as_deref(), Some("My Shop"));
    let more = ["My Shop", "My Shop", "My Shop", "amazon.com", "Amazon"];
    assert_eq!(brands(&more, 0).await.as_deref(), Some("Amazon"));
}

#[tokio::test]
async fn two_reported_neighbours_label_nobody_and_three_do() {
    let beside = "+13152321099";
    for (neighbours, expected) in [(1, Action::Allow), (2, Action::Allow), (3, Action::Label)] {
        let one = instance().await;
        for n in 0..neighbours {
            submit(&one, report(&number(1_010 + 7 * n).to_string(), "feed", noon())).await;
        }
        let found = one.look_up(beside);
        let value = found.score.verdict.value.unwrap();
        assert_eq!(found.decision.action, expected, "{neighbours} neighbours: {value}");
        if neighbours == 2 {
            let few = found
                .score
                .reasons
                .iter()
                .find(|reason| reason.code.name() == "RANGE_ONLY");
            let few = &few.unwrap().detail;
            assert_eq!(few, "Too few of the numbers around it were reported to label it.");
        }
    }
}

/// Outside North America a block often belongs to one company: three reported extensions do not label all others.
#[tokio::test]
async fn elsewhere_ten_reported_neighbours_are_asked() {
    for (neighbours, expected) in [(3, Action::Allow), (9, Action::Allow), (10, Action::Label)] {
        let one = instance().await;
        for n in 0..neighbours {
            submit(&one, report(&format!("+4930221055{n:02}"), "feed", noon())).await;
        }
        let found = one.look_up("+493022105599");
        assert_eq!(
            found.decision.action, expected,
            "{neighbours}: {:?}",
            found.score.verdict
        );
    }
}

const SPREADS: [(&str, Duration); 5] = [
    ("1 hour", HOUR),
    ("6 hours", Duration::from_secs(6 * 3_600)),
    ("1 day", DAY),
    ("2 days", Duration::from_secs(2 * 86_400)),
    ("3 days", Duration::from_secs(3 * 86_400)),
];

/// The fewest people from whom on the action is at least this.
async fn fewest(areas: u32, over: Duration, wanted: &[Action]) -> String {
    for count in [2, 3, 4, 5, 9, 10, 19, 20, 50] {
        if wanted.contains(&action(People::new(count, areas, over)).await) {
            return count.to_string();
        }
    }
    "never".to_owned()
}

#[tokio::test]
async fn the_prices_of_a_false_label_and_a_false_block_are_documented() {
    let mut rows = Vec::new();
    for (name, over) in SPREADS {
        for (areas, count) in [("1", 1), ("3 or more", 50)] {
            let label = fewest(count, over, &[Action::Label, Action::Block]).await;
            let block = fewest(count, over, &[Action::Block]).await;
            rows.push(format!("| {name} | {areas} | {label} | {block} |"));
        }
    }
    let head = "| Time from first to last report | Areas named | Accounts for a label | Accounts for a block |\n|---|---|---:|---:|";
    check_table("docs/scoring.md", "prices", head, rows.into_iter());
}

#[tokio::test]
async fn the_effect_of_people_of_whom_nothing_is_known_is_documented() {
    let shown = |found: &LookupOutcome| {
        let value = found.score.verdict.value.unwrap();
        format!("{value:.0} {}", found.decision.action)
    };
    let mut rows = Vec::new();
    for count in [1, 3, 5, 10, 25, 50, 100] {
        for (areas, places) in [("1", 1), ("many", count)] {
            for (name, over) in [("1 hour", HOUR), ("1 day", 24 * HOUR), ("4 days", 4 * DAY)] {
                if count == 1 && (areas, name) != ("1", "1 hour") {
                    continue;
                }
                let people = People::new(count, places, over);
                let mut row = format!("| {count} | {areas} | {} |", if count == 1 { "" } else { name });
                for block in Block::ALL {
                    row += &format!(" {} |", shown(&answer(people, block).await));
                }
                let contested = People {
                    wanted: count,
                    ..people
                };
                row += &format!(" {} |", shown(&answer(contested, Block::Quiet).await));
                rows.push(row);
            }
        }
    }
    let head = "| People | Areas | Within | Nobody else reported | 3 others reported, further off | 60 others reported, close by | As many people say \"not spam\" |\n|---:|---|---|---|---|---|---|";
    check_table("docs/scoring.md", "manipulation", head, rows.into_iter());
}
