//! Analysts find numbers: by filters, in an order, in pages; by a text; by their similarity.

use std::collections::BTreeSet;
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::domain::brand::Brand;
use ringwarden::domain::ids::{CaseId, ReportId};
use ringwarden::domain::kinds::{CaseRole, CaseStatus, Category, NumberSort, SimilarityKind, Source, StatusKind};
use ringwarden::number::{E164, Region};
use ringwarden::service::{
    Expiry, LinkInput, NewCase, NewReport, NumberFilter, NumberRow, PageRequest, ServiceError, SimilarNumber,
    StatusInput,
};

use super::memory;
use crate::support::instance::{Instance, days_before_noon, mutation, noon, number, report};

pub(super) async fn submit(one: &Instance, reports: impl IntoIterator<Item = NewReport>) {
    let reports = reports.into_iter().map(Ok).collect();
    for outcome in one.services.reports.submit_all(reports).await {
        outcome.unwrap();
    }
}

/// All pages of a list. Checks that each one names the same total, and that it is the number of rows.
async fn pages(one: &Instance, filter: &NumberFilter, size: u32) -> Vec<NumberRow> {
    let (mut rows, mut totals) = (Vec::new(), BTreeSet::new());
    let mut page = PageRequest {
        size,
        token: String::new(),
    };
    loop {
        let list = one.services.numbers.list(filter, &page).await.unwrap();
        totals.insert(list.total);
        rows.extend(list.numbers);
        if list.next_page_token.is_empty() {
            assert_eq!(totals.into_iter().collect::<Vec<_>>(), [rows.len()]);
            return rows;
        }
        page.token = list.next_page_token;
    }
}

/// The numbers that match a filter, in ascending order.
async fn matching(one: &Instance, filter: NumberFilter) -> Vec<E164> {
    let mut numbers: Vec<E164> = pages(one, &filter, 7).await.iter().map(|row| row.number).collect();
    numbers.sort_unstable();
    numbers
}

/// Number `n` of 90, in three blocks.
fn nth(n: u64) -> E164 {
    E164::from_digits(number(0).digits() + n % 3 * 10_000 + n * 101).unwrap()
}

/// 90 numbers, with one to four reports each, over 30 days.
async fn many() -> Instance {
    let one = Instance::over(memory(), Clock::manual(noon())).await;
    let reports = (0..90_u64).flat_map(|n| {
        (0..=n % 4).map(move |k| {
            let day = i64::try_from((n * 7 + k) % 30).unwrap();
            report(&nth(n).to_string(), &format!("r{n}-{k}"), days_before_noon(day))
        })
    });
    submit(&one, reports).await;
    one
}

#[tokio::test]
async fn every_order_is_the_same_in_pages_of_any_size() {
    let one = many().await;
    for sort in [
        None,
        Some(NumberSort::Score),
        Some(NumberSort::LastReported),
        Some(NumberSort::ReportCount),
    ] {
        for ascending in [false, true] {
            if ascending && sort.is_none() {
                continue;
            }
            let filter = NumberFilter {
                sort,
                ascending,
                ..NumberFilter::default()
            };
            let all = pages(&one, &filter, 1_000).await;
            assert_eq!(all.len(), 90);
            for size in [1, 7, 89, 90] {
                let same: Vec<E164> = pages(&one, &filter, size).await.iter().map(|row| row.number).collect();
                let all: Vec<E164> = all.iter().map(|row| row.number).collect();
                assert_eq!(same, all, "{sort:?} {ascending} {size}");
            }
            let value = |row: &NumberRow| match sort {
                None => 0.0,
                Some(NumberSort::Score) => row.score.unwrap(),
                Some(NumberSort::LastReported) => row.facts.last_reported.unwrap().millis() as f64,
                Some(NumberSort::ReportCount) => row.facts.report_count.into(),
            };
            let in_order = all.is_sorted_by(|a, b| {
                let (a, b) = if ascending { (a, b) } else { (b, a) };
                value(a) <= value(b)
            });
            assert!(in_order, "{sort:?} {ascending}");
        }
    }
}

