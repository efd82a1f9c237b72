//! How lines are kept up to date with the index, and with time.
//!
//! A question renews the lines of the numbers that changed since the last one. While analysts ask, the parts are also made
//! again one after the other in the background, each from scratch and without its lock, so that no question has to read all
//! numbers. A question that comes after a pause of more than an hour makes all parts again, as the first one does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::line::{Line, NewLine};
use super::part::Part;
use super::{Directory, LINE_MAX_AGE};
use crate::domain::time::Timestamp;
use crate::index::Changed;
use crate::number::E164;
use crate::shard::{SHARDS, Shard};

/// The pause between two parts: all of them are renewed in three quarters of the greatest age of a line.
pub const PAUSE_BETWEEN_PARTS: Duration = Duration::from_millis(LINE_MAX_AGE_MS * 3 / 4 / SHARDS as u64);
/// The greatest age of a line.
const LINE_MAX_AGE_MS: u64 = LINE_MAX_AGE.as_secs() * 1_000;
/// The parts are renewed in the background for so long after the last question.
const ASKED_WITHIN: Duration = Duration::from_secs(3_600);

impl Directory {
    /// Renews the lines that have changed, and the parts that are too old.
    pub(super) fn renew(&self) {
        let now = self.clock.now();
        for (shard, part) in Shard::all().zip(&self.parts) {
            self.update(shard, &mut part.lock(), now);
        }
    }

    /// Makes the next part again, if analysts have asked lately. Blocks for as long as its numbers take to be read.
    pub(in crate::service) async fn renew_next_part(self: &Arc<Self>) {
        if self.asked_at.lock().elapsed() > ASKED_WITHIN {
            return;
        }
        let directory = Arc::clone(self);
        let renewal = tokio::task::spawn_blocking(move || {
            let next = directory.next_part.fetch_add(1, Ordering::Relaxed) % SHARDS;
            if let Some((shard, part)) = Shard::all().zip(&directory.parts).nth(next) {
                directory.make_again(shard, part);
            }
        });
        renewal.await.ok();
    }

    /// Brings a part up to date.
    fn update(&self, shard: Shard, part: &mut Part, now: Timestamp) {
        match self.index.take_changes(shard) {
            Changed::Numbers(numbers) if !part.is_old(now) => {
                let changed = numbers.into_iter().chain(part.ended(now));
                self.renew_lines(part, changed, now);
            }
            Changed::Numbers(_) | Changed::All => drop(part.replace_by(Part::new(self.lines_of(shard, now), now))),
        }
    }

    /// Makes a part again from scratch. Questions read the old part meanwhile, and renew what changes in it.
    fn make_again(&self, shard: Shard, part: &parking_lot::Mutex<Part>) {
        let now = self.clock.now();
        {
            let mut part = part.lock();
            if !part.is_made() {
                return;
            }
            self.update(shard, &mut part, now);
            part.begin_successor();
        }
        let lines = self.lines_of(shard, now);
        let mut new = Part::new(lines, now);
        let mut part = part.lock();
        // If a question has made the part again meanwhile, its lines are the later ones.
        let Some(changed) = part.end_successor() else {
            return;
        };
        self.renew_lines(&mut new, changed, self.clock.now());
        let old = part.replace_by(new);
        drop(part);
        drop(old); // without the lock, as this takes long
    }

    fn renew_lines(&self, part: &mut Part, numbers: impl IntoIterator<Item = E164>, now: Timestamp) {
        let numbers: BTreeSet<E164> = numbers.into_iter().collect();
        part.set(numbers.into_iter().map(|number| (number, self.new_line(number, now))));
    }

    /// The lines of a shard, in the order of their numbers.
    fn lines_of(&self, shard: Shard, now: Timestamp) -> Vec<NewLine> {
        let numbers = self.index.numbers_of(shard, None, usize::MAX);
        let lines = numbers.into_iter().filter_map(|number| self.new_line(number, now));
        lines.collect()
    }

    fn new_line(&self, number: E164, now: Timestamp) -> Option<NewLine> {
        Line::read(&self.index, number, now, &self.brands)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::domain::ids::ReportId;
    use crate::domain::model::ScoreModel;
    use crate::domain::report::ReportRow;
    use crate::domain::rows::LoadedRows;
    use crate::domain::state::NumberState;
    use crate::index::Index;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn number(n: u64) -> E164 {
        E164::from_digits(14_155_550_000 + n).unwrap()
    }

    /// A directory of numbers that were reported once, and their index.
    fn reported(clock: &Clock) -> (Directory, Arc<Index>) {
        let index = Arc::new(Index::new(Arc::new(ScoreModel::default())));
        (0..50).for_each(|n| report(&index, n, 1));
        let directory = Directory::new(Arc::clone(&index), clock.clone());
        directory.renew();
        (directory, index)
    }

    /// Reports a number so often.
    fn report(index: &Index, n: u64, times: u64) {
        let (mut state, mut rows) = (NumberState::default(), LoadedRows::unloaded(0));
        for k in 0..times {
            let id = ReportId::parse(&format!("r{k}")).unwrap();
            let body = ReportRow::tombstone(id.clone(), NOW).body;
            let row = ReportRow::accepted(id, body, 1.0, NOW, None);
            state.submit(&mut rows, row, &index.model().fold).unwrap();
        }
        index.apply(number(n), times, Some(state));
    }

    fn reports(directory: &Directory, n: u64) -> u32 {
        directory.line(number(n)).unwrap().reports
    }

    fn part(directory: &Directory) -> &parking_lot::Mutex<Part> {
        &directory.parts[Shard::of_number(number(0)).index()]
    }

    #[test]
    fn a_part_that_is_made_again_has_what_changed_meanwhile() {
        let clock = Clock::manual(NOW);
        let (directory, index) = reported(&clock);
        report(&index, 1, 2);
        directory.make_again(Shard::of_number(number(0)), part(&directory));
        assert_eq!((reports(&directory, 0), reports(&directory, 1)), (1, 2));
        part(&directory).lock().begin_successor();
        report(&index, 2, 3);
        index.apply(number(3), 2, None::<NumberState>);
        directory.renew();
        assert_eq!(
            part(&directory).lock().end_successor(),
            Some(vec![number(2), number(3)])
        );
        assert_eq!(reports(&directory, 2), 3);
        assert!(directory.line(number(3)).is_none());
    }

    #[test]
    fn a_part_that_a_question_has_made_again_stays() {
        let clock = Clock::manual(NOW);
        let (directory, _) = reported(&clock);
        part(&directory).lock().begin_successor();
        let before = part(&directory).lock().revision();
        clock.advance(LINE_MAX_AGE + Duration::from_secs(1));
        directory.renew();
        assert_eq!(part(&directory).lock().end_successor(), None);
        assert!(part(&directory).lock().revision() > before);
    }

    /// Parts that no analyst has asked for take no memory.
    #[test]
    fn a_part_that_was_never_made_is_not_made_again() {
        let index = Arc::new(Index::new(Arc::new(ScoreModel::default())));
        report(&index, 0, 1);
        let directory = Directory::new(index, Clock::manual(NOW));
        directory.make_again(Shard::of_number(number(0)), part(&directory));
        assert!(directory.line(number(0)).is_none());
    }
}
