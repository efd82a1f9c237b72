//! What a row of the harness has seen, and what of it is a fault.

use std::time::Duration;

/// The part of the lookups that may be refused on a busy machine: one of so many.
const REFUSED_AT_MOST: usize = 10;

/// A row that was played.
#[derive(Debug)]
pub struct Played {
    pub name: &'static str,
    pub rounds: usize,
    pub outcome: Outcome,
}

/// What was seen in all rounds of a row.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Reports that were acknowledged, and those of which the client does not know.
    pub acknowledged: usize,
    pub unknown: usize,
    /// Acknowledged reports that are not there.
    pub lost: usize,
    /// Reports that are there twice.
    pub twice: usize,
    /// Reports that are there, and were never sent, or of which the server has said that it wrote nothing.
    pub invented: usize,
    /// Numbers on which a lookup and the store differ after all is well again.
    pub differing: usize,
    pub lookups: usize,
    pub lookups_failed: usize,
    /// Lookups that were refused since the machine was too busy for so many: the harness and its servers share it with
    /// whatever else runs.
    pub lookups_refused: usize,
    /// Answers that lack a report that was acknowledged before their `data_as_of`, or that are older than they may be and
    /// do not say so.
    pub untrue: usize,
    /// The longest time from the end of a fault until all instances took writes and were fresh.
    pub healed_in: Duration,
    /// Whether the row expects that acknowledged reports are lost, since the operator chose it so.
    pub may_lose: bool,
    /// Further expectations that were not met, in words.
    pub broken: Vec<String>,
    /// Why it could not be played on this machine.
    pub skipped: Option<String>,
}

impl Outcome {
    /// The row cannot be played here, for this reason.
    pub fn skipped(why: String) -> Self {
        Self {
            skipped: Some(why),
            ..Self::default()
        }
    }

    /// What is wrong, in words.
    pub fn faults(&self) -> Vec<String> {
        if self.skipped.is_some() {
            return Vec::new();
        }
        let counts = [
            (self.lost, "acknowledged reports are lost", self.may_lose),
            (self.twice, "reports are there twice", false),
            (
                self.invented,
                "reports are there that nobody knows to be written",
                false,
            ),
            (self.differing, "numbers on which lookups and the store differ", false),
            (self.lookups_failed, "lookups failed", false),
            (self.untrue, "answers are not as fresh as they say", false),
        ];
        let wrong = counts.iter().filter(|(count, _, is_allowed)| *count > 0 && !is_allowed);
        let mut faults: Vec<String> = wrong.map(|(count, what, _)| format!("{count} {what}")).collect();
        if self.acknowledged == 0 {
            faults.push("nothing was acknowledged, so nothing is shown".to_owned());
        }
        if self.lookups == 0 {
            faults.push("there was no lookup, so nothing is shown".to_owned());
        }
        if self.lookups_refused > self.lookups / REFUSED_AT_MOST {
            faults.push(format!(
                "{} of {} lookups were refused",
                self.lookups_refused, self.lookups
            ));
        }
        faults.extend(self.broken.iter().cloned());
        faults
    }
}