/// A token leads on from a place, not from a count: numbers that come and go on earlier pages change nothing after it.
#[tokio::test]
async fn pages_go_on_where_they_ended_while_numbers_come_and_go() {
    let one = many().await;
    let filter = NumberFilter {
        sort: Some(NumberSort::LastReported),
        ..NumberFilter::default()
    };
    let before = pages(&one, &filter, 1_000).await;
    let mut page = PageRequest {
        size: 10,
        token: String::new(),
    };
    let mut seen = Vec::new();
    for step in 0..9 {
        let list = one.services.numbers.list(&filter, &page).await.unwrap();
        seen.extend(list.numbers.iter().map(|row| row.number));
        page.token = list.next_page_token;
        // A new number at the top.
        let new = number(9_000 + step).to_string();
        submit(&one, [report(&new, &format!("new{step}"), noon())]).await;
    }
    let before: Vec<E164> = before.iter().map(|row| row.number).collect();
    assert_eq!(seen, before);
    let other = NumberFilter {
        ascending: true,
        ..filter
    };
    let first = one
        .services
        .numbers
        .list(&other, &PageRequest::default())
        .await
        .unwrap();
    page.token = first.next_page_token;
    let foreign = one.services.numbers.list(&NumberFilter::default(), &page).await;
    assert!(matches!(foreign, Err(ServiceError::Invalid(_))));
}

/// Four numbers that differ in everything that can be filtered.
async fn four() -> (Instance, [E164; 4]) {
    let one = Instance::over(memory(), Clock::manual(noon())).await;
    let numbers = [13_152_320_001, 13_152_320_002, 12_125_550_123, 442_079_460_958];
    let numbers = numbers.map(|digits| E164::from_digits(digits).unwrap());
    let text = |n: usize| numbers[n].to_string();
    let said = "He said: your Windows licence has ended, install AnyDesk";
    let mut reports = Vec::new();
    for n in 0..4 {
        for k in 0..4 * (n + 1) {
            reports.push(NewReport {
                category: [Category::TechSupportScam, Category::Phishing][n % 2],
                source: [Source::RegulatorFeed, Source::LawEnforcement][n / 2],
                brand: (n < 2).then(|| Brand::parse("Microsoft").unwrap()),
                comment: (n % 2 == 0 && k == 0).then(|| format!("{said} ({n})")),
                ..report(&text(n), &format!("r{n}-{k}"), days_before_noon(k as i64))
            });
        }
    }
    submit(&one, reports).await;
    (one, numbers)
}

#[tokio::test]
async fn numbers_are_filtered_by_everything_that_an_analyst_names() {
    let (one, numbers) = four().await;
    let filters: [(NumberFilter, &[usize]); 10] = [
        (
            NumberFilter {
                category: Some(Category::Phishing),
                ..NumberFilter::default()
            },
            &[1, 3],
        ),
        (
            NumberFilter {
                source: Some(Source::LawEnforcement),
                ..NumberFilter::default()
            },
            &[2, 3],
        ),
        (
            NumberFilter {
                brand: Some(Brand::parse("windows support").unwrap()),
                ..NumberFilter::default()
            },
            &[0, 1],
        ),
        (
            NumberFilter {
                region: Some("GB".parse::<Region>().unwrap()),
                ..NumberFilter::default()
            },
            &[3],
        ),
        (
            NumberFilter {
                prefix: "1315".to_owned(),
                ..NumberFilter::default()
            },
            &[0, 1],
        ),
        (
            NumberFilter {
                digits: "0123".to_owned(),
                ..NumberFilter::default()
            },
            &[2],
        ),
        (
            NumberFilter {
                max_score: Some(100.0),
                ..NumberFilter::default()
            },
            &[0, 1, 2, 3],
        ),
        (
            NumberFilter {
                min_score: Some(0.0),
                max_score: Some(0.001),
                ..NumberFilter::default()
            },
            &[],
        ),
        (
            NumberFilter {
                status: Some(StatusKind::Blocked),
                ..NumberFilter::default()
            },
            &[],
        ),
        (
            NumberFilter {
                brand: Some(Brand::parse("Microsoft").unwrap()),
                category: Some(Category::Phishing),
                ..NumberFilter::default()
            },
            &[1],
        ),
    ];
    for (n, (filter, expected)) in filters.into_iter().enumerate() {
        let mut expected: Vec<E164> = expected.iter().map(|n| numbers[*n]).collect();
        expected.sort_unstable();
        assert_eq!(matching(&one, filter).await, expected, "filter {n}");
    }
}

