//! States of reporters: arbitrary ones, and a fixed one whose bytes are frozen.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{newer, number_of_plan, time};
use crate::domain::day::Day;
use crate::domain::reporter::{Claim, QuotaSlot, ReportPlace, ReporterState};
use crate::domain::time::Timestamp;
use crate::domain::unknown_fields::UnknownFields;

/// A reporter's state with every field set.
pub(in crate::codec) fn full_reporter() -> ReporterState {
    let claim = |number: &str, not_spam, secs| Claim {
        number: number.parse().unwrap(),
        not_spam,
        at: Timestamp::from_secs(secs),
    };
    ReporterState {
        claims: vec![
            claim("+18005550199", false, 1_600_000_000),
            claim("+4930123456", true, 1_600_086_400),
        ],
        day: Day::from_number(18_519),
        slots: vec![QuotaSlot::from_raw(3), QuotaSlot::from_raw(u64::MAX)],
        reports: vec![ReportPlace {
            number: "+18005550199".parse().unwrap(),
            id_hash: 7,
            at: Timestamp::from_secs(1_600_000_000),
        }],
        unknown_fields: UnknownFields::new(&[0xee]),
    }
}

/// Any state.
pub(in crate::codec) fn reporter() -> impl Strategy<Value = ReporterState> {
    let claim = (number_of_plan(), any::<bool>(), time());
    let claim = claim.prop_map(|(number, not_spam, at)| Claim { number, not_spam, at });
    let slots = vec(any::<u64>().prop_map(QuotaSlot::from_raw), 0..5);
    let reports = (number_of_plan(), any::<u64>(), time());
    let reports = vec(
        reports.prop_map(|(number, id_hash, at)| ReportPlace { number, id_hash, at }),
        0..5,
    );
    (vec(claim, 0..5), any::<i64>(), slots, reports, newer()).prop_map(|(claims, day, slots, reports, newer)| {
        ReporterState {
            claims,
            day: Day::from_number(day),
            slots,
            reports,
            unknown_fields: newer,
        }
    })
}
