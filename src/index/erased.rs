//! What is remembered of erased numbers. Lookups do not read it.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Index, IndexedRecord, Show};
use crate::codec::StoredRecord as _;
use crate::domain::erased::ErasedNumber;
use crate::domain::ids::NumberHash;
use crate::domain::model::ScoreModel;
use crate::shard::{Shard, Version};

/// The records, by the hash of the number.
pub(super) type ErasedTable = HashMap<NumberHash, (Version, Arc<ErasedNumber>)>;

impl IndexedRecord for ErasedNumber {
    type Loaded = Vec<(Version, Self)>;

    fn load(loaded: &mut Self::Loaded, _: NumberHash, version: Version, record: Self, _: &ScoreModel) {
        loaded.push((version, record));
    }

    fn replace(index: &Index, shard: Shard, loaded: Self::Loaded) {
        let mut table = index.erased.write();
        table.retain(|number, _| Self::shard(number) != shard);
        let loaded = loaded.into_iter();
        table.extend(loaded.map(|(version, record)| (record.number, (version, Arc::new(record)))));
    }

    fn apply(index: &Index, id: NumberHash, version: Version, record: Option<Self>) {
        let mut table = index.erased.write();
        if table.get(&id).is_some_and(|(known, _)| *known >= version) {
            return;
        }
        match record {
            Some(record) => table.insert(id, (version, Arc::new(record))),
            None => table.remove(&id),
        };
    }

    fn visit(index: &Index, shard: Shard, show: Show<'_>) -> ControlFlow<()> {
        for (version, record) in index.erased_in(shard) {
            show(&Self::id_bytes(&record.number), version, &record.encode())?;
        }
        ControlFlow::Continue(())
    }
}

impl Index {
    /// Whether anything is remembered of any erased number.
    #[must_use]
    pub fn has_erased(&self) -> bool {
        !self.erased.read().is_empty()
    }

    /// What is remembered of an erased number.
    #[must_use]
    pub fn erased(&self, number: NumberHash) -> Option<Arc<ErasedNumber>> {
        self.erased.read().get(&number).map(|(_, record)| Arc::clone(record))
    }

    /// What is remembered of the erased numbers whose records are in a shard, with the versions.
    #[must_use]
    pub fn erased_in(&self, shard: Shard) -> Vec<(Version, Arc<ErasedNumber>)> {
        let table = self.erased.read();
        let of_shard = table.iter().filter(|(number, _)| ErasedNumber::shard(number) == shard);
        of_shard.map(|(_, record)| record.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    #[test]
    fn a_record_is_replaced_by_a_later_one_and_goes_with_its_shard() {
        let index = Index::new(Arc::new(ScoreModel::default()));
        let number = NumberHash::from_raw(7);
        let record = |secs| ErasedNumber {
            reset_before: Some(Timestamp::from_secs(secs)),
            ..ErasedNumber::new(number)
        };
        assert!(!index.has_erased());
        index.apply(number, 3, Some(record(3)));
        index.apply(number, 2, Some(record(2)));
        assert_eq!(index.erased(number).as_deref(), Some(&record(3)));
        let shard = ErasedNumber::shard(&number);
        ErasedNumber::replace(&index, Shard::new(shard.byte().wrapping_add(1)), Vec::new());
        assert_eq!(index.erased_in(shard).len(), 1);
        ErasedNumber::replace(&index, shard, vec![(4, record(4))]);
        assert_eq!(index.erased(number).as_deref(), Some(&record(4)));
        index.apply::<ErasedNumber>(number, 5, None);
        assert!(!index.has_erased());
    }
}
