//! A table in bounded memory that keeps the entries used last.
//!
//! It works like the cache of a processor. A key belongs to one of many small sets. When its set is full, the entry
//! that was used longest ago is dropped. The table is never rehashed, so no caller waits for that. Keys are
//! fingerprints under a secret key, so nobody can choose the set of a key.

/// The most entries in a set: few enough to search one by one, and enough to fill the sets evenly.
const WAYS: usize = 32;

/// An entry that can be reused for another key.
pub(super) trait CacheEntry: Default {
    /// Resets the entry, and keeps its memory.
    fn clear(&mut self);
}

/// Entries by key.
#[derive(Debug)]
pub(super) struct SetCache<E> {
    sets: Box<[Set<E>]>,
    /// The most entries in each set.
    ways: usize,
}

/// Entries in no order. The three vectors grow together, up to the ways of the table.
#[derive(Debug)]
struct Set<E> {
    keys: Vec<u64>,
    /// For each entry, the value of `uses` when it was used last.
    used: Vec<u64>,
    entries: Vec<E>,
    uses: u64,
}

impl<E: CacheEntry> SetCache<E> {
    /// An empty table for at most `capacity` entries, and at least one.
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        let ways = capacity.min(WAYS);
        Self {
            sets: (0..capacity / ways).map(|_| Set::new()).collect(),
            ways,
        }
    }

    /// The entry of a key. Does not count as use.
    pub(super) fn peek(&self, key: u64) -> Option<&E> {
        let set = self.sets.get(self.place(key))?;
        set.entries.get(set.position(key)?)
    }

    /// The entry of a key. Counts as use.
    pub(super) fn find(&mut self, key: u64) -> Option<&mut E> {
        let set = self.set(key);
        let at = set.position(key)?;
        Some(set.take_up(at))
    }

    /// The entry of a key, and whether it is new. Counts as use. A new entry is cleared; if the set was full, it
    /// replaces the entry that was used longest ago.
    pub(super) fn obtain(&mut self, key: u64) -> (&mut E, bool) {
        let ways = self.ways;
        let set = self.set(key);
        match set.position(key) {
            Some(at) => (set.take_up(at), false),
            None => {
                let at = set.make_room(key, ways);
                (set.take_up(at), true)
            }
        }
    }

    /// Removes the entry of a key.
    pub(super) fn remove(&mut self, key: u64) {
        let set = self.set(key);
        if let Some(at) = set.position(key) {
            set.keys.swap_remove(at);
            set.used.swap_remove(at);
            set.entries.swap_remove(at);
        }
    }

    /// The count of entries.
    pub(super) fn len(&self) -> usize {
        self.sets.iter().map(|set| set.keys.len()).sum()
    }

    fn set(&mut self, key: u64) -> &mut Set<E> {
        let place = self.place(key);
        #[expect(
            clippy::indexing_slicing,
            reason = "a place is below the number of sets, and there is at least one set"
        )]
        &mut self.sets[place]
    }

    fn place(&self, key: u64) -> usize {
        // Multiply and shift instead of divide. Uses all bits, because some of them already chose the table.
        let wide = u128::from(key) * self.sets.len() as u128;
        usize::try_from(wide >> 64).unwrap_or_default()
    }
}

impl<E: CacheEntry> Set<E> {
    const fn new() -> Self {
        Self {
            keys: Vec::new(),
            used: Vec::new(),
            entries: Vec::new(),
            uses: 0,
        }
    }

    fn position(&self, key: u64) -> Option<usize> {
        self.keys.iter().position(|known| *known == key)
    }

    /// Counts a use of the entry at this position, if there is one.
    fn take_up(&mut self, at: usize) -> &mut E {
        self.uses += 1;
        if let Some(used) = self.used.get_mut(at) {
            *used = self.uses;
        }
        #[expect(
            clippy::indexing_slicing,
            reason = "positions come from the keys, and there is an entry for each"
        )]
        &mut self.entries[at]
    }

    /// The position of a cleared entry that now belongs to this key.
    fn make_room(&mut self, key: u64, ways: usize) -> usize {
        if self.keys.len() < ways {
            self.keys.push(key);
            self.used.push(0);
            self.entries.push(E::default());
            return self.keys.len() - 1;
        }
        let stalest = self.used.iter().enumerate().min_by_key(|(_, used)| **used);
        let at = stalest.map_or(0, |(at, _)| at);
        if let (Some(old), Some(entry)) = (self.keys.get_mut(at), self.entries.get_mut(at)) {
            *old = key;
            entry.clear();
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl CacheEntry for u64 {
        fn clear(&mut self) {
            *self = 0;
        }
    }

    fn key(n: u64) -> u64 {
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[test]
    fn entries_are_found_until_they_are_removed() {
        let mut table = SetCache::<u64>::new(1_024);
        for n in 0..300 {
            *table.obtain(key(n)).0 = n;
        }
        assert_eq!(table.len(), 300);
        for n in 0..300 {
            assert_eq!(table.peek(key(n)), Some(&n));
            assert_eq!(table.find(key(n)), Some(&mut { n }));
            assert_eq!(table.obtain(key(n)), (&mut { n }, false));
        }
        table.remove(key(17));
        table.remove(key(1_000));
        assert_eq!((table.peek(key(17)), table.len()), (None, 299));
        assert_eq!(table.find(key(17)), None);
        assert_eq!(table.peek(key(299)), Some(&299));
    }

    #[test]
    fn the_least_recently_used_entry_is_evicted() {
        let mut table = SetCache::<u64>::new(4);
        for n in 0..4 {
            *table.obtain(key(n)).0 = n;
        }
        table.find(key(0));
        table.peek(key(1)); // does not count as use
        assert_eq!(table.obtain(key(4)), (&mut 0, true), "cleared");
        assert_eq!((table.len(), table.peek(key(1))), (4, None));
        for n in [0, 2, 3] {
            assert_eq!(table.peek(key(n)), Some(&n));
        }
    }

    #[test]
    fn never_more_than_its_capacity_and_nearly_as_much() {
        for capacity in [0usize, 1, 31, 33, 100, 4_096] {
            let mut table = SetCache::<u64>::new(capacity);
            for n in 0..100_000 {
                table.obtain(key(n));
            }
            let most = capacity.max(1);
            assert!(
                table.len() <= most && table.len() * 2 > most,
                "{} of {capacity}",
                table.len()
            );
        }
        let mut table = SetCache::<u64>::new(4_096);
        (0..3_000).for_each(|n| {
            table.obtain(key(n));
        });
        assert!(table.len() > 2_970, "sets fill evenly: {}", table.len());
    }
}
