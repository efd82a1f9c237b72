//! The same reports give the same scores, in any order, repeated, and over any number of instances.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::support::backends::Place as _;
use crate::support::instance::{Instance, evidence_version, noon, report, report_of};
use crate::support::random::Random;
use crate::support::redis_backend::Redis;
use ringwarden::clock::Clock;
use ringwarden::domain::ids::{Area, ReportId};
use ringwarden::domain::kinds::{Attestation, Category, Verstat};
use ringwarden::domain::time::Timestamp;
use ringwarden::number::E164;
use ringwarden::service::{LookupOutcome, NewReport};
use ringwarden::store::Store;
use ringwarden::store::memory::MemoryStore;

const REPORTS: u32 = 2_000;
/// Scores may differ by this much, from rounding.
const TOLERANCE: f64 = 1e-6;
/// Blocks of ten thousand, geographic and toll-free; the last has national numbers too short for ranges.
const BLOCKS: [u64; 6] = [
    13_152_320_000,
    12_125_550_000,
    14_155_550_000,
    18_005_550_000,
    18_885_550_000,
    4_922_000_000,
];

#[derive(Clone)]
enum Step {
    Submit(Box<NewReport>),
    Withdraw(String, ReportId),
}

/// Reports as feeds and apps bring them, and withdrawals of some.
fn steps(random: &mut Random) -> Vec<Step> {
    let mut steps = Vec::new();
    for n in 0..REPORTS {
        let report = any_report(random, n);
        if random.below(20) == 0 {
            steps.push(Step::Withdraw(report.number.clone(), report.report_id.clone().unwrap()));
        }
        steps.push(Step::Submit(Box::new(report)));
    }
    steps
}

fn any_report(random: &mut Random, n: u32) -> NewReport {
    // Most numbers of a block are reported once, a few of them over and over.
    let suffix = if random.below(3) == 0 {
        random.below(8)
    } else {
        random.below(2_000)
    };
    let number = E164::from_digits(BLOCKS[random.below(BLOCKS.len())] + suffix as u64).unwrap();
    let back = random.below(40 * 86_400_000);
    let at = Timestamp::from_millis(noon().millis() - i64::try_from(back).unwrap());
    let (number, id) = (number.to_string(), format!("r{n}"));
    let mut new = if random.below(2) == 0 {
        report(&number, &id, at)
    } else {
        report_of(&format!("who-{}", random.below(200)), &number, &id, at)
    };
    let categories = [Category::TechSupportScam, Category::Survey, Category::Unspecified];
    new.category = categories[random.below(categories.len())];
    new.not_spam = random.below(12) == 0;
    let area = ["212", "315", "415", "650"][random.below(4)];
    new.area = (random.below(4) > 0).then(|| Area::parse(area).unwrap());
    new.attestation = [None, None, Some(Attestation::A), Some(Attestation::C)][random.below(4)];
    new.verstat = new.attestation.map(|_| Verstat::Passed);
    new
}

fn shuffled(steps: &[Step], random: &mut Random) -> Vec<Step> {
    let mut steps = steps.to_vec();
    for place in (1..steps.len()).rev() {
        steps.swap(place, random.below(place + 1));
    }
    steps
}

/// All steps and a good part of them again.
fn repeated(steps: &[Step], random: &mut Random) -> Vec<Step> {
    let again = steps.iter().filter(|_| random.below(3) == 0).cloned();
    let more: Vec<Step> = steps.iter().cloned().chain(again.collect::<Vec<_>>()).collect();
    shuffled(&more, random)
}

/// Takes the steps in turns, until all have seen all of it.
async fn run(instances: &[Instance], steps: Vec<Step>) {
    for (n, step) in steps.into_iter().enumerate() {
        let services = &instances[n % instances.len()].services;
        match step {
            Step::Submit(report) => {
                services.reports.submit(*report).await.unwrap();
            }
            Step::Withdraw(number, id) => {
                services
                    .reports
                    .withdraw(
                        &number,
                        None,
                        &id,
                        "",
                        &ringwarden::domain::audit::RequestedBy::default(),
                    )
                    .await
                    .unwrap();
            }
        }
    }
    for instance in instances {
        instance.follower.sweep().await;
    }
}

async fn over(stores: Vec<Arc<dyn Store>>) -> Vec<Instance> {
    let clock = Clock::manual(noon());
    let mut instances = Vec::new();
    for store in stores {
        instances.push(Instance::over(store, clock.clone()).await);
    }
    instances
}

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(evidence_version()).unwrap())
}

/// The numbers reported, and those beside them.
fn numbers(steps: &[Step]) -> BTreeSet<String> {
    let reported = steps.iter().filter_map(|step| match step {
        Step::Submit(report) => Some(report.number.trim_start_matches('+').parse::<u64>().unwrap()),
        Step::Withdraw(..) => None,
    });
    let around = reported.flat_map(|number| [number, number + 1, number + 50, number + 500, number + 3_000]);
    around.map(|number| format!("+{number}")).collect()
}

fn assert_same(one: &Instance, other: &Instance, numbers: &BTreeSet<String>, how: &str) {
    for number in numbers {
        let (a, b) = (one.look_up(number), other.look_up(number));
        let (old, new) = (a.score.verdict, b.score.verdict);
        let values = [old, new].map(|verdict| verdict.value.unwrap_or(-1.0));
        assert!((values[0] - values[1]).abs() < TOLERANCE, "{how}: {number} {values:?}");
        assert!((old.confidence - new.confidence).abs() < TOLERANCE, "{how}: {number}");
        assert_eq!((old.level, old.status), (new.level, new.status), "{how}: {number}");
        assert_eq!(facts(&a), facts(&b), "{how}: {number}");
        assert_eq!(codes(&a), codes(&b), "{how}: {number}");
    }
}

/// The estimate of reporters apart: each store hashes them by a key of its own.
fn facts(outcome: &LookupOutcome) -> (u32, Option<Timestamp>, Option<Timestamp>) {
    let facts = &outcome.facts;
    (facts.report_count, facts.first_reported, facts.last_reported)
}

fn codes(outcome: &LookupOutcome) -> BTreeSet<&'static str> {
    let weighty = outcome.score.reasons.iter().filter(|reason| reason.points.abs() > 0.01);
    weighty.map(|reason| reason.code.name()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn order_repetition_and_instances_change_no_score() {
    let mut random = Random::from_environment();
    let steps = steps(&mut random);
    let numbers = numbers(&steps);
    let plain = over(vec![memory()]).await;
    run(&plain, steps.clone()).await;
    let scored = numbers.iter().filter(|number| plain[0].score(number) >= 0.0).count();
    assert!(scored > 1_000, "{scored} of {} are scored", numbers.len());

    let shared = memory();
    let redis = Redis::fresh().await;
    let places = [
        ("shuffled", vec![memory()], shuffled(&steps, &mut random)),
        ("repeated", vec![memory()], repeated(&steps, &mut random)),
        (
            "two instances",
            vec![shared.clone(), shared],
            repeated(&steps, &mut random),
        ),
        (
            "two instances over Redis",
            vec![
                redis.open(evidence_version()).await,
                redis.open(evidence_version()).await,
            ],
            repeated(&steps, &mut random),
        ),
    ];
    for (how, stores, steps) in places {
        let instances = over(stores).await;
        run(&instances, steps).await;
        for instance in &instances {
            assert_same(&plain[0], instance, &numbers, how);
        }
    }
}
