//! Tests of the counts: each call counts once, for the right time, and correctly when the tables are full.

mod model;
mod tenants;

use std::thread;
use std::time::Duration;

use super::*;
use crate::domain::traffic::Signs;

const KEY: [u8; 32] = [42; 32];
/// The tenant of most tests.
const OWN: TenantId = TenantId::DEFAULT;
/// The time of the first call in most tests: the start of a slice.
const START: i64 = 1_800_000_000;

fn observer() -> Observer {
    Observer::new(Thresholds::DEFAULT, TrafficLimits::DEFAULT, KEY)
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(START + secs)
}

fn number(suffix: u64) -> E164 {
    E164::from_digits(14_150_000_000 + suffix).unwrap()
}

/// Numbers without neighbours.
fn stranger(n: u64) -> E164 {
    number(1_000_000 + 10 * n)
}

fn call(caller: E164, called: E164) -> CallEvent<'static> {
    CallEvent {
        tenant: OWN,
        caller,
        called: Some(called),
        call_id: "",
        signing: Signing::NotGiven,
        is_emergency: false,
    }
}

fn named(call_id: &str) -> CallEvent<'_> {
    CallEvent {
        call_id,
        ..call(number(1), number(100))
    }
}

/// Calls to unrelated numbers, all at the same time.
fn burst(observer: &Observer, caller: E164, calls: u64, now: Timestamp) -> CallerTraffic {
    for n in 0..calls {
        observer.record(&call(caller, stranger(n)), now);
    }
    observer.traffic_of(OWN, caller, now)
}

fn signs(traffic: CallerTraffic) -> Signs {
    traffic.signs(&Thresholds::DEFAULT)
}

#[test]
fn a_caller_is_unknown_until_the_first_call() {
    let observer = observer();
    assert_eq!(observer.traffic_of(OWN, number(1), at(0)), CallerTraffic::default());
    let traffic = observer.record(&call(number(1), number(100)), at(0));
    assert_eq!(traffic.first_seen, Some(at(0)));
    assert_eq!((traffic.minute.calls, traffic.minute.distinct), (1, 1));
    assert_eq!(traffic.this_call, Some(Signing::NotGiven));
    assert_eq!(observer.traffic_of(OWN, number(1), at(0)).hour, traffic.hour);
    assert_eq!(observer.traffic_of(OWN, number(100), at(0)), CallerTraffic::default());
    assert_eq!(observer.callers(), 1);
    let traffic = observer.record(&call(number(1), number(100)), at(100_000));
    assert_eq!((traffic.first_seen, traffic.hour.calls), (Some(at(0)), 1));
}

#[test]
fn fifty_distinct_numbers_in_a_minute_are_a_burst_and_one_less_is_none() {
    let observer = observer();
    let traffic = burst(&observer, number(1), 49, at(0));
    assert_eq!((traffic.minute.distinct, signs(traffic).burst), (49, false));
    let again = burst(&observer, number(1), 49, at(0));
    assert_eq!(
        (again.minute.calls, again.minute.distinct),
        (98, 49),
        "the same numbers"
    );
    let traffic = observer.record(&call(number(1), stranger(49)), at(0));
    assert_eq!((traffic.minute.distinct, signs(traffic).burst), (50, true));
    assert!(!signs(traffic).sequential);
}

#[test]
fn distinct_numbers_are_exact_to_128_a_minute_and_near_beyond() {
    let observer = observer();
    for n in 0..5_000u32 {
        let traffic = observer.record(&call(number(1), stranger(n.into())), at(0));
        let [minute, hour] = [traffic.minute, traffic.hour].map(|window| window.distinct);
        let wanted = n + 1;
        assert_eq!(traffic.hour.calls, wanted);
        if wanted <= 128 {
            assert_eq!(minute, wanted);
        }
        let error = |distinct: u32| (f64::from(distinct) / f64::from(wanted) - 1.0).abs();
        assert!(
            error(minute) < 0.15 && (wanted > 1_000 || error(minute) < 0.1),
            "{minute} of {wanted}"
        );
        assert!(wanted < 20 || error(hour) < 0.1, "{hour} of {wanted}");
    }
}

