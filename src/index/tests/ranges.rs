//! Range evidence is exact: after any records in any order, the neighbourhood of a number equals a count over a plain
//! list of the records.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index as Pick, select};

use super::super::block::PLAIN_MAX;
use super::*;
use crate::domain::range::Counts;
use crate::domain::time::Timestamp;

/// Reports are from the first 60 days.
const HOURS: i64 = 60 * 24;

/// Two blocks: in the first the number tells its area, in the second it does not.
const NORTH_AMERICAN: u64 = 14_155_550_000;
const GERMAN: u64 = 493_012_340_000;

/// The origin of a report.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Voice {
    Proven,
    /// Counts as a report, but not for ranges.
    Unproven,
    NotSpam,
}

/// A generated report.
#[derive(Clone, Debug)]
struct TestReport {
    hour: i64,
    voice: Voice,
    /// Whether the victim is in the area of the North American numbers.
    local: bool,
    withdrawn: bool,
}

/// A generated record.
#[derive(Clone, Debug)]
struct Made {
    said: Vec<TestReport>,
    /// Statuses, one of each kind, with the hour in which each expires.
    statuses: Vec<(StatusKind, Option<i64>)>,
    link: Option<CaseRole>,
}

/// A change of a number: its record is stored or deleted, and an earlier record may arrive again.
#[derive(Clone, Debug)]
struct Write {
    place: u64,
    made: Option<Made>,
    again: Option<Pick>,
}

fn said() -> impl Strategy<Value = TestReport> {
    let voice = prop_oneof![6 => Just(Voice::Proven), 1 => Just(Voice::Unproven), 1 => Just(Voice::NotSpam)];
    (0..HOURS, voice, any::<bool>(), prop::bool::weighted(0.1)).prop_map(|(hour, voice, local, withdrawn)| TestReport {
        hour,
        voice,
        local,
        withdrawn,
    })
}

fn made() -> impl Strategy<Value = Made> {
    let kind = || {
        select(vec![
            StatusKind::SpoofedVictim,
            StatusKind::VerifiedBusiness,
            StatusKind::Protected,
            StatusKind::UnderDispute,
        ])
    };
    let expiry = prop::option::of(HOURS - 240..HOURS + 480);
    let statuses = prop_oneof![
        4 => Just(Vec::new()),
        1 => prop::collection::vec((kind(), expiry), 1..3),
    ];
    let role = select(vec![CaseRole::CallerId, CaseRole::SpoofedVictim]);
    (
        prop::collection::vec(said(), 0..4),
        statuses,
        prop::option::weighted(0.1, role),
    )
        .prop_map(|(said, statuses, link)| Made { said, statuses, link })
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let write = || {
        let made = prop::option::weighted(0.85, made());
        let again = prop::option::weighted(0.2, any::<Pick>());
        (0u64..400, made, again).prop_map(|(place, made, again)| Write { place, made, again })
    };
    prop_oneof![
        prop::collection::vec(write(), 1..40),
        prop::collection::vec(write(), 100..250),
    ]
}

impl Made {
    fn state(&self, model: &ScoreModel) -> NumberState {
        let (mut state, mut rows) = (NumberState::default(), LoadedRows::unloaded(0));
        for (n, said) in self.said.iter().enumerate() {
            let id = ReportId::parse(&format!("r{n}")).unwrap();
            let body = ReportBody {
                not_spam: said.voice == Voice::NotSpam,
                area: Some(Area::parse(if said.local { "415" } else { "212" }).unwrap()),
                ..body(hour(said.hour))
            };
            let weight = if said.voice == Voice::Unproven { 0.2 } else { 1.0 };
            let row = ReportRow::accepted(id.clone(), body, weight, hour(said.hour), None);
            state.submit(&mut rows, row, &model.fold).unwrap();
            if said.withdrawn {
                state.withdraw(&mut rows, &id, hour(HOURS), &model.fold).unwrap();
            }
        }
        for (kind, expiry) in &self.statuses {
            state.statuses.set(StatusEntry {
                kind: *kind,
                reason: "".into(),
                author: Actor::parse("ana").unwrap(),
                set_at: hour(0),
                expires_at: expiry.map(hour),
            });
        }
        if let Some(role) = self.link {
            state.set_link(CaseLink {
                role,
                ..link(&CaseId::parse("c-1").unwrap())
            });
        }
        state
    }

