//! Why evidence that would block a call only labels it.
//!
//! A cap withholds a block and lowers no score: a number that is reported once more never gets a lower score by a cap, and
//! the worse of two numbers still scores higher. The policy applies it.

use super::bounds::sigmoid;
use super::cases::raises;
use super::{CRITICAL_FROM, Subject, Weighed};
use crate::domain::call::{Ledger, LedgerView};
use crate::domain::kinds::{CaseRole, StatusKind};
use crate::domain::model::ScoreModel;
use crate::domain::range::Neighbourhood;

/// Why a score that would block a call only labels it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Withheld {
    /// The number was reported in many weeks. It is no throwaway number of a fraudster: it is a nuisance, a collector of
    /// debts, or a victim of those who show it. The evidence of reports and ranges is not enough.
    Established,
    /// All reports may be those of one person and one day.
    SingleReport,
    /// The reporters are people, and have not reported the number for long.
    UnprovenReporters,
}

impl ScoreModel {
    /// Why the evidence must not block this call, if it must not. A contributing case says more than reports, and so does
    /// an analyst.
    pub(super) fn withheld(&self, subject: &Subject<'_>, weighed: &Weighed) -> Option<Withheld> {
        let decayed = &weighed.decayed;
        if subject.holds(StatusKind::Blocked, weighed.verdict.spoof_suspected) {
            return None;
        }
        let linked = subject.cases.iter().filter(|(link, case)| raises(link, case));
        let (mut is_linked, mut is_caller_id) = (false, false);
        for (link, _) in linked {
            is_linked = true;
            is_caller_id |= link.role == CaseRole::CallerId;
        }
        let is_established = decayed.weeks >= self.rules.established_weeks;
        if is_established && !is_caller_id && !self.is_critical_when_signed(subject) {
            return Some(Withheld::Established);
        }
        let is_single = decayed.reports > 0 && !decayed.independent;
        if is_linked {
            return None;
        }
        if is_single {
            return Some(Withheld::SingleReport);
        }
        let is_too_early = weighed.rests_on_unproven || self.rests_on_new_reports_of_people(decayed);
        is_too_early.then_some(Withheld::UnprovenReporters)
    }

    /// Whether the reports of the number's fully attested calls would block the call alone. The owner made these calls:
    /// nobody else can sign them.
    fn is_critical_when_signed(&self, subject: &Subject<'_>) -> bool {
        if !subject.call.view().holds(Ledger::Authenticated) {
            return false;
        }
        let evidence = &subject.state.evidence;
        let signed = evidence.at(subject.now, &self.fold, LedgerView::AuthenticatedOnly);
        let signed = signed.without_unproven().unwrap_or(signed);
        let features = self.features(subject, &signed, &Neighbourhood::default());
        let of_call = self.rules.attestation.of(subject.call);
        let log_odds = self.evidence_log_odds(&features) + self.prior_log_odds() + of_call;
        signed.independent && 100.0 * sigmoid(log_odds) >= CRITICAL_FROM
    }
}
