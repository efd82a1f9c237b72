//! A report on its way into the store: checked against the clock, with its row and its weight.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::reporters::Reporters;
use super::{MAX_AHEAD, NewReport, Reports, Sender};
use crate::domain::call::Ledger;
use crate::domain::comment::CommentFacts;
use crate::domain::ids::{ReportId, SenderHash};
use crate::domain::report::{ReportBody, ReportRow};
use crate::domain::reporter::{Claimed, QuotaSlot};
use crate::domain::state::Submitted;
use crate::domain::time::Timestamp;
use crate::domain::weight::{ReporterTrust, is_trusted_feed};
use crate::number::E164;
use crate::service::ServiceError;
use crate::service::identity::read_number;

/// A report ready to be filed.
#[derive(Clone, Debug)]
pub(super) struct Filing {
    pub(super) number: E164,
    pub(super) row: ReportRow,
    /// The hash of its content as earlier releases stored it, without a key.
    pub(super) content_without_key: u64,
    /// The same row with the id that it has after the number of its report was erased; only of a row of a call-back number.
    pub(super) renamed: Option<Box<ReportRow>>,
    /// The party that sends it.
    pub(super) sender: Arc<Sender>,
    /// Whether the report says when the call was.
    pub(super) timed: bool,
    /// Whether its id was made here, since the sender gave none.
    pub(super) made_id: bool,
    /// Whether no quota applies to it.
    pub(super) exempt: bool,
    /// The error to return, unless the report is already stored.
    pub(super) refused: Option<ServiceError>,
    /// The quota that it has taken.
    pub(super) ticket: Ticket,
}

/// The quota that a report has taken, and its claim. Both are given back if the report turns out not to be new.
#[derive(Clone, Debug, Default)]
pub(super) struct Ticket {
    /// Its slot in the reporter's quota, if this attempt counted it.
    pub(super) slot: Option<QuotaSlot>,
    /// The slots of its call-back numbers, those that this attempt counted.
    pub(super) callback_slots: Vec<QuotaSlot>,
    /// The change that its claim made to the reporter's state.
    pub(super) claimed: Claimed,
    /// The units that it took of the tenant's quota.
    pub(super) units: u64,
}

/// The result of a filing.
#[derive(Clone, Debug)]
pub(super) struct FilingOutcome {
    pub(super) submitted: Submitted,
    /// The time at which a report of this id was stored before.
    pub(super) kept_at: Option<Timestamp>,
    /// The revision of that report; none if there is none, or if its sender alone may learn of it.
    pub(super) kept_revision: Option<u32>,
    /// The sender in the row that is stored now.
    pub(super) stored_sender: Option<SenderHash>,
    /// The call-back numbers of the row that was stored before.
    pub(super) kept_callbacks: Vec<E164>,
}

impl FilingOutcome {
    /// The outcome of a report that does not count. The store keeps no row for it.
    pub(super) const fn withheld(submitted: Submitted) -> Self {
        Self {
            submitted,
            kept_at: None,
            kept_revision: None,
            stored_sender: None,
            kept_callbacks: Vec::new(),
        }
    }
}

impl Filing {
    /// The report as it counts in a quota: one for the number that it is about, and one for each call-back number, since
    /// it adds evidence to each of them.
    pub(super) fn cost(&self) -> u64 {
        (self.row.body.callbacks.len() as u64).saturating_add(1)
    }

    /// The row, and the same one under the id that it has after an erasure.
    pub(super) fn all_ids(&self) -> impl Iterator<Item = &ReportRow> + Clone {
        std::iter::once(&self.row).chain(self.renamed.as_deref())
    }

    /// The id of the row that the report, with this sender in its row, adds to each of its call-back numbers.
    pub(super) fn callback_id(&self, sender: Option<SenderHash>) -> ReportId {
        self.row.id.of_callback(&self.number.digits().to_string(), sender)
    }

    /// The id of this row after the number of the report was erased.
    pub(super) fn renamed_callback_id(&self, key: &[u8; 32], sender: Option<SenderHash>) -> ReportId {
        let number = self.number.digits().to_string();
        self.row.id.of_callback_of_erased(key, &number, sender)
    }

