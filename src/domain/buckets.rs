//! Buckets of rows: which row is in which, and which are missing.
//!
//! Buckets are added one at a time by linear hashing (Litwin, 1980), so growth never rewrites more than one bucket.

/// Rows a bucket holds on average before another bucket is added.
pub const ROWS_PER_BUCKET: u32 = 32;

/// Part of what is stored of a number is not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Missing {
    /// One bucket of rows, or one part of the reporter table.
    #[error("bucket {0} is not loaded")]
    Bucket(u32),
    /// The part of the reporter table that replaces the row of one reporter.
    #[error("group {group} of the reporter table is not loaded")]
    Group {
        /// The group of the reporter.
        group: u32,
        /// The number of reporter buckets.
        buckets: u32,
    },
    /// All buckets of rows.
    #[error("not all buckets are loaded")]
    All,
}

/// The bucket of a hash among `count` (Litwin's address function).
pub(super) fn place(hash: u64, count: u32) -> u32 {
    let span = count.next_power_of_two();
    #[expect(clippy::cast_possible_truncation, reason = "the low half of the hash is wanted")]
    let place = hash as u32 & (span - 1);
    if place < count { place } else { place & (span / 2 - 1) }
}

/// Whether `total` rows ask for one more bucket than `count`.
pub(super) const fn splits_at(total: u32, count: u32) -> bool {
    total > count.saturating_mul(ROWS_PER_BUCKET)
}

/// The bucket of `count` that gives part of its rows to the next new bucket. `count` is not 0.
pub(super) const fn split_source(count: u32) -> u32 {
    count - (1 << count.ilog2())
}

/// The buckets of `count` that give rows to new ones until there are `total` rows.
pub(super) fn split_sources(count: u32, total: u32) -> impl Iterator<Item = u32> {
    let splits = count..total.div_ceil(ROWS_PER_BUCKET).max(count);
    splits.map(split_source).filter(move |source| *source < count)
}
