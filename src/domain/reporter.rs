//! A reporter's latest claims and the trust that follows from them: the record of one reporter, and the pure functions
//! on it.
//!
//! Trust is pulled, not pushed. The record holds bare claims; each new report of the reporter judges them against the
//! ground truth of their numbers at that time. So ground truth that is withdrawn loses its effect, nothing is counted
//! twice, and ground truth costs one write for any number of reporters.

use super::day::Day;
use super::ground_truth::GroundTruth;
use super::ids::ReportId;
use super::time::Timestamp;
use super::unknown_fields::UnknownFields;
use super::weight::{ReporterTrust, WeightModel};
use crate::number::E164;

/// A reporter's latest claim about a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The number.
    pub number: E164,
    /// Whether they claim that its calls are wanted.
    pub not_spam: bool,
    /// When they first made this claim.
    pub at: Timestamp,
}

/// A report in a reporter's quota: a keyed hash of number and report id. The key keeps reporters from choosing ids that
/// count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuotaSlot(u64);

/// The record of one reporter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReporterState {
    /// The latest claims, oldest first, one a number, at most [`WeightModel::claims_kept`].
    pub claims: Vec<Claim>,
    /// The day of `slots`.
    pub day: Day,
    /// The reports counted on that day, at most the quota.
    pub slots: Vec<QuotaSlot>,
    /// Where the latest reports are, oldest first, at most [`MAX_REPORT_PLACES`]. Some may not have been stored.
    pub reports: Vec<ReportPlace>,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

/// The most reports that a reporter's state names: the latest.
pub const MAX_REPORT_PLACES: usize = 500;

/// Where a report of a reporter is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportPlace {
    /// The number.
    pub number: E164,
    /// The hash of the report's id ([`ReportId::hash64`]), which leads to its bucket.
    pub id_hash: u64,
    /// When the report arrived.
    pub at: Timestamp,
}

/// The answer of a quota to a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaOutcome {
    /// All of it was counted before on that day: it is a retry.
    Before,
    /// These slots of it are counted now.
    Now(Vec<QuotaSlot>),
    /// It exceeds the quota, and nothing of it is counted.
    TooMany,
}

/// The result of a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Claimed {
    /// The same claim existed: nothing changed.
    #[default]
    Again,
    /// It is the first claim about its number.
    First,
    /// It replaced the opposite claim.
    InPlaceOf(Claim),
}

impl QuotaSlot {
    /// The slot of a report on a number.
    #[must_use]
    pub fn keyed(key: &[u8; 32], number: E164, report: &ReportId) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher
            .update(&number.digits().to_le_bytes())
            .update(report.as_str().as_bytes());
        let mut first = [0; 8];
        hasher.finalize_xof().fill(&mut first);
        Self(u64::from_le_bytes(first))
    }

    /// A slot from a stored hash.
    #[must_use]
    pub const fn from_raw(hash: u64) -> Self {
        Self(hash)
    }

    /// The hash.
    #[must_use]
    pub const fn raw(self) -> u64 {
        self.0
    }
}

impl ReporterState {
    /// Counts a report on `today` with all its slots, if the quota has room for those that were not counted before: one
    /// for the number that it is about, and one for each call-back number. A slot occurs once in `report`.
    pub fn count(&mut self, report: &[QuotaSlot], today: Day, daily: u32) -> QuotaOutcome {
        let (day, new) = self.day.counted_on(today);
        self.day = day;
        if new {
            self.slots.clear();
        }
        let is_new = |slot: &&QuotaSlot| !self.slots.contains(slot);
        let new: Vec<QuotaSlot> = report.iter().filter(is_new).copied().collect();
        if new.is_empty() {
            return QuotaOutcome::Before;
        }
        if u32::try_from(self.slots.len() + new.len()).is_ok_and(|counted| counted <= daily) {
            self.slots.extend(&new);
            return QuotaOutcome::Now(new);
        }
        QuotaOutcome::TooMany
    }

    /// Undoes a count; says whether it existed.
    pub fn uncount(&mut self, slot: QuotaSlot) -> bool {
        let before = self.slots.len();
        self.slots.retain(|known| *known != slot);
        self.slots.len() != before
    }

    /// Records a claim, in place of an earlier one about the same number. A repeated claim keeps its time.
    pub fn claim(&mut self, claim: Claim, model: &WeightModel) -> Claimed {
        let known = self.claims.iter().find(|known| known.number == claim.number).copied();
        if known.is_some_and(|known| known.not_spam == claim.not_spam) {
            return Claimed::Again;
        }
        self.forget(claim.number);
        self.claims.push(claim);
        let beyond = self.claims.len().saturating_sub(model.claims_kept);
        self.claims.drain(..beyond);
        known.map_or(Claimed::First, Claimed::InPlaceOf)
    }

