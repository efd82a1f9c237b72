//! The most items of each repeated field of a request that a server decodes.
//!
//! An empty item takes two or three bytes in a body and hundreds of bytes in memory, so both edges count the items while
//! they decode them. `build/json.rs` names a constant for each repeated field of a request: its message and its name. A
//! field without a constant does not compile.

use crate::domain::call::MAX_BATCH_LOOKUPS;
use crate::domain::case::MAX_CHANGED_LINKS;
use crate::domain::list::MAX_PART_ENTRIES;
use crate::domain::report::MAX_BATCH_REPORTS;

pub(crate) const BATCH_LOOKUP_REQUEST_REQUESTS: usize = MAX_BATCH_LOOKUPS;
pub(crate) const BATCH_SUBMIT_REPORTS_REQUEST_REPORTS: usize = MAX_BATCH_REPORTS;
pub(crate) const LINK_NUMBERS_REQUEST_LINKS: usize = MAX_CHANGED_LINKS;
pub(crate) const UNLINK_NUMBERS_REQUEST_NUMBERS: usize = MAX_CHANGED_LINKS;
/// More than a part may have: `api` refuses such a part by the name that its clients know, and counts the refusal.
pub(crate) const LIST_ENTRIES_ENTRIES: usize = 2 * MAX_PART_ENTRIES;
/// More than a report may have: `api` refuses such a report alone, and not the whole batch.
pub(crate) const REPORT_CALLBACK_NUMBERS: usize = 50;
