//! Reads single rows of many numbers, found by the hashes of their ids, and side records.

use std::collections::{BTreeMap, BTreeSet};

use super::Writer;
use super::work::{bucket_key, record_key};
use crate::codec::{self, SideRecord};
use crate::domain::report::ReportRow;
use crate::domain::rows::bucket_of;
use crate::number::E164;
use crate::service::ServiceError;
use crate::store::{SideKey, StoredKey};

impl Writer {
    /// The rows with these id hashes on these numbers, in their order; none for a row that is not there.
    pub(in crate::service) async fn rows_by_id(
        &self,
        wanted: &[(E164, u64)],
    ) -> Result<Vec<Option<ReportRow>>, ServiceError> {
        let buckets = self.bucket_counts(wanted).await?;
        let count = |number: &E164| buckets.get(number).copied().unwrap_or(0);
        let keys = wanted.iter().map(|(number, hash)| {
            let bucket = bucket_of(*hash, count(number));
            StoredKey::Bucket(bucket_key(self.tenant, *number, bucket))
        });
        let keys: Vec<StoredKey> = keys.collect();
        let mut found = Vec::with_capacity(wanted.len());
        for ((_, hash), stored) in wanted.iter().zip(self.store.read(&keys).await?) {
            let rows = stored.map(|stored| codec::rows::decode(&stored.bytes)).transpose()?;
            found.push(
                rows.unwrap_or_default()
                    .into_iter()
                    .find(|row| row.id.hash64() == *hash),
            );
        }
        self.find_moved(wanted, &mut found).await?;
        Ok(found)
    }

    /// The state of a side record; blank if there is none.
    pub(in crate::service) async fn read_side_record<S: SideRecord>(&self, key: &SideKey) -> Result<S, ServiceError> {
        let keys = [StoredKey::Side(key.clone())];
        match self.store.read(&keys).await?.pop().flatten() {
            Some(stored) => Ok(S::decode(&stored.bytes)?),
            None => Ok(S::default()),
        }
    }

    /// How many buckets each number has. A number without a record is left out.
    async fn bucket_counts(&self, wanted: &[(E164, u64)]) -> Result<BTreeMap<E164, u32>, ServiceError> {
        let numbers: BTreeSet<E164> = wanted.iter().map(|(number, _)| *number).collect();
        let keys: Vec<StoredKey> = numbers
            .iter()
            .map(|number| StoredKey::Record(record_key(self.tenant, *number)))
            .collect();
        let mut counts = BTreeMap::new();
        for (number, stored) in numbers.into_iter().zip(self.store.read(&keys).await?) {
            if let Some(stored) = stored {
                counts.insert(number, codec::number::decode(&stored.bytes)?.buckets);
            }
        }
        Ok(counts)
    }

    /// Finds the rows that are missing in `found` among all rows of their numbers: a bucket may have been split between
    /// the two reads.
    async fn find_moved(&self, wanted: &[(E164, u64)], found: &mut [Option<ReportRow>]) -> Result<(), ServiceError> {
        let missing = wanted.iter().zip(found.iter()).filter(|(_, row)| row.is_none());
        let numbers: BTreeSet<E164> = missing.map(|((number, _), _)| *number).collect();
        for number in numbers {
            let rows = self.read_whole(number).await?.rows;
            for ((of, hash), row) in wanted.iter().zip(found.iter_mut()) {
                if *of == number && row.is_none() {
                    *row = rows.iter().find(|row| row.id.hash64() == *hash).cloned();
                }
            }
        }
        Ok(())
    }
}
