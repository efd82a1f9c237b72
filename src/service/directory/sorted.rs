//! Slots of lines in an order.

/// The place of a line in its part.
pub(super) type Slot = u32;

/// Slots in the order of a key. It takes four bytes for each slot.
#[derive(Debug, Default)]
pub(super) struct Sorted(Vec<Slot>);

impl Sorted {
    /// The slots, in their order.
    pub(super) fn slots(&self) -> &[Slot] {
        &self.0
    }

    /// The place of the slot with this key.
    pub(super) fn find<K: Ord>(&self, key: &K, key_of: impl Fn(Slot) -> K) -> Option<usize> {
        self.0.binary_search_by(|slot| key_of(*slot).cmp(key)).ok()
    }

    /// Takes out the slots at these places, and puts others in. Each slot between them is moved once, however many there are.
    pub(super) fn change<K: Ord>(&mut self, mut gone: Vec<usize>, mut added: Vec<Slot>, key_of: impl Fn(Slot) -> K) {
        gone.sort_unstable();
        if !gone.is_empty() {
            let mut kept = Vec::with_capacity(self.0.len().saturating_sub(gone.len()));
            let mut from = 0;
            for place in gone {
                kept.extend_from_slice(self.0.get(from..place).unwrap_or_default());
                from = place + 1;
            }
            kept.extend_from_slice(self.0.get(from..).unwrap_or_default());
            self.0 = kept;
        }
        if added.is_empty() {
            return;
        }
        added.sort_by_cached_key(|slot| key_of(*slot));
        let mut merged = Vec::with_capacity(self.0.len() + added.len());
        let mut rest = self.0.as_slice();
        for slot in added {
            let key = key_of(slot);
            let (before, after) = rest.split_at(rest.partition_point(|known| key_of(*known) < key));
            merged.extend_from_slice(before);
            merged.push(slot);
            rest = after;
        }
        merged.extend_from_slice(rest);
        self.0 = merged;
    }

    /// The bytes that it takes on the heap.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Slot>()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn changes_keep_the_order(batches in prop::collection::vec(prop::collection::btree_set(0u32..60, 0..20), 1..8)) {
            let key_of = |slot: Slot| std::cmp::Reverse(slot % 7 * 100 + slot);
            let (mut sorted, mut plain) = (Sorted::default(), BTreeSet::new());
            for batch in batches {
                // What is there goes, and what is not there comes.
                let (gone, added): (Vec<Slot>, Vec<Slot>) = batch.into_iter().partition(|slot| plain.contains(slot));
                let places = gone.iter().map(|slot| sorted.find(&key_of(*slot), key_of).unwrap());
                let places: Vec<usize> = places.rev().collect();
                plain.retain(|slot| !gone.contains(slot));
                plain.extend(&added);
                sorted.change(places, added, key_of);
                let mut expected: Vec<Slot> = plain.iter().copied().collect();
                expected.sort_by_key(|slot| key_of(*slot));
                prop_assert_eq!(sorted.slots(), expected);
            }
        }
    }
}
