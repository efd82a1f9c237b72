//! Loading whole shards: at the start, and whenever there is doubt.

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Follower;
use crate::codec;
use crate::domain::ids::{CaseId, ListId};
use crate::domain::state::NumberState;
use crate::index::ShardIndex;
use crate::number::E164;
use crate::store::{Head, Shard, StoreError, Table, Version, key};

/// Shards loaded at a time.
const SHARDS_AT_A_TIME: usize = 8;
/// Records read at a time.
const RECORDS_AT_A_TIME: usize = 2_000;

impl Follower {
    pub(super) async fn load_all(&self) -> Result<(), StoreError> {
        let heads = self.store.heads().await?;
        stream::iter(Shard::all().zip(heads))
            .map(|(shard, head)| self.load_shard(shard, head))
            .buffer_unordered(SHARDS_AT_A_TIME)
            .try_collect::<()>()
            .await
    }

    /// Reads a shard's records and puts them in the place of what the index has. `head` was read before: entries after
    /// it are read from the log again, which changes nothing where the record read is as new.
    pub(super) async fn load_shard(&self, shard: Shard, head: Head) -> Result<(), StoreError> {
        let model = self.index.model();
        let mut numbers = ShardIndex::default();
        let mut after = None;
        loop {
            let page = self.store.scan(shard, Table::Numbers, after, RECORDS_AT_A_TIME).await?;
            for (id, stored) in &page.items {
                let (number, state) = number_record(id, &stored.bytes)?;
                numbers.apply(number, stored.version, Some(state), model);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let cases = self.records_of(shard, Table::Cases, |id, bytes| {
            CaseId::parse(text(id)?).map_err(|_| unreadable("case record"))?;
            Ok(codec::case::decode(bytes)?)
        });
        let cases = cases.await?;
        let lists = self.records_of(shard, Table::Lists, |id, bytes| {
            ListId::parse(text(id)?).map_err(|_| unreadable("list"))?;
            Ok(codec::list::decode(bytes)?)
        });
        let lists = lists.await?;
        self.index.replace(shard, numbers, cases, lists);
        *self.cursor_of(shard).lock() = head;
        Ok(())
    }

    /// All records of a table that has few.
    async fn records_of<T>(
        &self,
        shard: Shard,
        table: Table,
        decode: impl Fn(&[u8], &[u8]) -> Result<T, StoreError>,
    ) -> Result<Vec<(Version, T)>, StoreError> {
        let mut records = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.scan(shard, table, after, RECORDS_AT_A_TIME).await?;
            for (id, stored) in &page.items {
                records.push((stored.version, decode(id, &stored.bytes)?));
            }
            after = page.next;
            if after.is_none() {
                return Ok(records);
            }
        }
    }
}

fn number_record(id: &[u8], bytes: &[u8]) -> Result<(E164, NumberState), StoreError> {
    let number = key::number_of_id(id).ok_or_else(|| unreadable("number record"))?;
    Ok((number, codec::number::decode(bytes)?))
}

fn text(id: &[u8]) -> Result<&str, StoreError> {
    std::str::from_utf8(id).map_err(|_| unreadable("record"))
}

fn unreadable(what: &'static str) -> StoreError {
    StoreError::Unreadable {
        what,
        cause: "its id is none of its kind".to_owned(),
    }
}
