//! The scored samples: one record for each number and day.

use crate::domain::day::Day;
use crate::domain::kinds::Action;
use crate::number::E164;

/// The reason why a number was scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SampleKind {
    /// Somebody complained about its calls of that day.
    Complaint,
    /// It is known to be legitimate.
    Legitimate,
    /// It was drawn from the exchanges of earlier complaints.
    Random,
}

/// The earlier complaints about a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ComplaintHistory {
    /// At least one in the last 30 days.
    Recent,
    /// At least one, but none in the last 30 days.
    Earlier,
    /// None, and the number is geographic.
    NewGeographic,
    /// None, and the number is toll-free.
    NewTollFree,
}

/// One number on one day.
#[derive(Clone, Copy, Debug)]
pub struct ScoredSample {
    /// The day.
    pub day: Day,
    /// The number.
    pub number: E164,
    /// The complaint calls of the day. 1 for numbers that were scored for another reason.
    pub calls: u32,
    /// The score, 0 to 100, to six decimals. 0 if there was no evidence about the number.
    pub score: f64,
    /// The log-odds of the evidence, without the prior.
    pub log_odds: f64,
    /// The action on a call as served: with all caps, whether the score has them or not.
    pub action: Action,
    /// The earlier complaints about the number.
    pub history: ComplaintHistory,
    /// The count of known complaints in the last 30 days, at most 255.
    pub seen_30d: u8,
    /// The count of known complaints in the last 90 days, at most 255.
    pub seen_90d: u8,
    /// Whether the score as served would block the call, and a cap that withholds the block leaves a label.
    pub withheld: bool,
    /// Whether the call is labelled or blocked, and its score rests on the neighbourhood alone.
    pub by_range: bool,
}

/// All samples by kind, highest score first.
#[derive(Debug, Default)]
pub struct ScoredSamples {
    /// Numbers with complaints.
    pub complaints: Vec<ScoredSample>,
    /// Legitimate numbers.
    pub legitimate: Vec<ScoredSample>,
    /// Random numbers.
    pub random: Vec<ScoredSample>,
}

impl SampleKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Complaint, Self::Legitimate, Self::Random];

    /// The name of the kind in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complaint => "complaint",
            Self::Legitimate => "legitimate",
            Self::Random => "random",
        }
    }
}

impl ComplaintHistory {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Recent, Self::Earlier, Self::NewGeographic, Self::NewTollFree];

    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recent => "seen_30d",
            Self::Earlier => "seen_earlier",
            Self::NewGeographic => "new_geographic",
            Self::NewTollFree => "new_toll_free",
        }
    }
}

impl ScoredSample {
    /// Whether its calls are labelled or blocked, as served.
    #[must_use]
    pub fn is_labelled(&self) -> bool {
        self.action != Action::Allow
    }

    /// Whether its calls are blocked, as served.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.action == Action::Block
    }
}

impl ScoredSamples {
    /// The samples of a kind.
    #[must_use]
    pub fn of(&self, kind: SampleKind) -> &[ScoredSample] {
        match kind {
            SampleKind::Complaint => &self.complaints,
            SampleKind::Legitimate => &self.legitimate,
            SampleKind::Random => &self.random,
        }
    }

    /// Sorts by score, highest first. Samples with the same score are sorted by day and number, so that every run gives
    /// the same order.
    pub fn sort(&mut self) {
        for samples in [&mut self.complaints, &mut self.legitimate, &mut self.random] {
            samples.sort_unstable_by(|a, b| {
                b.score
                    .total_cmp(&a.score)
                    .then((a.day, a.number).cmp(&(b.day, b.number)))
            });
        }
    }
}

/// The sum of the complaint calls.
#[must_use]
pub(super) fn calls(samples: &[ScoredSample]) -> u64 {
    samples.iter().map(|sample| u64::from(sample.calls)).sum()
}