#[test]
fn windows_slide_by_their_slices() {
    let observer = observer();
    burst(&observer, number(1), 60, at(9));
    let distinct = |secs| {
        let traffic = observer.traffic_of(OWN, number(1), at(secs));
        (traffic.minute.distinct, traffic.hour.calls)
    };
    assert_eq!(distinct(59), (60, 60));
    assert_eq!(distinct(60), (0, 60));
    assert_eq!(distinct(3_599), (0, 60));
    assert_eq!(distinct(3_600), (0, 0));
    assert_eq!(distinct(i64::MAX / 1_000), (0, 0), "and looking has changed nothing:");
    assert_eq!(distinct(59), (60, 60));
}

#[test]
fn a_clock_that_jumps_loses_no_counts() {
    let observer = observer();
    burst(&observer, number(1), 30, at(100));
    let traffic = burst(&observer, number(1), 40, at(45));
    assert_eq!(traffic.minute.distinct, 40, "up to a minute late is now");
    let ahead = observer.record(&call(number(1), stranger(40)), at(40_000_000));
    assert_eq!((ahead.minute.calls, ahead.hour.calls), (1, 1), "far ahead all is over");
    let back = observer.record(&call(number(1), stranger(41)), at(200));
    assert_eq!(back.minute.distinct, 2, "the clock was wrong and was set");
    assert_eq!(observer.traffic_of(OWN, number(1), at(260)).minute.distinct, 0);
    assert_eq!(observer.traffic_of(OWN, number(1), at(-1_000_000)).minute.distinct, 2);
}

#[test]
fn sequential_dialling_is_seen_at_any_speed_that_fills_an_hour() {
    for pause in [0, 1, 100] {
        let observer = observer();
        let dial = |n: u64| {
            let now = at(i64::try_from(n).unwrap() * pause);
            observer.record(&call(number(1), number(500 + 3 * n)), now)
        };
        let steps: Vec<_> = (0..12).map(dial).map(|traffic| traffic.sequential).collect();
        assert_eq!(steps, (0..12).collect::<Vec<_>>(), "{pause} s");
        assert!(signs(observer.traffic_of(OWN, number(1), at(11 * pause))).sequential);
    }
}

#[test]
fn a_repeated_query_tells_the_same_and_counts_nothing() {
    let observer = observer();
    let first = observer.record(&named("a"), at(0));
    for _ in 0..3 {
        assert_eq!(observer.record(&named("a"), at(1)), first);
    }
    assert_eq!(observer.record(&named("b"), at(1)).minute.calls, 2);
    let other = CallEvent {
        caller: number(2),
        ..named("a")
    };
    assert_eq!(observer.record(&other, at(1)).minute.calls, 1, "another caller's");
    assert_eq!(observer.record(&named(""), at(1)).minute.calls, 3);
    assert_eq!(observer.record(&named(""), at(1)).minute.calls, 4, "nobody knows");
}

#[test]
fn calls_count_by_how_they_were_signed() {
    let observer = observer();
    for n in 0..20 {
        let call = CallEvent {
            signing: Signing::A,
            ..call(number(1), stranger(n))
        };
        assert!(!signs(observer.record(&call, at(0))).mostly_signed, "{n} others");
    }
    let unsigned = CallEvent {
        signing: Signing::C,
        ..call(number(1), stranger(30))
    };
    let traffic = observer.record(&unsigned, at(0));
    assert!(signs(traffic).mostly_signed);
    assert_eq!(traffic.minute.signing, traffic.hour.signing);
    assert_eq!(
        (traffic.hour.signing.of(Signing::A), traffic.hour.signing.of(Signing::C)),
        (20, 1)
    );
}

fn outcome(call_id: &str, answered: bool) -> CallOutcome<'_> {
    CallOutcome {
        caller: number(1),
        call_id,
        answered,
        duration: Duration::from_secs(3),
        release_code: if answered { 0 } else { 603 },
    }
}

