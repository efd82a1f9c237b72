//! The rows of one number, spread over buckets so that a write reads and writes a bounded part of them.
//!
//! The next report on a number with ten thousand rows must not rewrite them all, and a report id must be found without
//! reading them all. So rows are stored in buckets of about [`ROWS_PER_BUCKET`], chosen by a hash of the report id. 83 %
//! of numbers have one row in one bucket. A number with many rows also has a
//! [reporter table](super::reporter_table), so that the next report of a reporter does not refold all rows.
//!
//! [`LoadedRows`] holds the buckets that a write has loaded. A function that needs more returns [`Missing`]; the caller loads
//! them and runs the function again.

use std::collections::{BTreeMap, BTreeSet};

pub use super::buckets::{Missing, ROWS_PER_BUCKET};
use super::buckets::{place, split_source, split_sources, splits_at};
use super::evidence::{Evidence, FoldModel};
use super::ids::{ReportId, ReporterHash};
use super::report::ReportRow;
use super::reporter_table::{LoadedTable, MAX_WRITTEN, ReporterTable, group_parts, is_part};

/// The bucket, among `buckets`, of the row whose id has this hash.
#[must_use]
pub fn bucket_of(id_hash: u64, buckets: u32) -> u32 {
    place(id_hash, buckets.max(1))
}

/// The loaded buckets of one number, and the loaded part of its reporter table.
#[derive(Clone, Debug, Default)]
pub struct LoadedRows {
    count: u32,
    loaded: BTreeMap<u32, Bucket>,
    pub(super) table: LoadedTable,
    /// Whether all rows are to be folded again, after the last change of the job. All of them are loaded then.
    pub(super) is_refold_due: bool,
}

#[derive(Clone, Debug, Default)]
struct Bucket {
    rows: Vec<ReportRow>,
    changed: bool,
}

impl LoadedRows {
    /// The rows of a number with `buckets` buckets, none of them loaded. A number without rows has no bucket to load.
    #[must_use]
    pub fn unloaded(buckets: u32) -> Self {
        let mut rows = Self {
            count: buckets.max(1),
            loaded: BTreeMap::new(),
            table: LoadedTable::default(),
            is_refold_due: false,
        };
        if buckets == 0 {
            rows.load(0, Vec::new());
        }
        rows
    }

    /// Adds a bucket as read from the store: one of rows, or one of the reporter table.
    pub fn load(&mut self, bucket: u32, rows: Vec<ReportRow>) {
        if is_part(bucket) {
            self.table.load(bucket, rows);
        } else {
            self.loaded.insert(bucket, Bucket { rows, changed: false });
        }
    }

    /// Adds a subtotal of the reporter table as read from the store.
    pub fn load_subtotal(&mut self, part: u32, subtotal: Evidence) {
        self.table.load_subtotal(part, subtotal);
    }

    /// Builds the reporter table of all rows; see [`LoadedTable`]. None if there are too many reporters or changes.
    pub(super) fn build_table(
        &mut self,
        old: Option<&ReporterTable>,
        model: &FoldModel,
    ) -> Result<Option<ReporterTable>, Missing> {
        self.need_all()?;
        let rows = self.loaded.values().flat_map(|bucket| bucket.rows.iter());
        let built = self.table.build(rows, old, model);
        let changed = self.changed().count();
        Ok(built.filter(|_| self.table.is_kept_with(changed, MAX_WRITTEN)))
    }

    /// Takes a withdrawn row of `reporter` out of the reporter table; returns the evidence of the other rows.
    pub(super) fn withdraw_from_table(
        &mut self,
        table: &mut ReporterTable,
        reporter: Option<ReporterHash>,
        model: &FoldModel,
    ) -> Result<Evidence, Missing> {
        self.need_all()?;
        let rows = self.loaded.values().flat_map(|bucket| bucket.rows.iter());
        Ok(self.table.withdraw(table, reporter, rows, model))
    }

    /// The loaded part of the reporter table.
    #[must_use]
    pub fn table(&self) -> &LoadedTable {
        &self.table
    }

    /// The number of buckets.
    #[must_use]
    pub fn buckets(&self) -> u32 {
        self.count
    }

