//! What changed in the index since its reader last asked, for a directory that is kept beside the index.
//!
//! Nothing is kept until a reader asks for the first time. A shard keeps at most [`MAX_NUMBERS`] numbers, and then says only
//! that it has changed, so that this takes at most 2 MB if no reader asks any more.

use parking_lot::Mutex;

use crate::number::E164;
use crate::shard::{SHARDS, Shard};

/// The most changed numbers that a shard keeps.
const MAX_NUMBERS: usize = 1_024;

/// The changes of all shards.
#[derive(Debug)]
pub(super) struct Changes(Box<[Mutex<Changed>]>);

/// The changes of one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Any number may have changed.
    All,
    /// These numbers may have changed, and no other.
    Numbers(Vec<E164>),
}

impl Default for Changes {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Mutex::new(Changed::All)).collect())
    }
}

impl Changes {
    /// Notes a change of a number, after it was applied.
    pub(super) fn number(&self, number: E164) {
        let Some(shard) = self.0.get(Shard::of_number(number).index()) else {
            return;
        };
        let mut changed = shard.lock();
        match &mut *changed {
            Changed::Numbers(numbers) if numbers.len() < MAX_NUMBERS => numbers.push(number),
            Changed::Numbers(_) => *changed = Changed::All,
            Changed::All => {}
        }
    }

    /// Notes that all numbers of a shard may have changed.
    pub(super) fn all(&self, shard: Shard) {
        if let Some(changed) = self.0.get(shard.index()) {
            *changed.lock() = Changed::All;
        }
    }

    /// The changes of a shard since this was last called.
    pub(super) fn take(&self, shard: Shard) -> Changed {
        let none = Changed::Numbers(Vec::new());
        let changed = self.0.get(shard.index());
        changed.map_or_else(
            || none.clone(),
            |changed| std::mem::replace(&mut *changed.lock(), none.clone()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_each_change_once_and_at_most_so_many() {
        let number = |n| E164::from_digits(14_155_550_000 + n).unwrap();
        let shard = Shard::of_number(number(0));
        let changes = Changes::default();
        changes.number(number(1));
        assert_eq!(changes.take(shard), Changed::All, "nothing was asked before");
        changes.number(number(1));
        changes.number(number(2));
        assert_eq!(changes.take(shard), Changed::Numbers(vec![number(1), number(2)]));
        assert_eq!(changes.take(shard), Changed::Numbers(Vec::new()));
        for n in 0..=MAX_NUMBERS as u64 {
            changes.number(number(n));
        }
        assert_eq!(changes.take(shard), Changed::All);
        changes.all(shard);
        assert_eq!(changes.take(shard), Changed::All);
    }
}
