//! The parts of a reporter table that a write has loaded, and the changes of the table.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    MAX_BUILT_REPORTERS, PARTS, ReporterTable, WITHOUT_REPORTER, coarse_of, coarse_of_group, coarse_subtotals,
    group_buckets, group_of, group_parts, group_subtotals, groups_beside, subtotal_of,
};
use crate::domain::buckets::{Missing, ROWS_PER_BUCKET, place, split_source, splits_at};
use crate::domain::evidence::{Evidence, FoldModel, counted_rows};
use crate::domain::ids::ReporterHash;
use crate::domain::report::{ReportBody, ReportRow};

/// The loaded parts of a reporter table.
#[derive(Clone, Debug, Default)]
pub struct LoadedTable {
    buckets: BTreeMap<u32, Part<Vec<ReportRow>>>,
    subtotals: BTreeMap<u32, Part<Evidence>>,
    /// The groups in which a row was replaced, until their subtotals are added up again.
    replaced: BTreeSet<u32>,
}

#[derive(Clone, Debug, Default)]
struct Part<T> {
    value: T,
    changed: bool,
}

impl LoadedTable {
    /// The reporter buckets that were changed, with their rows; those without rows are to be deleted.
    pub fn changed_buckets(&self) -> impl Iterator<Item = (u32, &[ReportRow])> {
        let changed = self.buckets.iter().filter(|(_, part)| part.changed);
        changed.map(|(id, part)| (*id, part.value.as_slice()))
    }

    /// The subtotals that were changed; those that are none are to be deleted.
    pub fn changed_subtotals(&self) -> impl Iterator<Item = (u32, Option<&Evidence>)> {
        let changed = self.subtotals.iter().filter(|(_, part)| part.changed);
        changed.map(|(id, part)| (*id, Some(&part.value).filter(|value| **value != Evidence::default())))
    }

    pub(in crate::domain) fn load(&mut self, bucket: u32, rows: Vec<ReportRow>) {
        let part = Part {
            value: rows,
            changed: false,
        };
        self.buckets.insert(bucket, part);
    }

    pub(in crate::domain) fn load_subtotal(&mut self, id: u32, subtotal: Evidence) {
        let part = Part {
            value: subtotal,
            changed: false,
        };
        self.subtotals.insert(id, part);
    }

    pub(in crate::domain) fn is_loaded(&self, part: u32) -> bool {
        self.buckets.contains_key(&part) || self.subtotals.contains_key(&part)
    }

    /// Checks that the parts for [`Self::add`] are loaded.
    ///
    /// # Errors
    /// Names what is not loaded.
    pub(in crate::domain) fn can_add(&self, table: &ReporterTable, row: &ReportRow) -> Result<(), Missing> {
        let Some(reporter) = row.body.reporter else {
            return self.need(WITHOUT_REPORTER);
        };
        let bucket = table.bucket_of(reporter);
        self.need(bucket)?;
        match self.row_of(bucket, reporter) {
            Some(known) if known.order_key() > row.order_key() => Ok(()),
            Some(_) => self.can_replace(table, Some(reporter)),
            None => {
                self.need(coarse_of(reporter))?;
                self.need(subtotal_of(group_of(reporter)))?;
                let mut sources = table.sources(table.reporters.saturating_add(1));
                sources.try_for_each(|source| self.need(source))
            }
        }
    }

    /// Adds a live row with a new id to the table, and to the evidence of the number: to its sums only with
    /// [`Self::add_up`]. All that [`Self::can_add`] asks for is loaded.
    pub(in crate::domain) fn add(
        &mut self,
        table: &mut ReporterTable,
        row: &ReportRow,
        evidence: &mut Evidence,
        model: &FoldModel,
    ) {
        evidence.count(row);
        let Some(reporter) = row.body.reporter else {
            evidence.weigh(row, model);
            self.weigh(WITHOUT_REPORTER, row, model);
            return;
        };
        match self.row_of(table.bucket_of(reporter), reporter) {
            Some(known) if known.order_key() > row.order_key() => {}
            Some(_) => self.replace(table, reporter, Some(row)),
            None => {
                evidence.weigh(row, model);
                self.weigh(coarse_of(reporter), row, model);
                self.weigh(subtotal_of(group_of(reporter)), row, model);
                self.put(table, reporter, row);
            }
        }
    }

