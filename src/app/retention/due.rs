//! Which shards are due: each is looked at once a day, whenever the server runs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::store::Shard;

/// The time after which a shard is looked at again: to read all reports each hour would cost too much.
const LOOK_EVERY: Duration = Duration::from_secs(23 * 3_600);

/// When each shard was last looked at. A server that has just started has looked at none.
#[derive(Debug, Default)]
pub(super) struct DueShards {
    looked_at: BTreeMap<Shard, Instant>,
}

impl DueShards {
    /// The shards that are due.
    pub(super) fn at(&self, now: Instant) -> Vec<Shard> {
        let is_due = |shard: &Shard| {
            let last = self.looked_at.get(shard);
            last.is_none_or(|last| now.saturating_duration_since(*last) >= LOOK_EVERY)
        };
        Shard::all().filter(is_due).collect()
    }

    /// Notes that a shard was looked at.
    pub(super) fn looked(&mut self, shard: Shard, now: Instant) {
        self.looked_at.insert(shard, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::monotonic;

    #[test]
    fn a_shard_is_due_until_it_was_looked_at_and_again_a_day_later() {
        let (mut due, start) = (DueShards::default(), monotonic());
        assert_eq!(due.at(start).len(), Shard::all().count());
        let failed = Shard::new(7);
        for shard in Shard::all().filter(|shard| *shard != failed) {
            due.looked(shard, start);
        }
        assert_eq!(due.at(start), [failed]);
        due.looked(failed, start + Duration::from_secs(3_600));
        assert_eq!(due.at(start + LOOK_EVERY - Duration::from_secs(1)), []);
        assert_eq!(due.at(start + LOOK_EVERY).len(), Shard::all().count() - 1);
        assert_eq!(due.at(start + LOOK_EVERY * 2).len(), Shard::all().count());
    }
}
