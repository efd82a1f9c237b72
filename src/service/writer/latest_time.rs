//! Compares the clock with the latest time that the store has seen, before data is dropped by age.

use super::{Done, Writer};
use crate::codec;
use crate::domain::latest_time::LatestTime;
use crate::domain::time::Timestamp;
use crate::service::ServiceError;
use crate::store::{Shard, SideKey};

impl Writer {
    /// Whether the clock that shows `now` is to be believed, and notes the time if it is. A clock that has been steady for
    /// long always is.
    pub(in crate::service) async fn believes_clock(
        &self,
        now: Timestamp,
        is_steady: bool,
    ) -> Result<bool, ServiceError> {
        let key = SideKey::of::<LatestTime>(self.tenant, &self.tenant);
        let known: LatestTime = self.read_side_record(&key).await?;
        let newest = match known.at {
            Some(at) => at,
            None => self.newest_change().await?.unwrap_or(now),
        };
        let change = |_, latest: &mut LatestTime| {
            let answer = is_steady || latest.believes(now, newest);
            Done {
                answer,
                write: answer && latest.reach(now),
            }
        };
        let changed = self.change_side_records(&[key], self.deadline(1), change).await;
        changed.into_iter().next().unwrap_or(Err(ServiceError::Internal))
    }

    /// The time of the newest of the last entries of all change logs; none if there are none.
    async fn newest_change(&self) -> Result<Option<Timestamp>, ServiceError> {
        let mut newest = None;
        for (shard, head) in Shard::all().zip(self.store.heads().await?) {
            if head.seq == 0 {
                continue;
            }
            let entries = self.store.entries(shard, head.seq, 1).await?;
            // That of a newer release, or an erased one, tells no time.
            let entries = entries.iter().filter_map(|entry| codec::entry::decode(entry).ok());
            newest = newest.max(entries.map(|entry| entry.header.at).max());
        }
        Ok(newest)
    }
}