#[test]
fn an_outcome_counts_once_within_the_hour() {
    let observer = observer();
    for n in 0..120u32 {
        let name = format!("call-{n}");
        let outcome = outcome(&name, n >= 10);
        assert!(observer.record_outcome(OWN, &outcome, at(0)));
        assert!(!observer.record_outcome(OWN, &outcome, at(1)));
        assert_eq!(observer.traffic_of(OWN, number(1), at(1)).outcomes.calls, n + 1);
    }
    assert_eq!(
        observer.record(&named("call-0"), at(1)).minute.calls,
        1,
        "a query is no outcome"
    );
    let traffic = observer.traffic_of(OWN, number(1), at(3_599));
    let counted = traffic.outcomes;
    assert_eq!(
        (counted.calls, counted.answered, counted.short, counted.rejected),
        (120, 110, 110, 0)
    );
    assert!(signs(traffic).short_calls && !signs(traffic).unanswered && !signs(traffic).burst);
    assert_eq!(observer.traffic_of(OWN, number(1), at(3_600)).outcomes.calls, 0);
    assert!(
        observer.record_outcome(OWN, &outcome("", true), at(0))
            && observer.record_outcome(OWN, &outcome("", true), at(0))
    );
}

#[test]
fn strangers_who_call_back_are_counted_for_a_number_that_burst_and_for_no_other() {
    let observer = observer();
    burst(&observer, number(1), 60, at(0));
    burst(&observer, number(2), 49, at(0));
    for n in 0..60 {
        for called in [1, 2, 3] {
            observer.record(&call(stranger(n), number(called)), at(600));
            observer.record(&call(stranger(n), number(called)), at(600));
        }
    }
    let storm = observer.traffic_of(OWN, number(1), at(600));
    assert!((50..=70).contains(&storm.called_back_by), "{}", storm.called_back_by);
    assert!(signs(storm).called_back && !signs(storm).burst);
    for quiet in [2, 3] {
        assert_eq!(observer.traffic_of(OWN, number(quiet), at(600)).called_back_by, 0);
    }
    assert_eq!(observer.traffic_of(OWN, number(3), at(600)), CallerTraffic::default());
    assert!(signs(observer.traffic_of(OWN, number(1), at(4_199))).called_back);
    assert!(
        !signs(observer.traffic_of(OWN, number(1), at(4_800))).called_back,
        "an hour and a little more"
    );
    burst(&observer, number(1), 60, at(9_000));
    assert_eq!(
        observer.traffic_of(OWN, number(1), at(9_000)).called_back_by,
        0,
        "another burst begins anew"
    );
}

#[test]
fn own_calls_and_repeated_queries_are_no_callbacks() {
    let observer = observer();
    let calling = |name| CallEvent {
        called: Some(number(1)),
        caller: stranger(3),
        ..named(name)
    };
    observer.record(&calling("before"), at(0));
    burst(&observer, number(1), 60, at(0));
    observer.record(&call(number(1), number(1)), at(1));
    observer.record(&calling("before"), at(1));
    assert_eq!(observer.traffic_of(OWN, number(1), at(1)).called_back_by, 0);
    observer.record(&calling("after"), at(1));
    observer.record(&calling("after"), at(2));
    assert_eq!(observer.traffic_of(OWN, number(1), at(2)).called_back_by, 1);
}

#[test]
fn an_emergency_caller_may_be_called_back_for_an_hour() {
    let observer = observer();
    let emergency = CallEvent {
        called: None,
        is_emergency: true,
        ..named("e")
    };
    assert!(!observer.in_callback_window(OWN, number(1), at(0)));
    let traffic = observer.record(&emergency, at(0));
    assert_eq!((traffic.minute.calls, traffic.minute.distinct), (1, 0));
    assert!(observer.in_callback_window(OWN, number(1), at(0)));
    assert!(observer.in_callback_window(OWN, number(1), at(3_599)));
    assert!(observer.in_callback_window(OWN, number(1), at(-5)), "told late");
    assert!(!observer.in_callback_window(OWN, number(1), at(3_600)));
    assert!(!observer.in_callback_window(OWN, number(2), at(0)));
}

#[test]
fn a_flood_of_emergency_calls_forgets_none_of_them_at_the_stated_rate_and_counts_those_above_it() {
    let observer = observer();
    let flood = |calls: std::ops::Range<u64>, tenant: &str| {
        for n in calls {
            let call = CallEvent {
                tenant: TenantId::parse(tenant).unwrap(),
                is_emergency: true,
                ..call(stranger(n), number(1))
            };
            observer.record(&call, at(0));
        }
    };
    let remembered = |calls: std::ops::Range<u64>| {
        let a = TenantId::parse("a").unwrap();
        let is_remembered = |n: &u64| observer.in_callback_window(a, stranger(*n), at(1));
        calls.filter(is_remembered).count()
    };
    flood(0..24_000, "a");
    assert_eq!((remembered(0..24_000), observer.emergency_evictions()), (24_000, 0));
    flood(100_000..400_000, "b");
    assert_eq!(remembered(0..24_000), 24_000, "another tenant's");
    assert!(observer.emergency_evictions() > 150_000);
}