    /// The buckets and parts named by `missing` that are not loaded.
    pub fn missing(&self, missing: Missing) -> impl Iterator<Item = u32> {
        let named: Vec<u32> = match missing {
            Missing::Bucket(bucket) => vec![bucket],
            Missing::Group { group, buckets } => group_parts(group, buckets).collect(),
            Missing::All => (0..self.count).collect(),
        };
        named.into_iter().filter(|bucket| !self.is_loaded(*bucket))
    }

    /// The buckets that are needed to add these reports and are not loaded: their own buckets, those to be split when
    /// there are `total` rows, and their parts of the reporter table, if there is one.
    #[must_use]
    pub fn needed<'a>(
        &self,
        new: impl Iterator<Item = &'a ReportRow> + Clone,
        total: u32,
        table: Option<&ReporterTable>,
    ) -> BTreeSet<u32> {
        let own = new.clone().map(|row| self.place(&row.id));
        let sources = split_sources(self.count, total);
        let parts = table.map(|table| table.parts_to_add(new)).unwrap_or_default();
        own.chain(sources)
            .chain(parts)
            .filter(|bucket| !self.is_loaded(*bucket))
            .collect()
    }

    /// The buckets that were changed, with their rows.
    pub fn changed(&self) -> impl Iterator<Item = (u32, &[ReportRow])> {
        self.loaded
            .iter()
            .filter(|(_, bucket)| bucket.changed)
            .map(|(place, bucket)| (*place, bucket.rows.as_slice()))
    }

    /// The row with this id.
    ///
    /// # Errors
    /// If its bucket is not loaded.
    pub fn find(&self, id: &ReportId) -> Result<Option<&ReportRow>, Missing> {
        let bucket = self.bucket(self.place(id))?;
        Ok(bucket.rows.iter().find(|row| row.id == *id))
    }

    /// The row with this id, to be changed.
    ///
    /// # Errors
    /// If its bucket is not loaded.
    pub fn find_mut(&mut self, id: &ReportId) -> Result<Option<&mut ReportRow>, Missing> {
        let place = self.place(id);
        let bucket = self.loaded.get_mut(&place).ok_or(Missing::Bucket(place))?;
        let Some(row) = bucket.rows.iter_mut().find(|row| row.id == *id) else {
            return Ok(None);
        };
        bucket.changed = true;
        Ok(Some(row))
    }

    /// Checks that the buckets for [`Self::insert`] are loaded: the row's bucket, and the one to be split when there
    /// are `total` rows.
    ///
    /// # Errors
    /// Names the bucket that is not loaded.
    pub fn can_insert(&self, id: &ReportId, total: u32) -> Result<(), Missing> {
        self.bucket(self.place(id))?;
        if splits_at(total, self.count) {
            self.bucket(split_source(self.count))?;
        }
        Ok(())
    }

    /// Adds a row with a new id, and a bucket if `total`, the number of rows including this one, requires it.
    ///
    /// # Errors
    /// As for [`Self::can_insert`]; then nothing is changed.
    pub fn insert(&mut self, row: ReportRow, total: u32) -> Result<(), Missing> {
        self.can_insert(&row.id, total)?;
        let place = self.place(&row.id);
        let bucket = self.loaded.entry(place).or_default();
        bucket.rows.push(row);
        bucket.changed = true;
        if splits_at(total, self.count) {
            self.split();
        }
        Ok(())
    }

    /// All rows.
    ///
    /// # Errors
    /// If a bucket is not loaded.
    pub fn all(&self) -> Result<impl Iterator<Item = &ReportRow> + Clone, Missing> {
        self.need_all()?;
        Ok(self.loaded.values().flat_map(|bucket| bucket.rows.iter()))
    }

    /// Changes rows in place; `change` returns whether it changed the row.
    ///
    /// # Errors
    /// If a bucket is not loaded.
    pub fn change_all(&mut self, mut change: impl FnMut(&mut ReportRow) -> bool) -> Result<(), Missing> {
        self.need_all()?;
        for bucket in self.loaded.values_mut() {
            for row in &mut bucket.rows {
                bucket.changed |= change(row);
            }
        }
        Ok(())
    }

    /// Deletes rows for good; the buckets stay. Returns how many were deleted.
    ///
    /// # Errors
    /// If a bucket is not loaded.
    pub fn retain(&mut self, keep: impl Fn(&ReportRow) -> bool) -> Result<u32, Missing> {
        self.need_all()?;
        let mut dropped = 0u32;
        for bucket in self.loaded.values_mut() {
            let before = bucket.rows.len();
            bucket.rows.retain(&keep);
            let gone = before - bucket.rows.len();
            bucket.changed |= gone > 0;
            dropped = dropped.saturating_add(u32::try_from(gone).unwrap_or(u32::MAX));
        }
        Ok(dropped)
    }

    /// Checks that every bucket is loaded.
    ///
    /// # Errors
    /// If one is not.
    pub fn need_all(&self) -> Result<(), Missing> {
        let loaded = u32::try_from(self.loaded.len()).unwrap_or(u32::MAX);
        if loaded >= self.count {
            Ok(())
        } else {
            Err(Missing::All)
        }
    }

    fn bucket(&self, place: u32) -> Result<&Bucket, Missing> {
        self.loaded.get(&place).ok_or(Missing::Bucket(place))
    }

    fn is_loaded(&self, bucket: u32) -> bool {
        self.loaded.contains_key(&bucket) || self.table.is_loaded(bucket)
    }

    fn place(&self, id: &ReportId) -> u32 {
        place(id.hash64(), self.count)
    }

    fn split(&mut self) {
        let source = split_source(self.count);
        self.count += 1;
        let count = self.count;
        let Some(bucket) = self.loaded.get_mut(&source) else {
            return;
        };
        let (stay, leave) = std::mem::take(&mut bucket.rows)
            .into_iter()
            .partition(|row| place(row.id.hash64(), count) == source);
        bucket.rows = stay;
        bucket.changed = true;
        self.loaded.insert(
            count - 1,
            Bucket {
                rows: leave,
                changed: true,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn row(n: u32) -> ReportRow {
        ReportRow::tombstone(
            ReportId::parse(&format!("r{n}")).unwrap(),
            Timestamp::from_secs(i64::from(n)),
        )
    }

    #[test]
    fn every_row_is_found_while_buckets_are_added() {
        let mut rows = LoadedRows::unloaded(0);
        for n in 0..5_000 {
            rows.insert(row(n), n + 1).unwrap();
        }
        assert_eq!(rows.buckets(), 5_000u32.div_ceil(ROWS_PER_BUCKET));
        for n in 0..5_000 {
            assert_eq!(rows.find(&row(n).id).unwrap(), Some(&row(n)));
        }
        assert_eq!(rows.all().unwrap().count(), 5_000);
        let largest = rows.changed().map(|(_, rows)| rows.len()).max().unwrap();
        assert!(largest < 128, "a bucket holds {largest} rows");
    }

    #[test]
    fn needed_buckets_are_sufficient() {
        let mut full = LoadedRows::unloaded(0);
        for n in 0..1_000 {
            full.insert(row(n), n + 1).unwrap();
        }
        let mut rows = LoadedRows::unloaded(full.buckets());
        let new: Vec<ReportRow> = (1_000..1_300).map(row).collect();
        for bucket in rows.needed(new.iter(), 1_300, None) {
            rows.load(bucket, full.loaded[&bucket].rows.clone());
        }
        // A split moves only ids of its source bucket, so nothing else can be missing.
        for (total, row) in (1_001..).zip(new) {
            rows.insert(row, total).unwrap();
        }
        assert_eq!(rows.buckets(), 1_300u32.div_ceil(ROWS_PER_BUCKET));
    }

    #[test]
    fn says_what_is_missing_and_changes_nothing() {
        let mut full = LoadedRows::unloaded(0);
        for n in 0..100 {
            full.insert(row(n), n + 1).unwrap();
        }
        let mut rows = LoadedRows::unloaded(full.buckets());
        let missing = rows.insert(row(100), 101).unwrap_err();
        let Missing::Bucket(bucket) = missing else {
            panic!("one bucket is enough")
        };
        assert_eq!(rows.changed().count(), 0);
        assert!(matches!(rows.all().err(), Some(Missing::All)));
        assert_eq!(rows.missing(missing).collect::<Vec<_>>(), [bucket]);
        rows.load(bucket, full.loaded[&bucket].rows.clone());
        rows.insert(row(100), 101).unwrap();
        assert_eq!(rows.changed().count(), 1);
    }
}