    /// The hour of the last report that counts for ranges at `now`, if any.
    fn last(&self, now: i64) -> Option<i64> {
        // Of two statuses of one kind, the later one counts.
        let standing = |at: usize, kind| self.statuses.iter().skip(at + 1).all(|(later, _)| *later != kind);
        let is_out = self.statuses.iter().enumerate().any(|(at, (kind, expiry))| {
            *kind != StatusKind::UnderDispute && standing(at, *kind) && expiry.is_none_or(|expiry| now < expiry)
        });
        if is_out || self.link == Some(CaseRole::SpoofedVictim) {
            return None;
        }
        self.live(Voice::Proven).map(|said| said.hour).max()
    }

    fn live(&self, voice: Voice) -> impl Iterator<Item = &TestReport> {
        self.said
            .iter()
            .filter(move |said| !said.withdrawn && said.voice == voice)
    }

    fn counts(&self, last: i64, now: i64, tells_area: bool, model: &ScoreModel) -> Counts {
        let long = left(last, now, model.ranges.long_days);
        let reports = self.live(Voice::Proven).count(); // too few unproven reports to count
        let is_local = tells_area && self.live(Voice::Proven).any(|said| said.local);
        Counts {
            recent: left(last, now, model.ranges.recent_days),
            short: left(last, now, model.ranges.short_days),
            long,
            once: if reports == 1 { long } else { 0.0 },
            local: if is_local { long } else { 0.0 },
            reports: reports as f64 * long,
        }
    }
}

fn hour(hour: i64) -> Timestamp {
    Timestamp::from_millis(day(0).millis() + hour * DAY_MS / 24)
}

fn left(last: i64, now: i64, half_life_days: f64) -> f64 {
    let days = (now - last).max(0) as f64 / 24.0;
    0.5f64.powf(days / half_life_days)
}

/// The neighbourhood of a number, computed directly from the definitions.
fn brute(records: &BTreeMap<u64, Made>, block: u64, own: u64, now: i64, model: &ScoreModel) -> Neighbourhood {
    let others: Vec<(u64, &Made)> = records
        .iter()
        .filter(|(suffix, _)| **suffix != own)
        .map(|(suffix, made)| (*suffix, made))
        .collect();
    let counted: Vec<(u64, &Made, i64)> = others
        .iter()
        .filter_map(|(suffix, made)| Some((*suffix, *made, made.last(now)?)))
        .collect();
    let within = |width: u64| {
        let same = counted.iter().filter(|(suffix, ..)| suffix / width == own / width);
        same.map(|(_, made, last)| made.counts(*last, now, block == NORTH_AMERICAN, model))
            .sum()
    };
    let groups = |width: u64, of: u64| -> f64 {
        let mut newest: BTreeMap<u64, i64> = BTreeMap::new();
        for (suffix, _, last) in counted.iter().filter(|(suffix, ..)| suffix / of == own / of) {
            let known = newest.entry(suffix / width).or_insert(*last);
            *known = (*known).max(*last);
        }
        newest
            .values()
            .map(|last| left(*last, now, model.ranges.long_days))
            .sum()
    };
    Neighbourhood {
        hundred: within(100),
        thousand: within(1_000),
        ten_thousand: within(10_000),
        tens: groups(10, 1_000),
        hundreds: groups(100, 10_000),
        case_in_100: others
            .iter()
            .filter(|(suffix, made)| suffix / 100 == own / 100 && made.link == Some(CaseRole::CallerId))
            .map(|_| 0.9 * left(24, now, model.rules.cases.half_life_days)) // see `link`
            .fold(0.0, f64::max),
    }
}

