//! What was scored: one record for every number and day.

use crate::domain::day::Day;
use crate::number::E164;

/// Why a number was scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Somebody complained about its calls of that day.
    Complaint,
    /// It is known to be legitimate.
    Legitimate,
    /// It was drawn from the exchanges seen so far.
    Random,
}

/// What had been seen of a number that somebody complained about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum History {
    /// Complaints in the last 30 days.
    Recent,
    /// Complaints before.
    Earlier,
    /// None; a geographic number.
    NewGeographic,
    /// None; a toll-free number.
    NewTollFree,
}

/// One number on one day.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The day.
    pub day: Day,
    /// The number.
    pub number: E164,
    /// Complaint calls of the day; 1 for numbers that were scored for another reason.
    pub calls: u32,
    /// The score, 0 to 100, to six decimals; 0 when nothing was known of the number.
    pub score: f64,
    /// What had been seen of it.
    pub history: History,
    /// Complaints known of the last 30 days, at most 255.
    pub seen_30d: u8,
    /// Complaints known of the last 90 days, at most 255.
    pub seen_90d: u8,
}

/// All of them, by kind, the worst first.
#[derive(Debug, Default)]
pub struct Samples {
    /// Numbers that were complained about.
    pub complaints: Vec<Sample>,
    /// Legitimate numbers.
    pub legitimate: Vec<Sample>,
    /// Random numbers.
    pub random: Vec<Sample>,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Complaint, Self::Legitimate, Self::Random];

    /// Its name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complaint => "complaint",
            Self::Legitimate => "legitimate",
            Self::Random => "random",
        }
    }
}

impl History {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Recent, Self::Earlier, Self::NewGeographic, Self::NewTollFree];

    /// Its name in JSON.
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

impl Samples {
    /// Those of a kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> &[Sample] {
        match kind {
            Kind::Complaint => &self.complaints,
            Kind::Legitimate => &self.legitimate,
            Kind::Random => &self.random,
        }
    }

    /// Puts the worst first; those of one score by day and number, so that every run is the same.
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

/// How many complaint calls.
#[must_use]
pub(super) fn calls(samples: &[Sample]) -> u64 {
    samples.iter().map(|sample| u64::from(sample.calls)).sum()
}