#[tokio::test]
async fn a_text_in_comments_is_found_and_a_withdrawn_one_is_not() {
    let (one, numbers) = four().await;
    let filter = |text: &str| NumberFilter {
        comment: text.to_owned(),
        ..NumberFilter::default()
    };
    let page = PageRequest::default();
    let list = one.services.numbers.list(&filter("WINDOWS lic"), &page).await.unwrap();
    let found: BTreeSet<E164> = list.numbers.iter().map(|row| row.number).collect();
    assert_eq!(found, [numbers[0], numbers[2]].into());
    assert_eq!((list.total, list.total_is_estimate), (2, true));
    assert!(list.next_page_token.is_empty());
    let one_by_one = PageRequest {
        size: 1,
        token: String::new(),
    };
    let first = one
        .services
        .numbers
        .list(&filter("anydesk"), &one_by_one)
        .await
        .unwrap();
    let next = PageRequest {
        token: first.next_page_token,
        ..one_by_one
    };
    let second = one.services.numbers.list(&filter("anydesk"), &next).await.unwrap();
    assert_ne!(first.numbers[0].number, second.numbers[0].number);
    let withdraw = one
        .services
        .reports
        .withdraw(
            &numbers[0].to_string(),
            None,
            &ReportId::parse("r0-0").unwrap(),
            "",
            &ringwarden::domain::audit::RequestedBy::default(),
        )
        .await;
    withdraw.unwrap();
    let list = one.services.numbers.list(&filter("(0)"), &page).await.unwrap();
    assert!(list.numbers.is_empty());
}

/// A change is in the next list, and so is the end of a status and the step of a case.
#[tokio::test]
async fn a_list_shows_changes_at_once() {
    let (one, numbers) = four().await;
    let number = numbers[0].to_string();
    let filter = NumberFilter {
        status: Some(StatusKind::Blocked),
        ..NumberFilter::default()
    };
    assert!(matching(&one, filter.clone()).await.is_empty());
    let blocked = StatusInput {
        kind: StatusKind::Blocked,
        reason: "seen".to_owned(),
        expiry: Some(Expiry::At(noon().plus(Duration::from_secs(60)))),
    };
    let services = &one.services;
    let set = async |status: &StatusInput, id: &str| {
        let set = services.numbers.set_status(&number, None, status, &mutation(id)).await;
        set.unwrap();
    };
    set(&blocked, "s1").await;
    assert_eq!(matching(&one, filter.clone()).await, [numbers[0]]);
    one.clock.advance(Duration::from_secs(61));
    assert!(matching(&one, filter.clone()).await.is_empty());
    let for_ever = StatusInput {
        expiry: None,
        ..blocked
    };
    set(&for_ever, "s2").await;
    assert_eq!(matching(&one, filter.clone()).await, [numbers[0]]);
    let clearance = mutation("s3");
    let cleared = services.numbers.clear_status(&number, None, None, "", &clearance);
    cleared.await.unwrap();
    assert!(matching(&one, filter).await.is_empty());
    // Scores fall with time: a list is not older than ten minutes.
    let by_score = NumberFilter {
        sort: Some(NumberSort::Score),
        ..NumberFilter::default()
    };
    let before = pages(&one, &by_score, 10).await[0].score;
    one.clock.advance(Duration::from_secs(40 * 24 * 3_600));
    assert!(pages(&one, &by_score, 10).await[0].score < before);
}

async fn linked(one: &Instance, id: &str, numbers: &[E164]) {
    let case = NewCase {
        id: Some(CaseId::parse(id).unwrap()),
        title: "Pop-ups of a false Microsoft".to_owned(),
        category: Category::TechSupportScam,
        brand: Some(Brand::parse("Microsoft").unwrap()),
        summary: String::new(),
        status: CaseStatus::Open,
        agency: String::new(),
        agency_reference: "REF-77".to_owned(),
        source: Source::Analyst,
        last_evidence_at: None,
    };
    one.services.cases.create(&case, &mutation(id)).await.unwrap();
    let links = numbers.iter().map(|number| {
        Ok(LinkInput {
            number: number.to_string(),
            default_region: None,
            role: CaseRole::CallerId,
            confidence: 0.9,
            source: Source::Analyst,
            from: None,
            to: None,
            expected_version: None,
        })
    });
    let id = CaseId::parse(id).unwrap();
    let done = one
        .services
        .cases
        .link_numbers(&id, &links.collect::<Vec<_>>(), &mutation("l1"))
        .await;
    for outcome in done.unwrap() {
        outcome.unwrap();
    }
}