    /// Removes a claim whose report was not stored, and restores the claim that it replaced; says whether it existed.
    pub fn unclaim(&mut self, claim: Claim, claimed: Claimed) -> bool {
        if claimed == Claimed::Again || !self.claims.contains(&claim) {
            return false;
        }
        self.forget(claim.number);
        if let Claimed::InPlaceOf(earlier) = claimed {
            let place = self.claims.partition_point(|known| known.at <= earlier.at);
            self.claims.insert(place, earlier);
        }
        true
    }

    /// Remembers where a report is; says whether that is new. Forgets the oldest beyond [`MAX_REPORT_PLACES`].
    pub fn note_place(&mut self, place: ReportPlace) -> bool {
        let is_known = |known: &ReportPlace| known.number == place.number && known.id_hash == place.id_hash;
        if self.reports.iter().any(is_known) {
            return false;
        }
        self.reports.push(place);
        let beyond = self.reports.len().saturating_sub(MAX_REPORT_PLACES);
        self.reports.drain(..beyond);
        true
    }

    /// Whether a claim or a place names a number.
    #[must_use]
    pub fn names(&self, number: E164) -> bool {
        let is_claimed = self.claims.iter().any(|claim| claim.number == number);
        is_claimed || self.reports.iter().any(|place| place.number == number)
    }

    /// Removes all that is stored of a number; says whether there was anything.
    pub fn erase(&mut self, number: E164) -> bool {
        let before = self.reports.len();
        self.reports.retain(|place| place.number != number);
        let was_claimed = self.forget(number);
        was_claimed || self.reports.len() != before
    }

    /// Removes the claim about a number; says whether there was one.
    pub fn forget(&mut self, number: E164) -> bool {
        let before = self.claims.len();
        self.claims.retain(|known| known.number != number);
        self.claims.len() != before
    }

    /// How often the reporter's claims made by `moment` were right and wrong, by the ground truth of their numbers as
    /// of the same moment; `verdict` returns it.
    #[must_use]
    pub fn trust(
        &self,
        moment: Timestamp,
        model: &WeightModel,
        truth: impl Fn(E164) -> Option<GroundTruth>,
    ) -> ReporterTrust {
        let mut trust = ReporterTrust::default();
        for claim in self.claims.iter().filter(|claim| claim.at < moment) {
            match truth(claim.number).and_then(|truth| claim.is_right(&truth, model)) {
                Some(true) => trust.agree = trust.agree.saturating_add(1),
                Some(false) => trust.disagree = trust.disagree.saturating_add(1),
                None => {}
            }
        }
        trust
    }
}

