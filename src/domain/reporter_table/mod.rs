//! The reporter table of a number with many rows: the row of each reporter that counts, found by the reporter.
//!
//! Only the latest report of a reporter counts. So a new report needs to know whether its reporter has reported the
//! number before, and if so, the evidence without that row. Rows are stored by report id, so without the table both
//! would ask for all rows. The table has these parts, each stored beside the buckets of rows:
//!
//! - *Reporter buckets* hold a short copy of the latest live row of each reporter, by the reporter's hash.
//! - *Subtotals* are the evidence of a part of the reporters: 32 groups of groups, and 1,024 groups, by the lowest bits
//!   of the hash. One more holds the rows without a reporter.
//!
//! The first report of a reporter is added to one bucket and two subtotals. A later one replaces a row: its group is
//! folded again, and the subtotals are added up, the 32 of its group of groups and then the 32 of the number.
//! Minima, areas and samples cannot be subtracted, but they can be added up, so the result is that of a refold.
//! [`ReporterTable`] says in the number's record how large the table is, and which evidence it belongs to.

mod loaded;

use std::collections::BTreeSet;

use super::buckets::{place, split_sources};
use super::ids::ReporterHash;
use super::report::ReportRow;

pub use loaded::LoadedTable;

/// A number with fewer rows has no table: all its rows are read instead.
pub const TABLE_FROM_ROWS: u32 = 256;
/// No table is built for more reporters, since it is written in one commit. An existing table grows further.
pub const MAX_BUILT_REPORTERS: usize = 300_000;

/// The most buckets and parts of a number that are written when its table is built: a store refuses a commit of more than
/// 20,000 items. With more, the table is given up, so that the rows can still be written.
pub const MAX_WRITTEN: usize = 19_000;

/// From this id on, the buckets of a number are the parts of its table.
const PARTS: u32 = 1 << 31;
/// From this id on, the parts are subtotals.
const SUBTOTALS: u32 = PARTS | 1 << 30;
/// The subtotal of the rows without a reporter.
const WITHOUT_REPORTER: u32 = SUBTOTALS;
/// The lowest bits of a reporter's hash that choose the group of groups.
const COARSE_BITS: u32 = 5;
/// The lowest bits of a reporter's hash that choose the group.
const GROUP_BITS: u32 = 10;
/// The number of groups.
const GROUPS: u32 = 1 << GROUP_BITS;

/// What the record of a number says of its reporter table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReporterTable {
    /// The number of reporters.
    pub reporters: u32,
    /// The number of reporter buckets.
    pub buckets: u32,
    /// A hash of what the record said of rows and evidence when the table was written. Another hash means that a
    /// release without tables has changed the rows since. Never 0, except for a table that was given up.
    pub stamp: u64,
}

impl ReporterTable {
    /// The parts that are needed to add these reports, if each is the first of its reporter.
    pub(super) fn parts_to_add<'a>(&self, new: impl Iterator<Item = &'a ReportRow>) -> BTreeSet<u32> {
        let mut parts = BTreeSet::new();
        let mut total = self.reporters;
        for row in new {
            let Some(reporter) = row.body.reporter else {
                parts.insert(WITHOUT_REPORTER);
                continue;
            };
            total = total.saturating_add(1);
            parts.extend([
                self.bucket_of(reporter),
                coarse_of(reporter),
                subtotal_of(group_of(reporter)),
            ]);
        }
        parts.extend(self.sources(total));
        parts
    }

    /// The groups of the reporters of these reports.
    pub fn groups<'a>(&self, rows: impl Iterator<Item = &'a ReportRow>) -> BTreeSet<u32> {
        rows.filter_map(|row| row.body.reporter).map(group_of).collect()
    }

    /// All parts that are stored of the table.
    pub fn parts(&self) -> impl Iterator<Item = u32> {
        let buckets = (0..self.buckets).map(|bucket| PARTS | bucket);
        let subtotals = group_subtotals().chain(coarse_subtotals()).chain([WITHOUT_REPORTER]);
        buckets.chain(subtotals)
    }

    /// The part with the bucket of a reporter.
    fn bucket_of(&self, reporter: ReporterHash) -> u32 {
        PARTS | place(reporter.raw(), self.buckets)
    }

    /// The buckets that give rows to new ones until there are `total` reporters.
    fn sources(&self, total: u32) -> impl Iterator<Item = u32> {
        split_sources(self.buckets, total).map(|source| PARTS | source)
    }
}