/// Every value of a neighbourhood, with its name.
fn figures(around: &Neighbourhood) -> Vec<(&'static str, f64)> {
    let mut figures = vec![
        ("tens", around.tens),
        ("hundreds", around.hundreds),
        ("case_in_100", around.case_in_100),
    ];
    for counts in [around.hundred, around.thousand, around.ten_thousand] {
        let Counts {
            recent,
            short,
            long,
            once,
            local,
            reports,
        } = counts;
        figures.extend([
            ("recent", recent),
            ("short", short),
            ("long", long),
            ("once", once),
            ("local", local),
            ("reports", reports),
        ]);
    }
    figures
}

fn check(
    index: &Index,
    records: &BTreeMap<u64, Made>,
    block: u64,
    owns: &[u64],
) -> Result<(), proptest::test_runner::TestCaseError> {
    prop_assert_eq!(index.number_count(), records.len());
    // Sums are taken at the time of the newest report, and lookups do not ask for an earlier time. Small blocks allow
    // even that.
    let past = (records.len() <= PLAIN_MAX).then_some(HOURS / 2);
    for now in [HOURS, HOURS + 11, HOURS + 240, 8 * HOURS].into_iter().chain(past) {
        for own in owns {
            let found = index.neighbourhood(E164::from_digits(block + own).unwrap(), hour(now));
            let wanted = brute(records, block, *own, now, index.model());
            for ((what, found), (_, wanted)) in figures(&found).into_iter().zip(figures(&wanted)) {
                prop_assert!(
                    (found - wanted).abs() < 1e-9,
                    "{} is {} for {} around {} in hour {}",
                    what,
                    found,
                    wanted,
                    own,
                    now
                );
            }
        }
    }
    Ok(())
}

fn apply(index: &Index, number: E164, version: Version, made: Option<&Made>) {
    index.apply(number, version, made.map(|made| made.state(index.model())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Stores, overwrites, withdraws, deletes and repeats records, in small blocks, in large blocks with sums, and in
    /// blocks that shrink again.
    #[test]
    fn range_evidence_is_exact(
        block in select(vec![NORTH_AMERICAN, GERMAN]),
        spread in select(vec![1u64, 7, 25]),
        writes in writes(),
        owns in prop::collection::vec(0u64..400, 1..8),
        kept in 0usize..80,
    ) {
        let index = Index::new(Arc::new(ScoreModel::default()));
        let id = CaseId::parse("c-1").unwrap();
        index.apply(id.clone(), 1, Some(case(&id, CaseStatus::Corroborated)));
        let number = |suffix| E164::from_digits(block + suffix).unwrap();
        let mut records: BTreeMap<u64, Made> = BTreeMap::new();
        let mut told: Vec<(u64, Version, Option<Made>)> = Vec::new();
        for (version, write) in (1..).zip(writes) {
            let suffix = write.place * spread;
            apply(&index, number(suffix), version, write.made.as_ref());
            match &write.made {
                Some(made) => records.insert(suffix, made.clone()),
                None => records.remove(&suffix),
            };
            told.push((suffix, version, write.made));
            // Records of a number that was deleted do not arrive again.
            if let Some((suffix, version, made)) = write.again.as_ref().map(|again| again.get(&told))
                && records.contains_key(suffix)
            {
                apply(&index, number(*suffix), *version, made.as_ref());
            }
        }
        let owns: Vec<u64> = owns.iter().map(|place| place * spread).collect();
        check(&index, &records, block, &owns)?;

        let gone: Vec<u64> = records.keys().copied().skip(kept).collect();
        for suffix in gone {
            apply(&index, number(suffix), Version::MAX, None);
            records.remove(&suffix);
        }
        check(&index, &records, block, &owns)?;
    }
}

#[test]
fn the_areas_of_these_tests_set_different_bits() {
    use crate::domain::bitmap::DistinctCount;
    let place = |area: &str| DistinctCount::place(Area::parse(area).unwrap().hash64());
    assert_ne!(place("415"), place("212"));
}
