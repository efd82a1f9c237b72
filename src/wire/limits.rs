//! The most items of each repeated field of a request that a server decodes.
//!
//! An empty item takes two or three bytes in a body and hundreds of bytes in memory, so both edges count the items while
//! they decode them. `build/json.rs` names a constant for each repeated field of a request: its message and its name. A
//! field without a constant does not compile.

use crate::domain::call::MAX_BATCH_LOOKUPS;
use crate::domain::case::MAX_CHANGED_LINKS;
use crate::domain::identity::{MAX_BRAND_GRANTS, MAX_CERTIFICATES, MAX_FEED_GRANTS, MAX_SUBJECTS};
use crate::domain::list::MAX_PART_ENTRIES;
use crate::domain::report::MAX_BATCH_REPORTS;
use crate::domain::visibility::MAX_NAMED_TENANTS;

pub(crate) const BATCH_LOOKUP_REQUEST_REQUESTS: usize = MAX_BATCH_LOOKUPS;
pub(crate) const BATCH_SUBMIT_REPORTS_REQUEST_REPORTS: usize = MAX_BATCH_REPORTS;
pub(crate) const LINK_NUMBERS_REQUEST_LINKS: usize = MAX_CHANGED_LINKS;
pub(crate) const UNLINK_NUMBERS_REQUEST_NUMBERS: usize = MAX_CHANGED_LINKS;
/// More than a part may have: `api` refuses such a part by the name that its clients know, and counts the refusal.
pub(crate) const LIST_ENTRIES_ENTRIES: usize = 2 * MAX_PART_ENTRIES;
/// More than a report may have: `api` refuses such a report alone, and not the whole batch.
pub(crate) const REPORT_CALLBACK_NUMBERS: usize = 50;
/// More than there are roles and sources: `api` makes a set of them.
pub(crate) const CREATE_PRINCIPAL_REQUEST_ROLES: usize = 16;
pub(crate) const UPDATE_PRINCIPAL_REQUEST_ROLES: usize = 16;
/// More than there are kinds: `api` makes a set of them.
pub(crate) const SET_ACCEPTANCE_REQUEST_KINDS: usize = 16;
pub(crate) const REPORT_GRANTS_SOURCES: usize = 32;
/// More than a principal may have: `api` refuses them by the name that its clients know.
pub(crate) const REPORT_GRANTS_FEEDS: usize = 2 * MAX_FEED_GRANTS;
pub(crate) const REPORT_GRANTS_BRANDS: usize = 2 * MAX_BRAND_GRANTS;
pub(crate) const BOUND_CREDENTIALS_CERTIFICATE_SHA256: usize = 2 * MAX_CERTIFICATES;
pub(crate) const BOUND_CREDENTIALS_SUBJECTS: usize = 2 * MAX_SUBJECTS;
pub(crate) const SET_VISIBILITY_REQUEST_TENANTS: usize = 2 * MAX_NAMED_TENANTS;