    /// Checks that the parts for [`Self::withdraw`] of a row of this reporter are loaded.
    ///
    /// # Errors
    /// Names what is not loaded.
    pub(in crate::domain) fn can_replace(
        &self,
        table: &ReporterTable,
        reporter: Option<ReporterHash>,
    ) -> Result<(), Missing> {
        let (group, buckets) = (reporter.map_or(0, group_of), table.buckets);
        if group_parts(group, buckets).all(|part| self.is_loaded(part)) {
            Ok(())
        } else {
            Err(Missing::Group { group, buckets })
        }
    }

    /// Takes a row of `reporter` out that was withdrawn from `rows`, which are all rows of the number. Returns the
    /// evidence of those that are left. All that [`Self::can_replace`] asks for is loaded.
    pub(in crate::domain) fn withdraw<'a>(
        &mut self,
        table: &mut ReporterTable,
        reporter: Option<ReporterHash>,
        rows: impl Iterator<Item = &'a ReportRow> + Clone,
        model: &FoldModel,
    ) -> Evidence {
        let live = rows.filter(|row| row.is_live());
        let of_reporter = live.clone().filter(|row| row.body.reporter == reporter);
        if let Some(reporter) = reporter {
            let latest = of_reporter.max_by(|a, b| a.order_key().cmp(&b.order_key()));
            self.replace(table, reporter, latest);
            self.renew_subtotals(table, model);
        } else {
            self.set_subtotal(WITHOUT_REPORTER, Evidence::weighed(of_reporter, model));
        }
        let mut evidence = Evidence::default();
        live.for_each(|row| evidence.count(row));
        evidence.take_sums(self.total(model));
        evidence
    }

    /// The sums of the number, if a row was replaced by [`Self::add`] since they were last added up. However many rows of a
    /// group were replaced, the group is folded once.
    pub(in crate::domain) fn add_up(&mut self, table: &ReporterTable, model: &FoldModel) -> Option<Evidence> {
        if self.replaced.is_empty() {
            return None;
        }
        self.renew_subtotals(table, model);
        Some(self.total(model))
    }

    /// Folds the groups again in which a row was replaced, and adds up the groups of groups.
    fn renew_subtotals(&mut self, table: &ReporterTable, model: &FoldModel) {
        let mut coarse = BTreeMap::new();
        for group in std::mem::take(&mut self.replaced) {
            let buckets = group_buckets(group, table.buckets).filter_map(|bucket| self.buckets.get(&bucket));
            let of_group = buckets
                .flat_map(|part| &part.value)
                .filter(|row| row.body.reporter.is_some_and(|reporter| group_of(reporter) == group));
            let subtotal = Evidence::weighed(of_group, model);
            self.set_subtotal(subtotal_of(group), subtotal);
            coarse.insert(coarse_of_group(group), group);
        }
        for (id, group) in coarse {
            let subtotal = self.sum(groups_beside(group).map(subtotal_of), model);
            self.set_subtotal(id, subtotal);
        }
    }

    /// Builds the table of these rows from scratch; none if there are too many reporters. With an `old` table, its parts
    /// are overwritten or deleted.
    pub(in crate::domain) fn build<'a>(
        &mut self,
        rows: impl Iterator<Item = &'a ReportRow>,
        old: Option<&ReporterTable>,
        model: &FoldModel,
    ) -> Option<ReporterTable> {
        let (named, unnamed): (Vec<_>, Vec<_>) = counted_rows(rows)
            .into_iter()
            .partition(|row| row.body.reporter.is_some());
        if named.len() > MAX_BUILT_REPORTERS {
            return None;
        }
        let reporters = u32::try_from(named.len()).unwrap_or(u32::MAX);
        let table = ReporterTable {
            reporters,
            buckets: reporters.div_ceil(ROWS_PER_BUCKET).max(1),
            stamp: 0,
        };
        let changed = old.is_some();
        *self = Self::default();
        for bucket in 0..table.buckets.max(old.map_or(0, |old| old.buckets)) {
            let value = Vec::new();
            self.buckets.insert(PARTS | bucket, Part { value, changed });
        }
        for id in group_subtotals().chain(coarse_subtotals()).chain([WITHOUT_REPORTER]) {
            let value = Evidence::default();
            self.subtotals.insert(id, Part { value, changed });
        }
        unnamed.iter().for_each(|row| self.weigh(WITHOUT_REPORTER, row, model));
        for row in named {
            let Some(reporter) = row.body.reporter else { continue };
            self.weigh(coarse_of(reporter), row, model);
            self.weigh(subtotal_of(group_of(reporter)), row, model);
            self.change(table.bucket_of(reporter)).push(short_copy(row));
        }
        Some(table)
    }

    /// Gives up the table that was built, if it cannot be written in one commit with so many changed buckets of rows. Says
    /// whether it is kept.
    pub(in crate::domain) fn is_kept_with(&mut self, changed_buckets: usize, most: usize) -> bool {
        let parts = self.changed_buckets().count() + self.changed_subtotals().count();
        let is_kept = changed_buckets + parts <= most;
        if !is_kept {
            *self = Self::default();
        }
        is_kept
    }

    /// Puts another row of a reporter into the table, or none, in place of the one that is there. The subtotals are those of
    /// before until [`Self::renew_subtotals`].
    fn replace(&mut self, table: &mut ReporterTable, reporter: ReporterHash, row: Option<&ReportRow>) {
        let rows = self.change(table.bucket_of(reporter));
        let before = rows.len();
        rows.retain(|known| known.body.reporter != Some(reporter));
        let removed = u32::try_from(before - rows.len()).unwrap_or(0);
        table.reporters = table.reporters.saturating_sub(removed);
        if let Some(row) = row {
            rows.push(short_copy(row));
            table.reporters = table.reporters.saturating_add(1);
        }
        self.replaced.insert(group_of(reporter));
    }

    /// Adds the first row of a reporter to its bucket, and splits a bucket if they are full.
    fn put(&mut self, table: &mut ReporterTable, reporter: ReporterHash, row: &ReportRow) {
        self.change(table.bucket_of(reporter)).push(short_copy(row));
        table.reporters = table.reporters.saturating_add(1);
        if !splits_at(table.reporters, table.buckets) {
            return;
        }
        let source = split_source(table.buckets);
        table.buckets = table.buckets.saturating_add(1);
        let place_of = |row: &ReportRow| row.body.reporter.map(|reporter| place(reporter.raw(), table.buckets));
        let rows = self.change(PARTS | source);
        let (stay, leave) = std::mem::take(rows)
            .into_iter()
            .partition(|row| place_of(row) == Some(source));
        *rows = stay;
        *self.change(PARTS | (table.buckets - 1)) = leave;
    }

    /// The sums of the number: of all reporters, and of the rows without one.
    fn total(&self, model: &FoldModel) -> Evidence {
        self.sum(coarse_subtotals().chain([WITHOUT_REPORTER]), model)
    }

    fn sum(&self, ids: impl Iterator<Item = u32>, model: &FoldModel) -> Evidence {
        let mut sum = Evidence::default();
        for part in ids.filter_map(|id| self.subtotals.get(&id)) {
            sum.add_sums(&part.value, model);
        }
        sum
    }

    fn weigh(&mut self, subtotal: u32, row: &ReportRow, model: &FoldModel) {
        let part = self.subtotals.entry(subtotal).or_default();
        part.value.weigh(row, model);
        part.changed = true;
    }

    fn set_subtotal(&mut self, id: u32, value: Evidence) {
        self.subtotals.insert(id, Part { value, changed: true });
    }

    fn change(&mut self, bucket: u32) -> &mut Vec<ReportRow> {
        let part = self.buckets.entry(bucket).or_default();
        part.changed = true;
        &mut part.value
    }

    fn row_of(&self, bucket: u32, reporter: ReporterHash) -> Option<&ReportRow> {
        let rows = &self.buckets.get(&bucket)?.value;
        rows.iter().find(|row| row.body.reporter == Some(reporter))
    }

    fn need(&self, part: u32) -> Result<(), Missing> {
        if self.is_loaded(part) {
            Ok(())
        } else {
            Err(Missing::Bucket(part))
        }
    }
}

/// The fields of a row that the fold reads.
fn short_copy(row: &ReportRow) -> ReportRow {
    let body = &row.body;
    let short = ReportRow::tombstone(row.id.clone(), body.occurred_at);
    ReportRow {
        state: row.state,
        received_at: row.received_at,
        arrived_at: row.received_at,
        weight: row.weight,
        body: ReportBody {
            category: body.category,
            not_spam: body.not_spam,
            source: body.source,
            brand: body.brand.clone(),
            ledger: body.ledger,
            reporter: body.reporter,
            area: body.area.clone(),
            ..short.body
        },
        ..short
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_too_large_for_one_commit_is_given_up() {
        let mut table = LoadedTable::default();
        let old = ReporterTable {
            buckets: 10,
            ..ReporterTable::default()
        };
        table
            .build(std::iter::empty(), Some(&old), &FoldModel::DEFAULT)
            .unwrap();
        let parts = 10 + 1_024 + 32 + 1;
        assert!(table.is_kept_with(33, parts + 33));
        assert!(!table.is_kept_with(34, parts + 33));
        assert_eq!(table.changed_buckets().count() + table.changed_subtotals().count(), 0);
    }
}