impl Claim {
    /// Whether a ground truth proves the claim right or wrong; none if it proves neither.
    fn is_right(&self, truth: &GroundTruth, model: &WeightModel) -> Option<bool> {
        if truth.owner_since.is_some_and(|since| self.at < since) {
            return None;
        }
        let right = truth.unwanted != self.not_spam;
        let repeats = right && model.right_only_before_verdict && self.at >= truth.since;
        (!repeats).then_some(right)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    const MODEL: WeightModel = WeightModel::DEFAULT;
    const TODAY: Day = Day::from_number(20_000);

    fn number(n: u64) -> E164 {
        E164::from_digits(13_152_320_000 + n).unwrap()
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn claim(n: u64, not_spam: bool, secs: i64) -> Claim {
        Claim {
            number: number(n),
            not_spam,
            at: at(secs),
        }
    }

    fn slot(n: u64) -> QuotaSlot {
        QuotaSlot::from_raw(n)
    }

    #[test]
    fn slots_differ_by_number_report_and_key() {
        let id = |text| ReportId::parse(text).unwrap();
        let one = QuotaSlot::keyed(&[1; 32], number(1), &id("a"));
        assert_eq!(one, QuotaSlot::keyed(&[1; 32], number(1), &id("a")));
        assert_ne!(one, QuotaSlot::keyed(&[1; 32], number(2), &id("a")));
        assert_ne!(one, QuotaSlot::keyed(&[1; 32], number(1), &id("b")));
        assert_ne!(one, QuotaSlot::keyed(&[2; 32], number(1), &id("a")));
    }

    #[test]
    fn a_quota_counts_each_report_once_a_day() {
        let mut record = ReporterState::default();
        let now = |n| QuotaOutcome::Now(vec![slot(n)]);
        assert_eq!(record.count(&[slot(1)], TODAY, 2), now(1));
        assert_eq!(record.count(&[slot(1)], TODAY, 2), QuotaOutcome::Before);
        assert_eq!(record.count(&[slot(2)], TODAY, 2), now(2));
        assert_eq!(record.count(&[slot(3)], TODAY, 2), QuotaOutcome::TooMany);
        assert_eq!(record.count(&[slot(2)], TODAY, 2), QuotaOutcome::Before);
        assert!(record.uncount(slot(2)) && !record.uncount(slot(2)));
        assert_eq!(record.count(&[slot(3)], TODAY, 2), now(3));
        let tomorrow = Day::from_number(TODAY.number() + 1);
        assert_eq!(record.count(&[slot(1)], tomorrow, 2), now(1));
        assert_eq!(record.slots, [slot(1)]);
        // The clock of another instance is behind: this starts no second quota.
        assert_eq!(record.count(&[slot(2)], TODAY, 2), now(2));
        assert_eq!(record.count(&[slot(3)], TODAY, 2), QuotaOutcome::TooMany);
    }

    #[test]
    fn a_report_is_counted_as_a_whole_or_not_at_all() {
        let mut record = ReporterState::default();
        let three = [slot(1), slot(2), slot(3)];
        assert_eq!(record.count(&three, TODAY, 2), QuotaOutcome::TooMany);
        assert!(record.slots.is_empty());
        assert_eq!(record.count(&three, TODAY, 4), QuotaOutcome::Now(three.to_vec()));
        assert_eq!(record.count(&three, TODAY, 4), QuotaOutcome::Before);
        assert_eq!(record.count(&[slot(4), slot(5)], TODAY, 4), QuotaOutcome::TooMany);
        let partly = record.count(&[slot(3), slot(4)], TODAY, 4);
        assert_eq!(partly, QuotaOutcome::Now(vec![slot(4)]));
        assert_eq!(record.slots.len(), 4);
    }

    #[test]
    fn one_claim_a_number_the_latest_kept() {
        let mut record = ReporterState::default();
        assert_eq!(record.claim(claim(1, false, 10), &MODEL), Claimed::First);
        assert_eq!(record.claim(claim(1, false, 20), &MODEL), Claimed::Again);
        assert_eq!(record.claims, [claim(1, false, 10)]);
        assert_eq!(record.claim(claim(2, false, 30), &MODEL), Claimed::First);
        let flipped = record.claim(claim(1, true, 40), &MODEL);
        assert_eq!(flipped, Claimed::InPlaceOf(claim(1, false, 10)));
        assert_eq!(record.claims, [claim(2, false, 30), claim(1, true, 40)]);
        for (n, secs) in (3..).zip(50..).take(255) {
            record.claim(claim(n, false, secs), &MODEL);
        }
        assert_eq!((record.claims.len(), record.claims[0]), (256, claim(1, true, 40)));
        assert!(record.forget(number(1)) && !record.forget(number(1)));
    }

    #[test]
    fn the_latest_reports_are_found_again() {
        let mut record = ReporterState::default();
        let place = |n: u64| ReportPlace {
            number: number(n),
            id_hash: n,
            at: at(0),
        };
        for n in 0..600 {
            assert!(record.note_place(place(n)));
            assert!(!record.note_place(place(n)), "a retry");
        }
        assert_eq!(
            (record.reports.len(), record.reports[0]),
            (MAX_REPORT_PLACES, place(100))
        );
    }

    #[test]
    fn unclaiming_restores_the_state_before() {
        let mut record = ReporterState::default();
        for made in [claim(1, false, 10), claim(2, false, 20)] {
            record.claim(made, &MODEL);
        }
        let before = record.clone();
        for made in [claim(1, true, 30), claim(3, false, 30), claim(2, false, 30)] {
            let claimed = record.claim(made, &MODEL);
            assert_eq!(record.unclaim(made, claimed), claimed != Claimed::Again);
            assert_eq!(record, before);
        }
        // A reporter who made another claim meanwhile keeps it.
        let claimed = record.claim(claim(3, false, 30), &MODEL);
        record.claim(claim(3, true, 31), &MODEL);
        assert!(!record.unclaim(claim(3, false, 30), claimed));
        assert_eq!(record.claims.last(), Some(&claim(3, true, 31)));
    }

    #[test]
    fn claims_are_judged_by_this_table() {
        let spam = Some(GroundTruth {
            unwanted: true,
            since: at(50),
            owner_since: None,
        });
        let wanted = spam.map(|truth| GroundTruth {
            unwanted: false,
            ..truth
        });
        let moved = spam.map(|truth| GroundTruth {
            owner_since: Some(at(40)),
            ..truth
        });
        for (claim, truth, agree, disagree) in [
            (claim(1, false, 49), spam, 1, 0),
            (claim(1, false, 50), spam, 0, 0),
            (claim(1, true, 49), spam, 0, 1),
            (claim(1, true, 60), spam, 0, 1),
            (claim(1, true, 49), wanted, 1, 0),
            (claim(1, true, 60), wanted, 0, 0),
            (claim(1, false, 60), wanted, 0, 1),
            (claim(1, false, 100), wanted, 0, 0),
            (claim(1, false, 39), moved, 0, 0),
            (claim(1, false, 40), moved, 1, 0),
            (claim(1, false, 49), None, 0, 0),
        ] {
            let record = ReporterState {
                claims: vec![claim],
                ..ReporterState::default()
            };
            let trust = record.trust(at(100), &MODEL, |_| truth);
            assert_eq!(trust, ReporterTrust { agree, disagree }, "{claim:?} {truth:?}");
        }
        let late = ReporterState {
            claims: vec![claim(1, false, 60)],
            ..ReporterState::default()
        };
        let lenient = WeightModel {
            right_only_before_verdict: false,
            ..MODEL
        };
        assert_eq!(
            late.trust(at(100), &lenient, |_| spam),
            ReporterTrust { agree: 1, disagree: 0 }
        );
    }

    prop_compose! {
        fn claims()(claims in prop::collection::vec((0u64..12, any::<bool>(), 0i64..200), 0..60)) -> Vec<Claim> {
            claims.into_iter().map(|(n, not_spam, secs)| claim(n, not_spam, secs)).collect()
        }
    }

    prop_compose! {
        fn truths()(truths in prop::collection::btree_map(0u64..12, (any::<bool>(), 0i64..100, prop::option::of(0i64..200)), 0..12))
            -> BTreeMap<E164, GroundTruth> {
            let truth = |(unwanted, since, owner): (bool, i64, Option<i64>)| GroundTruth {
                unwanted, since: at(since), owner_since: owner.map(at),
            };
            truths.into_iter().map(|(n, said)| (number(n), truth(said))).collect()
        }
    }

    proptest! {
        #[test]
        fn a_number_changes_a_reporters_trust_once(claims in claims(), truths in truths()) {
            let mut record = ReporterState::default();
            for claim in &claims {
                record.claim(*claim, &MODEL);
            }
            let trust = record.trust(at(100), &MODEL, |number| truths.get(&number).copied());
            let judged = trust.agree + trust.disagree;
            prop_assert!(judged as usize <= truths.len().min(record.claims.len()));
            let repeated = {
                let mut again = record.clone();
                for claim in record.claims.clone() {
                    again.claim(claim, &MODEL);
                }
                again
            };
            prop_assert_eq!(&repeated, &record, "a repeated claim changes nothing");
        }

        #[test]
        fn removed_ground_truth_takes_its_effect_on_trust_away(claims in claims(), truths in truths(), taken in 0u64..12) {
            let mut record = ReporterState::default();
            for claim in &claims {
                record.claim(*claim, &MODEL);
            }
            let judge = |without: Option<E164>| record.trust(at(100), &MODEL, |number| {
                truths.get(&number).copied().filter(|_| Some(number) != without)
            });
            let alone = record.trust(at(100), &MODEL, |known| {
                truths.get(&known).copied().filter(|_| known == number(taken))
            });
            let (all, rest) = (judge(None), judge(Some(number(taken))));
            prop_assert_eq!(all.agree, rest.agree + alone.agree);
            prop_assert_eq!(all.disagree, rest.disagree + alone.disagree);
            record.forget(number(taken));
            let forgotten = record.trust(at(100), &MODEL, |number| truths.get(&number).copied());
            prop_assert_eq!(forgotten, rest);
        }

        #[test]
        fn being_right_never_lowers_and_being_wrong_never_raises_the_weight(agree in 0u32..300, disagree in 0u32..300) {
            let weight = |agree, disagree| MODEL.weight(crate::domain::kinds::Source::Consumer, Some(ReporterTrust { agree, disagree }));
            prop_assert!(weight(agree + 1, disagree) > weight(agree, disagree));
            prop_assert!(weight(agree, disagree + 1) < weight(agree, disagree));
            prop_assert!((0.0..1.0).contains(&weight(agree, disagree)));
        }

        #[test]
        fn no_more_are_counted_than_the_quota(slots in prop::collection::vec(0u64..40, 0..100), daily in 1u32..30) {
            let mut record = ReporterState::default();
            let mut accepted = std::collections::BTreeSet::new();
            for n in slots {
                let counted = record.count(&[slot(n)], TODAY, daily);
                prop_assert_eq!(counted == QuotaOutcome::Before, accepted.contains(&n));
                if counted == QuotaOutcome::Now(vec![slot(n)]) {
                    accepted.insert(n);
                }
                prop_assert_eq!(counted == QuotaOutcome::TooMany, !accepted.contains(&n));
            }
            prop_assert!(accepted.len() <= daily as usize && record.slots.len() == accepted.len());
        }
    }
}