pub(super) fn kinds(similar: &SimilarNumber) -> Vec<SimilarityKind> {
    similar.similarities.iter().map(|of| of.kind).collect()
}

#[tokio::test]
async fn similar_numbers_say_why_they_are_similar() {
    let (one, numbers) = four().await;
    linked(&one, "popups", &[numbers[0], numbers[3]]).await;
    let of_case = NumberFilter {
        case: Some(CaseId::parse("popups").unwrap()),
        ..NumberFilter::default()
    };
    assert_eq!(matching(&one, of_case).await, [numbers[0], numbers[3]]);
    let list = one
        .services
        .numbers
        .similar(&numbers[0].to_string(), None, &PageRequest::default())
        .await
        .unwrap();
    let found: Vec<_> = list
        .numbers
        .iter()
        .map(|similar| (similar.row.number, kinds(similar)))
        .collect();
    use SimilarityKind as Kind;
    assert_eq!(found[0], (numbers[3], vec![Kind::Case]));
    assert_eq!(found[1], (numbers[2], vec![Kind::Wording]));
    assert_eq!(found[2], (numbers[1], vec![Kind::Brand, Kind::Range]));
    assert_eq!((list.total, list.compared), (3, 1));
    let mut page = PageRequest {
        size: 1,
        token: String::new(),
    };
    for expected in [numbers[3], numbers[2], numbers[1]] {
        let list = one
            .services
            .numbers
            .similar(&numbers[0].to_string(), None, &page)
            .await
            .unwrap();
        assert_eq!(list.numbers[0].row.number, expected);
        page.token = list.next_page_token;
    }
    assert!(page.token.is_empty());
}

/// A server renews a part from time to time. Then a question finds lines that are younger than ten minutes, and no line has to
/// be made for it.
#[tokio::test]
async fn lines_are_renewed_in_the_background() {
    let one = many().await;
    let filter = NumberFilter {
        sort: Some(NumberSort::Score),
        ..NumberFilter::default()
    };
    let scores = async || -> Vec<f64> {
        let rows = pages(&one, &filter, 1_000).await;
        rows.iter().map(|row| row.score.unwrap()).collect()
    };
    let before = scores().await;
    one.clock.advance(Duration::from_secs(599));
    assert_eq!(scores().await, before, "not ten minutes old");
    for _ in 0..256 {
        one.services.numbers.renew_next_part().await;
    }
    let after = scores().await;
    assert!(before.iter().zip(&after).all(|(before, after)| before > after));
    one.clock.advance(Duration::from_secs(599));
    assert_eq!(scores().await, after, "not ten minutes old");
}

#[tokio::test]
async fn a_text_names_numbers_cases_and_brands() {
    let (one, numbers) = four().await;
    linked(&one, "popups", &[numbers[0]]).await;
    let us = "US".parse::<Region>().ok();
    let gb = "GB".parse::<Region>().ok();
    for (text, region, expected) in [
        ("(212) 555-0123", us, vec![numbers[2]]),
        ("5550123", None, vec![numbers[2]]),
        ("020 7946 0958", gb, vec![numbers[3]]),
        ("020 7946", None, vec![numbers[3]]),
        ("1315232", None, vec![numbers[0], numbers[1]]),
    ] {
        let found = one.services.numbers.search(text, region, 0).await.unwrap();
        let rows: BTreeSet<E164> = found.numbers.iter().map(|row| row.number).collect();
        assert_eq!(rows, expected.iter().copied().collect(), "{text}");
        assert_eq!(found.number_total, expected.len(), "{text}");
    }
    let short = one.services.numbers.search("199", None, 0).await;
    assert!(
        matches!(short, Err(ServiceError::Invalid(_))),
        "too few digits, and nothing else found"
    );
    for text in ["popu", "FALSE micro", "ref-77", "77"] {
        let found = one.services.numbers.search(text, None, 0).await.unwrap();
        assert_eq!((found.cases[0].id.as_str(), found.case_total), ("popups", 1), "{text}");
    }
    let found = one.services.numbers.search("windows def", None, 0).await.unwrap();
    let brand = &found.brands[0];
    assert_eq!((brand.brand.as_str(), brand.numbers, brand.cases), ("Microsoft", 2, 1));
    let limited = one.services.numbers.search("1315232", None, 1).await.unwrap();
    assert_eq!((limited.numbers.len(), limited.number_total), (1, 2));
}
