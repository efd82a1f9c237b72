//! One shard of the index: the blocks of 10,000 numbers, and the members of each case.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use bytes::Bytes;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::block::{Block, suffix};
use super::number_entry::FoundRecord;
use super::stored::VISITED_AT_ONCE;
use super::{Index, IndexedRecord, Show};
use crate::codec::StoredRecord as _;
use crate::domain::ids::CaseId;
use crate::domain::kinds::Category;
use crate::domain::model::ScoreModel;
use crate::domain::state::NumberState;
use crate::number::E164;
use crate::shard::{Shard, Version};

type FastMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The numbers of one shard.
#[derive(Debug, Default)]
pub struct ShardIndex {
    /// Blocks by the number without its last four digits. This key includes length and country code.
    blocks: FastMap<u64, Block>,
    /// The members of each case, derived from the links of the numbers.
    members: FastMap<CaseId, BTreeSet<E164>>,
    /// Counts of numbers by leading category, for the prior.
    categories: FastMap<Category, u64>,
    numbers: usize,
}

impl IndexedRecord for NumberState {
    type Loaded = ShardIndex;

    fn load(loaded: &mut ShardIndex, id: E164, version: Version, record: Self, model: &ScoreModel) {
        loaded.apply(id, version, Some(record), model);
    }

    fn replace(index: &Index, shard: Shard, loaded: ShardIndex) {
        let old = std::mem::replace(&mut *index.shard(shard).write(), loaded);
        drop(old); // after the lock, which lookups wait for
        index.changes.all(shard);
    }

    fn apply(index: &Index, id: E164, version: Version, record: Option<Self>) {
        let mut shard = index.shard(Shard::of_number(id)).write();
        shard.apply(id, version, record, &index.model);
        drop(shard);
        index.changes.number(id);
    }

    fn visit(index: &Index, shard: Shard, show: Show<'_>) -> ControlFlow<()> {
        let blocks = index.shard(shard).read().block_keys();
        for block in blocks {
            let mut from = 0;
            loop {
                let page = index
                    .shard(shard)
                    .read()
                    .records_of(block, from, VISITED_AT_ONCE, &index.model);
                for (number, version, bytes) in &page {
                    show(&Self::id_bytes(number), *version, bytes)?;
                }
                match page.last() {
                    Some((last, ..)) if page.len() == VISITED_AT_ONCE => from = suffix(*last) + 1,
                    Some(_) | None => break,
                }
            }
        }
        ControlFlow::Continue(())
    }
}

impl Index {
    /// The number of numbers in a shard.
    #[must_use]
    pub fn number_count_of(&self, shard: Shard) -> usize {
        self.shard(shard).read().len()
    }
}

impl ShardIndex {
    /// Applies a number's record, unless a later version is there. None means that it was deleted.
    pub fn apply(&mut self, number: E164, version: Version, state: Option<NumberState>, model: &ScoreModel) {
        let block = self.blocks.entry(number.without_last(4)).or_default();
        if block.version(number).is_some_and(|known| known >= version) {
            return;
        }
        let new_links: Vec<CaseId> = state
            .iter()
            .flat_map(|state| &state.links)
            .map(|link| link.case.clone())
            .collect();
        let (old, old_links) = block.remove_facts(number);
        let new = match state {
            Some(state) => Some(block.put(number, version, state, model)),
            None => {
                block.remove(number);
                None
            }
        };
        if block.is_empty() {
            self.blocks.remove(&number.without_last(4));
        }
        self.recount(old, new);
        for case in old_links {
            if let Entry::Occupied(mut members) = self.members.entry(case) {
                members.get_mut().remove(&number);
                if members.get().is_empty() {
                    members.remove();
                }
            }
        }
        for case in new_links {
            self.members.entry(case).or_default().insert(number);
        }
    }

    /// The number of numbers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers
    }

    /// Whether the shard is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers == 0
    }

    pub(super) fn block(&self, number: E164) -> Option<&Block> {
        self.blocks.get(&number.without_last(4))
    }

    /// The keys of its blocks, in ascending order.
    fn block_keys(&self) -> Vec<u64> {
        let mut keys: Vec<u64> = self.blocks.keys().copied().collect();
        keys.sort_unstable();
        keys
    }

    /// The records of up to `limit` numbers of a block, from the suffix `from` on.
    fn records_of(&self, block: u64, from: u16, limit: usize, model: &ScoreModel) -> Vec<(E164, Version, Bytes)> {
        let Some(found) = self.blocks.get(&block) else {
            return Vec::new();
        };
        let numbers = found.numbers_from(block, from).take(limit);
        let record = |number| {
            let record = found.find(number, model)?;
            Some((number, record.version(), record.state().encode()))
        };
        numbers.filter_map(record).collect()
    }

    pub(super) fn find(&self, number: E164, model: &ScoreModel) -> Option<FoundRecord<'_>> {
        self.block(number)?.find(number, model)
    }

    pub(super) fn members(&self, case: &CaseId) -> Vec<E164> {
        self.members.get(case).into_iter().flatten().copied().collect()
    }

    pub(super) fn member_count(&self, case: &CaseId) -> usize {
        if self.members.is_empty() {
            return 0; // most shards: the id need not be hashed
        }
        self.members.get(case).map_or(0, BTreeSet::len)
    }

    pub(super) fn numbers_after(&self, after: Option<E164>, limit: usize) -> Vec<E164> {
        let first_block = after.map_or(0, |after| after.without_last(4));
        let mut blocks: Vec<(&u64, &Block)> = self.blocks.iter().filter(|(key, _)| **key >= first_block).collect();
        blocks.sort_unstable_by_key(|(key, _)| **key);
        blocks
            .into_iter()
            .flat_map(|(key, block)| block.numbers(*key))
            .filter(|number| after.is_none_or(|after| *number > after))
            .take(limit)
            .collect()
    }

    /// Shares of the leading categories of all numbers, without `but`.
    pub(super) fn category_shares(&self, but: E164) -> Vec<(Category, f64)> {
        let own = self.block(but).and_then(|block| block.category(but));
        let others = |category, count: u64| count - u64::from(own == Some(category)).min(count);
        let total: u64 = self
            .categories
            .iter()
            .map(|(category, count)| others(*category, *count))
            .sum();
        #[expect(clippy::cast_precision_loss, reason = "a share of a count")]
        let share = |count: u64| count as f64 / total.max(1) as f64;
        self.categories
            .iter()
            .map(|(category, count)| (*category, share(others(*category, *count))))
            .collect()
    }

    fn recount(&mut self, old: Option<Category>, new: Option<Category>) {
        self.numbers = self.numbers + usize::from(new.is_some()) - usize::from(old.is_some());
        if let Some(count) = old.and_then(|category| self.categories.get_mut(&category)) {
            *count = count.saturating_sub(1);
        }
        if let Some(category) = new.filter(|category| *category != Category::Unspecified) {
            *self.categories.entry(category).or_default() += 1;
        }
    }
}
