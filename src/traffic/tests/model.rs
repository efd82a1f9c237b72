//! A simple reference for the counts: a list of all calls.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::domain::traffic::{SigningCounts, Window};

/// Milliseconds in a slice of the minute.
const TICK: i64 = 10_000;
/// Milliseconds in a slice of the hour.
const TEN_MINUTES: i64 = 600_000;
/// The most numbers that are searched for neighbours.
const RECENT: usize = 32;
const SIGNINGS: [Signing; 3] = [Signing::NotGiven, Signing::A, Signing::C];

#[derive(Clone, Copy, Debug)]
struct ModelCall {
    millis: i64,
    called: Option<u64>,
    signing: Signing,
}

/// A caller.
#[derive(Default)]
struct Model {
    calls: Vec<ModelCall>,
    /// New numbers, the times of their calls, and whether each was a step.
    new: Vec<(i64, u64, bool)>,
}

impl Model {
    fn record(&mut self, call: ModelCall) {
        self.calls.push(call);
        let Some(called) = call.called else { return };
        let known: Vec<u64> = self.recent(call.millis).map(|(_, number, _)| number).collect();
        if !known.contains(&called) {
            let is_step = known.iter().any(|number| number.abs_diff(called) <= 4);
            self.new.push((call.millis, called, is_step));
        }
    }

    fn recent(&self, now: i64) -> impl Iterator<Item = (i64, u64, bool)> {
        let latest = self.new.iter().rev().take(RECENT).copied();
        latest.filter(move |(millis, ..)| is_within(*millis, now, TEN_MINUTES))
    }

    fn steps(&self, now: i64) -> u32 {
        let steps = self.recent(now).filter(|(.., is_step)| *is_step).count();
        u32::try_from(steps).unwrap()
    }

    fn window(&self, now: i64, slice: i64) -> Window {
        let mut signing = SigningCounts::default();
        let mut numbers = HashSet::new();
        let within = self.calls.iter().filter(|call| is_within(call.millis, now, slice));
        for call in within {
            signing += SigningCounts::one(call.signing);
            numbers.extend(call.called);
        }
        Window {
            calls: signing.total(),
            distinct: u32::try_from(numbers.len()).unwrap(),
            signing,
        }
    }
}

fn is_within(millis: i64, now: i64, slice: i64) -> bool {
    now.div_euclid(slice) - millis.div_euclid(slice) < 6
}

/// Pauses of all kinds: none, seconds, minutes, an hour.
fn pauses() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => Just(0),
        6 => 0..4_000i64,
        3 => 0..70_000i64,
        1 => 0..900_000i64,
        1 => 3_000_000..8_000_000i64,
    ]
}

fn calls(most: usize) -> impl Strategy<Value = Vec<(i64, Option<u64>, usize)>> {
    let called = prop_oneof![1 => Just(None), 20 => (0..400u64).prop_map(Some)];
    prop::collection::vec((pauses(), called, 0..SIGNINGS.len()), 1..most)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// All counts are exact, except the distinct numbers of a busy hour.
    #[test]
    fn counts_are_those_of_a_list(calls in prop_oneof![calls(12), calls(400)]) {
        let observer = observer();
        let (mut model, mut now) = (Model::default(), START * 1_000);
        for (pause, called, signing) in calls {
            now += pause;
            let signing = SIGNINGS[signing];
            model.record(ModelCall { millis: now, called, signing });
            let event = CallEvent {
                called: called.map(number),
                signing,
                ..call(stranger(0), number(0))
            };
            let traffic = observer.record(&event, Timestamp::from_millis(now));
            let (minute, hour) = (model.window(now, TICK), model.window(now, TEN_MINUTES));
            if minute.distinct <= 128 {
                prop_assert_eq!(traffic.minute, minute);
            }
            prop_assert_eq!((traffic.hour.calls, traffic.hour.signing), (hour.calls, hour.signing));
            prop_assert_eq!(traffic.sequential, model.steps(now));
            let error = traffic.hour.distinct.abs_diff(hour.distinct);
            let allowed = if model.calls.len() <= 8 { 0 } else { 6 + hour.distinct / 20 };
            prop_assert!(error <= allowed, "{} for {}", traffic.hour.distinct, hour.distinct);
            let looked = observer.traffic_of(OWN, stranger(0), Timestamp::from_millis(now));
            prop_assert_eq!(CallerTraffic { this_call: None, ..traffic }, looked);
        }
    }

    /// Counting does not fail at any time, however far away, and the last call counts.
    #[test]
    fn any_time_is_accepted(times in prop::collection::vec(any::<i64>(), 1..40)) {
        let observer = observer();
        for (n, millis) in (0u64..).zip(times) {
            let traffic = observer.record(&call(number(1), stranger(n)), Timestamp::from_millis(millis));
            prop_assert!(traffic.minute.calls >= 1 && traffic.minute.distinct >= 1);
            prop_assert!(traffic.hour.calls >= traffic.minute.calls);
        }
    }
}
