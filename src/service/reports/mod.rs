//! Reports: submitted, listed, and withdrawn.

mod admit;
mod file;
mod filing;
mod list;
mod submit;
mod withdraw;

use std::sync::Arc;
use std::time::Duration;

use super::page::PageKey;
use super::writer::Writer;
use crate::domain::brand::Brand;
use crate::domain::ids::{Area, Feed, ImportId, ReportId, ReporterHash};
use crate::domain::kinds::{Attestation, Category, Channel, ReportRole, Source, Verstat};
use crate::domain::quota::{Budget, Quotas};
use crate::domain::report::ReportRow;
use crate::domain::state::Submitted;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::number::{E164, Region};
use crate::store::Meta;

pub(super) use list::stored_reports;
pub use withdraw::{BulkWithdrawn, WithdrawOutcome};

/// How far ahead of the server's clock a call, or other evidence, may be said to have been.
pub(super) const MAX_AHEAD: Duration = Duration::from_secs(300);

/// A report as a client sends it, its names checked.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// The client's name of it.
    pub report_id: ReportId,
    /// The number, as it is.
    pub number: String,
    /// The region that a national number is of.
    pub default_region: Option<Region>,
    /// The kind of call.
    pub category: Category,
    /// The person says the call was wanted.
    pub not_spam: bool,
    /// Where the report comes from.
    pub source: Source,
    /// Which feed it comes by.
    pub feed: Option<Feed>,
    /// The import it comes with.
    pub import: Option<ImportId>,
    /// The client's name of the reporter; kept as a keyed hash only.
    pub reporter: Option<String>,
    /// Where the reporter is, coarsely.
    pub area: Option<Area>,
    /// The reporter's country.
    pub country: Option<[u8; 2]>,
    /// When the call was; when the report was received if unset.
    pub occurred_at: Option<Timestamp>,
    /// When a trusted feed received it; anybody else's is set to now.
    pub received_at: Option<Timestamp>,
    /// The channel.
    pub channel: Option<Channel>,
    /// The brand impersonated.
    pub brand: Option<Brand>,
    /// How the number met the person.
    pub role: Option<ReportRole>,
    /// Recorded or live.
    pub recorded: Option<bool>,
    /// The call's attestation.
    pub attestation: Option<Attestation>,
    /// The call's verification.
    pub verstat: Option<Verstat>,
    /// What the person wrote.
    pub comment: Option<String>,
    /// Numbers the caller said to dial.
    pub callbacks: Vec<String>,
}

/// What became of a report.
#[derive(Clone, Debug)]
pub struct ReportOutcome {
    /// The number it is about.
    pub number: E164,
    /// The client's name of it.
    pub report_id: ReportId,
    /// What became of it. Never `OtherContent`, which is an error.
    pub submitted: Submitted,
}

/// A report as it is kept.
#[derive(Clone, Debug)]
pub struct StoredReport {
    /// The row.
    pub row: ReportRow,
    /// Whether the same reporter said something later.
    pub superseded: bool,
}

/// A page of a number's reports, newest first.
#[derive(Clone, Debug)]
pub struct ReportList {
    /// The number.
    pub number: E164,
    /// The reports.
    pub reports: Vec<StoredReport>,
    /// Leads to the next page; empty at the end.
    pub next_page_token: String,
}

/// Reports of calls: taken in within quotas, weighed by the trust in their reporters, kept for good.
pub struct Reports {
    writer: Arc<Writer>,
    page_key: PageKey,
    /// Keys the hashes of reporters.
    reporter_key: [u8; 32],
    /// Keys the slots by which a reporter's reports of a day are counted once.
    slot_key: [u8; 32],
    /// How many reports a day are accepted.
    quotas: Quotas,
    /// The part of the tenant's quota that this instance holds. Locked while more is fetched, so that one request fetches
    /// for all.
    budget: tokio::sync::Mutex<Budget>,
}

impl Reports {
    pub(super) fn new(writer: Arc<Writer>, page_key: PageKey, meta: &Meta, quotas: Quotas) -> Self {
        Self {
            writer,
            page_key,
            reporter_key: meta.derived_key("ringwarden 2026 reporter hashes"),
            slot_key: meta.derived_key("ringwarden 2026 slots of quotas"),
            quotas,
            budget: tokio::sync::Mutex::default(),
        }
    }

    /// The keyed hash that stands for a reporter.
    #[must_use]
    pub fn reporter_hash(&self, name: &str) -> ReporterHash {
        ReporterHash::keyed(&self.reporter_key, TenantId::DEFAULT.as_str(), name)
    }
}