#[test]
fn a_repeated_query_opens_the_window_if_the_first_one_could_not() {
    let observer = observer();
    observer.record(&named("a"), at(0));
    assert!(!observer.in_callback_window(OWN, number(1), at(0)));
    let vouched = CallEvent {
        is_emergency: true,
        ..named("a")
    };
    assert_eq!(observer.record(&vouched, at(0)).minute.calls, 1);
    assert!(observer.in_callback_window(OWN, number(1), at(0)));
}

#[test]
fn no_more_is_kept_than_the_limits_say() {
    let limits = TrafficLimits {
        callers: 1_024,
        heavy_callers: 128,
        recent_calls: 64,
        emergency_calls_per_second: 1,
    };
    let observer = Observer::new(Thresholds::DEFAULT, limits, KEY);
    for n in 0..5_000 {
        let call = CallEvent {
            is_emergency: true,
            ..call(stranger(n), number(1))
        };
        for _ in 0..9 {
            observer.record(&call, at(0));
        }
    }
    assert!(
        observer.callers() <= 128,
        "all of them are heavy: {}",
        observer.callers()
    );
    for n in 5_000..15_000 {
        observer.record(&call(stranger(n), number(1)), at(0));
    }
    assert!((1_024..=1_152).contains(&observer.callers()), "{}", observer.callers());
}

#[test]
fn callers_take_the_documented_memory() {
    let key_and_use = 16;
    assert!(
        size_of::<light::LightCaller>() + key_and_use <= 136,
        "{}",
        size_of::<light::LightCaller>()
    );
    assert!(
        size_of::<heavy::HeavyCaller>() + key_and_use <= 4_500,
        "{}",
        size_of::<heavy::HeavyCaller>()
    );
}

#[test]
fn rotating_caller_numbers_evict_no_heavy_caller() {
    let observer = observer();
    burst(&observer, number(1), 60, at(0));
    // The rotation goes on while this caller is new and has few calls, as it does when it has many.
    for n in 0..50 {
        observer.record(&call(number(2), stranger(n)), at(1));
        for other in 0..6_000 {
            observer.record(&call(stranger(1_000 + 6_000 * n + other), number(3)), at(1));
        }
    }
    assert_eq!(observer.traffic_of(OWN, number(1), at(2)).minute.distinct, 60);
    assert_eq!(observer.traffic_of(OWN, number(2), at(2)).minute.distinct, 50);
    assert!(observer.callers() <= TrafficLimits::DEFAULT.callers + TrafficLimits::DEFAULT.heavy_callers);
}

#[test]
fn calls_at_the_same_time_add_up() {
    let observer = observer();
    let observer = &observer;
    thread::scope(|scope| {
        for thread in 0..8u64 {
            scope.spawn(move || {
                for n in 0..1_000u64 {
                    let id = format!("{}", 1_000 * (thread / 2) + n);
                    let call = CallEvent {
                        call_id: &id,
                        ..call(number(1), stranger(n % 100))
                    };
                    observer.record(&call, at(0));
                    observer.record(&self::call(stranger(n), number(1)), at(0));
                }
            });
        }
    });
    let traffic = observer.traffic_of(OWN, number(1), at(0));
    assert_eq!(
        (traffic.minute.calls, traffic.minute.distinct),
        (4_000, 100),
        "two threads tell of each call"
    );
    assert_eq!(observer.traffic_of(OWN, stranger(7), at(0)).hour.calls, 8);
    assert_eq!(observer.callers(), 1_001);
}

#[test]
fn neither_key_nor_callers_are_shown() {
    let observer = observer();
    observer.record(&named("a"), at(0));
    let shown = format!("{observer:?} {:?}", named("a"));
    assert!(!shown.contains("42, 42") && !shown.contains("0001"), "{shown}");
}
