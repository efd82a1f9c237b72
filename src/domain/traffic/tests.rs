//! Counts become signs exactly at their thresholds, and each sign has one cause.

use std::time::Duration;

use super::*;
use crate::number::E164;

const THRESHOLDS: Thresholds = Thresholds::DEFAULT;

fn signs(traffic: &CallerTraffic) -> Signs {
    traffic.signs(&THRESHOLDS)
}

fn ended(calls: u32, answered: u32, short: u32, rejected: u32) -> CallerTraffic {
    let outcomes = OutcomeCounts {
        calls,
        answered,
        short,
        rejected,
    };
    CallerTraffic {
        outcomes,
        ..CallerTraffic::default()
    }
}

fn signed(full: u32, gateway: u32, unknown: u32, this_call: Option<Signing>) -> CallerTraffic {
    let mut traffic = CallerTraffic {
        this_call,
        ..CallerTraffic::default()
    };
    for (signing, calls) in [(Signing::A, full), (Signing::C, gateway), (Signing::NotGiven, unknown)] {
        (0..calls).for_each(|_| traffic.hour.signing += SigningCounts::one(signing));
    }
    traffic
}

#[test]
fn a_caller_without_traffic_has_no_signs() {
    assert_eq!(signs(&CallerTraffic::default()), Signs::default());
    assert!(!Signs::default().is_mass_calling());
}

#[test]
fn counts_become_signs_at_their_thresholds() {
    let mut traffic = CallerTraffic::default();
    traffic.minute.distinct = 49;
    traffic.hour.distinct = 499;
    traffic.sequential = 9;
    traffic.called_back_by = 19;
    assert_eq!(signs(&traffic), Signs::default());
    let with = |change: fn(&mut CallerTraffic)| {
        let mut traffic = traffic;
        change(&mut traffic);
        signs(&traffic)
    };
    let none = Signs::default();
    let burst = Signs { burst: true, ..none };
    assert_eq!(with(|traffic| traffic.minute.distinct = 50), burst);
    assert_eq!(with(|traffic| traffic.hour.distinct = 500), burst);
    let sequential = Signs {
        sequential: true,
        ..none
    };
    assert_eq!(with(|traffic| traffic.sequential = 10), sequential);
    let called_back = Signs {
        called_back: true,
        ..none
    };
    assert_eq!(with(|traffic| traffic.called_back_by = 20), called_back);
    assert!(burst.is_mass_calling() && sequential.is_mass_calling());
    assert!(!called_back.is_mass_calling(), "a victim calls nobody");
}

#[test]
fn outcomes_are_a_sign_beyond_their_shares_and_only_in_numbers() {
    let none = Signs::default();
    let short = Signs {
        short_calls: true,
        ..none
    };
    let unanswered = Signs {
        unanswered: true,
        ..none
    };
    let rejected = Signs { rejected: true, ..none };
    let table = [
        (ended(120, 60, 12, 24), none),
        (ended(120, 60, 13, 24), short),
        (ended(120, 59, 11, 24), unanswered),
        (ended(120, 60, 12, 25), rejected),
        (ended(119, 60, 60, 59), none),
        (ended(119, 0, 0, 119), none),
    ];
    for (traffic, wanted) in table {
        assert_eq!(signs(&traffic), wanted, "{traffic:?}");
        assert_eq!(wanted.is_mass_calling(), wanted != none);
    }
}

#[test]
fn usual_signing_follows_from_the_other_calls() {
    let is_signed = |traffic: CallerTraffic| signs(&traffic).mostly_signed;
    assert!(is_signed(signed(20, 0, 0, None)));
    assert!(is_signed(signed(18, 2, 0, None)));
    assert!(!is_signed(signed(17, 3, 0, None)), "too few of them in full");
    assert!(!is_signed(signed(19, 0, 500, None)), "too few of known signing");
    assert!(is_signed(signed(18, 3, 0, Some(Signing::C))), "this one left out");
    assert!(!is_signed(signed(20, 0, 9, Some(Signing::A))), "this one left out");
    assert!(is_signed(signed(20, 0, 1, Some(Signing::NotGiven))));
    let anything = Thresholds {
        signed_calls: 0,
        ..THRESHOLDS
    };
    assert!(
        !CallerTraffic::default().signs(&anything).mostly_signed,
        "no calls at all"
    );
}

#[test]
fn an_ending_is_short_below_the_limit_and_only_if_answered() {
    let outcome = |answered, millis, release_code| CallOutcome {
        caller: E164::from_digits(14_155_550_199).unwrap(),
        call_id: "a",
        answered,
        duration: Duration::from_millis(millis),
        release_code,
    };
    let ending = |outcome: CallOutcome<'_>| outcome.ending(&THRESHOLDS);
    assert!(ending(outcome(true, 5_999, 0)).short);
    assert!(!ending(outcome(true, 6_000, 0)).short);
    assert_eq!(ending(outcome(false, 0, 486)), Ending::default());
    for code in [403, 607, 608] {
        assert!(ending(outcome(false, 0, code)).rejected, "{code}");
    }
    for code in [0, 200, 404, 480, 486, 487, 603, 606, 609] {
        assert!(!outcome(false, 0, code).is_rejected(), "{code}");
    }
}

#[test]
fn counts_add_up() {
    let mut counts = OutcomeCounts::default();
    counts += OutcomeCounts::one(Ending {
        answered: true,
        short: true,
        rejected: false,
    });
    counts += OutcomeCounts::one(Ending {
        rejected: true,
        ..Ending::default()
    });
    assert_eq!(counts, ended(2, 1, 1, 1).outcomes);
    let mut signing = signed(3, 2, 4, None).hour.signing;
    signing += signed(1, 0, 1, None).hour.signing;
    assert_eq!(
        (
            signing.total(),
            signing.known(),
            signing.of(Signing::A),
            signing.of(Signing::B)
        ),
        (11, 6, 4, 0)
    );
}
