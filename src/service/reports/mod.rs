//! Reports: submitted, listed, and withdrawn.

mod admit;
mod bands_before;
mod dry_run;
mod expire;
mod export;
mod file;
mod filing;
mod list;
mod made_id;
mod moderate;
mod of_reporter;
mod reporter_keys;
mod reporters;
mod sender;
mod submit;
mod withdraw;

use std::sync::Arc;

use self::bands_before::BandsOfDay;
use super::page::PageKey;
use super::writer::Writer;
use crate::domain::brand::Brand;
use crate::domain::brand_feeds::BrandFeeds;
use crate::domain::comment::CommentLanguage;
use crate::domain::ids::{Area, Feed, ImportId, ReportId};
use crate::domain::kinds::{Attestation, Category, Channel, ReportRole, Source, Verstat};
use crate::domain::quota::{Budget, Quotas};
use crate::domain::report::ReportRow;
use crate::domain::state::Submitted;
use crate::domain::time::Timestamp;
use crate::number::{E164, Region};
use crate::store::Meta;

pub use dry_run::Foreseen;
pub use export::{Export, ExportQuery};
pub(super) use list::{bytes_of, stored_reports};
pub use moderate::Moderated;
#[cfg(test)]
pub(super) use moderate::moderation;
pub use of_reporter::ReporterReports;
pub use reporter_keys::ReporterKeyRing;
pub(super) use reporter_keys::ReporterKeys;
pub use sender::Sender;
#[cfg(test)]
pub(super) use withdraw::withdrawal;
pub use withdraw::{BulkWithdrawn, WithdrawOutcome};

pub(super) use crate::domain::report::MAX_AHEAD;

/// A report as a client sends it; its ids are checked already.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// Its id, chosen by the client. None: the server makes one.
    pub report_id: Option<ReportId>,
    /// Its revision: 0 as first sent, higher if it corrects what was sent before under this id.
    pub revision: u32,
    /// The number as the client wrote it.
    pub number: String,
    /// The region of a number in national form.
    pub default_region: Option<Region>,
    /// The kind of call.
    pub category: Category,
    /// Whether the person says that the call was wanted.
    pub not_spam: bool,
    /// The source of the report.
    pub source: Source,
    /// The party that sends it.
    pub sender: Arc<Sender>,
    /// Whether a brand's own team sends it, about its brand.
    pub of_brand: bool,
    /// The feed that delivered it.
    pub feed: Option<Feed>,
    /// The import that it belongs to.
    pub import: Option<ImportId>,
    /// The client's name of the reporter; kept as a keyed hash only.
    pub reporter: Option<String>,
    /// The rough area of the reporter.
    pub area: Option<Area>,
    /// The reporter's country.
    pub country: Option<[u8; 2]>,
    /// The time of the call; by default the time at which the report was received.
    pub occurred_at: Option<Timestamp>,
    /// The time at which a trusted feed received it. For all other sources it is set to now.
    pub received_at: Option<Timestamp>,
    /// The channel.
    pub channel: Option<Channel>,
    /// The brand impersonated.
    pub brand: Option<Brand>,
    /// How the person came across the number.
    pub role: Option<ReportRole>,
    /// Whether the caller was a recording or a person.
    pub recorded: Option<bool>,
    /// The call's attestation.
    pub attestation: Option<Attestation>,
    /// The result of verifying the call's signature.
    pub verstat: Option<Verstat>,
    /// The person's comment.
    pub comment: Option<String>,
    /// The language of the comment.
    pub comment_language: Option<CommentLanguage>,
    /// Numbers that the caller asked the person to call.
    pub callbacks: Vec<String>,
}

/// The result of submitting one report.
#[derive(Clone, Debug)]
pub struct ReportOutcome {
    /// The number it is about.
    pub number: E164,
    /// Its id, given by the client or made by the server.
    pub report_id: ReportId,
    /// The result. Never `OtherContent`, which is returned as an error.
    pub submitted: Submitted,
}

/// A report as it is kept.
#[derive(Clone, Debug)]
pub struct StoredReport {
    /// The row.
    pub row: ReportRow,
    /// Whether a later report of the same reporter on the number replaces it.
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
    /// The reports on all pages.
    pub total: usize,
}

/// Reports of calls: accepted within quotas, weighed by the trust in their reporters, and kept without a time limit.
pub struct Reports {
    writer: Arc<Writer>,
    page_key: PageKey,
    /// The keys of the hashes of reporters.
    reporter_keys: Arc<ReporterKeys>,
    /// Keys the hashes of the principals that send reports.
    sender_key: [u8; 32],
    /// Keys the ids that the server makes.
    id_key: [u8; 32],
    /// Keys the slots by which a reporter's reports of a day are counted once.
    slot_key: [u8; 32],
    /// Keys the hashes of the contents of reports.
    content_key: [u8; 32],
    /// The daily quotas of reports.
    quotas: Quotas,
    /// The feeds of brands' own teams.
    brand_feeds: BrandFeeds,
    /// The part of the tenant's quota that this instance holds. Locked while more is fetched, so that one request
    /// fetches for all.
    budget: tokio::sync::Mutex<Budget>,
    /// The score that each number had before its first complaint of the day.
    bands: BandsOfDay,
}

impl Reports {
    pub(super) fn new(
        writer: Arc<Writer>,
        page_key: PageKey,
        meta: &Meta,
        quotas: Quotas,
        (brand_feeds, reporter_keys): (BrandFeeds, Arc<ReporterKeys>),
    ) -> Self {
        Self {
            writer,
            page_key,
            reporter_keys,
            sender_key: meta.derived_key("ringwarden 2026 senders of reports"),
            id_key: meta.derived_key("ringwarden 2026 ids of reports"),
            slot_key: meta.derived_key("ringwarden 2026 slots of quotas"),
            content_key: meta.derived_key("ringwarden 2026 contents of reports"),
            quotas,
            brand_feeds,
            budget: tokio::sync::Mutex::default(),
            bands: BandsOfDay::default(),
        }
    }
}
