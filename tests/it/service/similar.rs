//! Similar numbers where there are many: of a brand, and with long comments.

use std::collections::BTreeSet;
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::domain::brand::Brand;
use ringwarden::domain::kinds::SimilarityKind as Kind;
use ringwarden::number::E164;
use ringwarden::service::{NewReport, PageRequest};

use super::finding::{kinds, submit};
use super::memory;
use crate::support::instance::{Instance, noon, number, report};

/// A brand has more numbers than a page shows, or than are kept in memory for one.
#[tokio::test]
async fn the_many_numbers_of_a_brand_come_in_pages_after_those_that_are_more_similar() {
    const NUMBERS: u64 = 700;
    let one = Instance::over(memory(), Clock::manual(noon())).await;
    let nth = |n: u64| number(0).digits() + n * 10_000;
    let reports = (0..NUMBERS).map(|n| NewReport {
        brand: Some(Brand::parse("Chase").unwrap()),
        comment: Some(format!("He said that account {n} is locked")),
        ..report(&format!("+{}", nth(n)), &format!("r{n}"), noon())
    });
    submit(&one, reports).await;
    // The last one is also a neighbour.
    let beside = E164::from_digits(nth(0) + 1).unwrap();
    let neighbour = NewReport {
        brand: Some(Brand::parse("chase").unwrap()),
        ..report(&beside.to_string(), "beside", noon())
    };
    submit(&one, [neighbour]).await;
    for size in [1_000, 64] {
        let mut page = PageRequest {
            size,
            token: String::new(),
        };
        let mut seen = Vec::new();
        loop {
            let own = number(0).to_string();
            let list = one.services.numbers.similar(&own, None, &page).await.unwrap();
            assert_eq!((list.total as u64, list.compared), (NUMBERS, 200), "{size}");
            seen.extend(list.numbers.iter().map(|similar| (kinds(similar), similar.row.number)));
            page.token = list.next_page_token;
            if page.token.is_empty() {
                break;
            }
        }
        let of = |wanted: &[Kind]| seen.iter().filter(|(kinds, _)| kinds == wanted).count() as u64;
        let alike = of(&[Kind::Wording, Kind::Brand]);
        assert!((190..=200).contains(&alike), "{alike}");
        assert_eq!(of(&[Kind::Brand, Kind::Range]), 1);
        assert_eq!(of(&[Kind::Brand]), NUMBERS - 1 - alike);
        let first = [&seen[0].0, &seen[usize::try_from(alike).unwrap()].0];
        assert_eq!(
            first,
            [&vec![Kind::Wording, Kind::Brand], &vec![Kind::Brand, Kind::Range]]
        );
        let distinct: BTreeSet<E164> = seen.iter().map(|(_, number)| *number).collect();
        assert_eq!(distinct.len() as u64, NUMBERS, "{size}");
    }
}

/// The processor time that this thread has taken, in clock ticks.
fn ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap() // user and system time, proc_pid_stat(5)
}

/// To compare long comments takes a processor for long. It must not be one that answers calls.
#[test]
fn comments_are_compared_beside_the_threads_that_answer_calls() {
    const NUMBERS: u64 = 30;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .thread_keep_alive(Duration::from_secs(3_600))
        .build()
        .unwrap();
    runtime.block_on(async {
        let one = Instance::over(memory(), Clock::manual(noon())).await;
        let reports = (0..NUMBERS * 20).map(|n| NewReport {
            comment: Some((0..250).map(|word| format!("w{} ", n * 7 + word)).collect()),
            ..report(&number(10_000 * (n % NUMBERS)).to_string(), &format!("r{n}"), noon())
        });
        submit(&one, reports).await;
        let beside = || async { tokio::task::spawn_blocking(ticks).await.unwrap() };
        let before = (ticks(), beside().await);
        let (own, page) = (number(0).to_string(), PageRequest::default());
        let list = one.services.numbers.similar(&own, None, &page).await.unwrap();
        let (here, there) = (ticks() - before.0, beside().await - before.1);
        assert_eq!(list.compared as u64, NUMBERS - 1);
        assert!(here < there, "{here} ticks here, {there} beside");
    });
}