/// Whether a bucket is a part of the reporter table.
#[must_use]
pub const fn is_part(bucket: u32) -> bool {
    bucket >= PARTS
}

/// Whether a bucket is a subtotal of the reporter table.
#[must_use]
pub const fn is_subtotal(bucket: u32) -> bool {
    bucket >= SUBTOTALS
}

/// The parts that are needed to replace the row of a reporter of this group: the group's buckets, the other subtotals of
/// its group of groups, and those of all groups of groups.
pub fn group_parts(group: u32, buckets: u32) -> impl Iterator<Item = u32> {
    group_buckets(group, buckets)
        .chain(groups_beside(group).map(subtotal_of))
        .chain(coarse_subtotals())
        .chain([WITHOUT_REPORTER])
}

/// The reporter buckets that hold reporters of this group: one, unless there are more buckets than groups.
fn group_buckets(group: u32, buckets: u32) -> impl Iterator<Item = u32> {
    let first = place(u64::from(group), buckets.min(GROUPS));
    (first..buckets.max(1))
        .step_by(GROUPS as usize)
        .map(|bucket| PARTS | bucket)
}

/// The groups of the same group of groups.
fn groups_beside(group: u32) -> impl Iterator<Item = u32> {
    let step = 1 << COARSE_BITS;
    (group % step..GROUPS).step_by(step as usize)
}

/// The subtotals of all groups of groups.
fn coarse_subtotals() -> impl Iterator<Item = u32> {
    (0..1 << COARSE_BITS).map(|coarse| SUBTOTALS | 1 << COARSE_BITS | coarse)
}

/// The subtotals of all groups.
fn group_subtotals() -> impl Iterator<Item = u32> {
    (0..GROUPS).map(subtotal_of)
}

const fn subtotal_of(group: u32) -> u32 {
    SUBTOTALS | GROUPS | group
}

fn coarse_of(reporter: ReporterHash) -> u32 {
    SUBTOTALS | 1 << COARSE_BITS | low_bits(reporter, COARSE_BITS)
}

/// The group of groups that a group is in.
const fn coarse_of_group(group: u32) -> u32 {
    SUBTOTALS | 1 << COARSE_BITS | group & ((1 << COARSE_BITS) - 1)
}

fn group_of(reporter: ReporterHash) -> u32 {
    low_bits(reporter, GROUP_BITS)
}

fn low_bits(reporter: ReporterHash, bits: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "the low bits are wanted")]
    let low = reporter.raw() as u32;
    low & ((1 << bits) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change of these ids makes every stored table unreadable.
    #[test]
    fn the_parts_are_frozen() {
        let reporter = ReporterHash::from_raw(0x0123_4567_89ab_cdef);
        let table = ReporterTable {
            buckets: 20,
            ..ReporterTable::default()
        };
        assert_eq!(WITHOUT_REPORTER, 0xc000_0000);
        assert_eq!(table.bucket_of(reporter), 0x8000_000f);
        assert_eq!(coarse_of(reporter), 0xc000_002f);
        assert_eq!(subtotal_of(group_of(reporter)), 0xc000_05ef);
        assert!(!is_part(0x7fff_ffff) && is_part(0x8000_0000));
        assert!(!is_subtotal(0xbfff_ffff) && is_subtotal(0xc000_0000));
    }

    #[test]
    fn a_group_lies_in_the_buckets_that_are_named() {
        for buckets in [1, 2, 3, 31, 32, 700, 1_023, 1_024, 1_025, 2_500, 4_096] {
            let table = ReporterTable {
                buckets,
                ..ReporterTable::default()
            };
            for n in 0..20_000u64 {
                let reporter = ReporterHash::from_raw(n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7);
                let bucket = table.bucket_of(reporter);
                let named: Vec<u32> = group_buckets(group_of(reporter), buckets).collect();
                assert!(named.contains(&bucket), "{reporter:?} of {buckets} buckets");
                assert!(named.len() <= 1 + (buckets / GROUPS) as usize);
            }
        }
    }

    #[test]
    fn a_replacement_needs_few_parts() {
        assert_eq!(group_parts(7, 1_000).count(), 1 + 32 + 32 + 1);
    }
}