    /// The same filing, whose row may have this id since an erasure. The hash of its content stayed.
    pub(super) fn or_renamed(self, id: ReportId) -> Self {
        let renamed = ReportRow { id, ..self.row.clone() };
        Self {
            renamed: Some(Box::new(renamed)),
            ..self
        }
    }

    /// A filing that no quota applies to. `key` is that of the contents of reports.
    pub(super) fn exempt(key: &[u8; 32], (number, row): (E164, ReportRow), sender: Arc<Sender>, timed: bool) -> Self {
        let row = if timed { row } else { row.timed_by_arrival() };
        Self {
            number,
            content_without_key: row.content,
            row: row.under_key(key),
            renamed: None,
            sender,
            timed,
            made_id: false,
            exempt: true,
            refused: None,
            ticket: Ticket::default(),
        }
    }
}

impl Reports {
    /// Checks a report against the clock. Its weight is that of an unknown reporter until admission sets it.
    pub(super) fn filing(
        &self,
        report: NewReport,
        reporters: &Reporters,
        now: Timestamp,
    ) -> Result<Filing, ServiceError> {
        let number = read_number("number", &report.number, report.default_region)?;
        if report.revision > ReportRow::MAX_REVISION {
            let problem = format!(
                "must be at most {}: withdraw the report, and send another one",
                ReportRow::MAX_REVISION
            );
            return Err(ServiceError::field("revision", problem));
        }
        let callbacks = self.callbacks(&report, number)?;
        let feeds = &self.brand_feeds;
        let of_brand = report.of_brand || feeds.speaks_for(report.source, report.feed.as_ref(), report.brand.as_ref());
        let trusted = (is_trusted_feed(report.source) || of_brand) && report.reporter.is_none();
        let received_at = report.received_at.filter(|_| trusted).unwrap_or(now);
        let occurred_at = report.occurred_at.unwrap_or(received_at);
        let timed = report.occurred_at.is_some();
        for (field, moment) in [("occurred_at", occurred_at), ("received_at", received_at)] {
            if moment > now.plus(MAX_AHEAD) {
                return Err(ServiceError::field(
                    field,
                    "lies more than 5 minutes ahead of the server's clock",
                ));
            }
            if moment < Timestamp::EARLIEST {
                return Err(ServiceError::field(field, "must not be before the year 2000"));
            }
        }
        let reporter = report.reporter.as_deref().map(|name| reporters.hash(name));
        let trust = reporter.map(|_| ReporterTrust::default());
        let weights = &self.writer.fold().weights;
        let weight = if trusted {
            weights.trusted()
        } else {
            weights.weight(report.source, trust)
        };
        let body = ReportBody {
            category: report.category,
            not_spam: report.not_spam,
            source: report.source,
            role: report.role,
            channel: report.channel,
            recorded: report.recorded,
            brand: report.brand,
            ledger: Ledger::of(report.attestation, report.verstat),
            reporter,
            area: report.area,
            country: report.country,
            occurred_at,
            feed: report.feed,
            comment: report.comment.map(String::into_boxed_str),
            callbacks,
        };
        let made_id = report.report_id.is_none();
        let id = match report.report_id {
            Some(id) => id,
            None => self.made_id(number, &body, timed)?,
        };
        let language = report.comment_language.filter(|_| body.comment.is_some());
        let row = ReportRow {
            arrived_at: now,
            revision: report.revision,
            comment: CommentFacts::of_language(language),
            sender: self.party(&report.sender).sender,
            ..ReportRow::accepted(id, body, weight, received_at, report.import)
        };
        Ok(Filing {
            made_id,
            exempt: trusted,
            ..Filing::exempt(&self.content_key, (number, row), report.sender, timed)
        })
    }

    /// Whether a report would be filed, if its quotas allow it.
    #[must_use]
    pub fn is_valid(&self, report: &NewReport) -> bool {
        let reporters = self.new_reporters();
        self.filing(report.clone(), &reporters, self.writer.now()).is_ok()
    }

    fn callbacks(&self, report: &NewReport, number: E164) -> Result<Vec<E164>, ServiceError> {
        let mut callbacks = BTreeSet::new();
        for (place, text) in report.callbacks.iter().enumerate() {
            let field = format!("callback_numbers[{place}]");
            callbacks.insert(read_number(&field, text, report.default_region)?);
        }
        callbacks.remove(&number);
        Ok(callbacks.into_iter().collect())
    }
}
