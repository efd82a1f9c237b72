//! A report, and the compact row that is stored of it.

use std::time::Duration;

use xxhash_rust::xxh3::Xxh3;

use super::brand::Brand;
use super::call::Ledger;
use super::comment::CommentFacts;
use super::ids::{Area, Feed, ImportId, ReportId, ReporterHash, SenderHash};
use super::kinds::{Category, Channel, ReportRole, Source};
use super::time::Timestamp;
use super::unknown_fields::UnknownFields;
use crate::number::E164;

/// The most that the time of a call, or of other evidence, may be ahead of the server's clock.
pub const MAX_AHEAD: Duration = Duration::from_secs(300);

/// The most reports in one batch.
pub const MAX_BATCH_REPORTS: usize = 5_000;

/// Whether a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RowState {
    /// It counts, unless the same reporter has a later row.
    Live = 0,
    /// It was withdrawn: the row stays, so that the same report is not accepted again without a later revision.
    Withdrawn = 1,
    /// It was withdrawn before it arrived: only the id is known.
    Tombstone = 2,
}

/// The party that sends or withdraws a report, as far as it matters for rows that are stored already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its principal; none if it has none.
    pub sender: Option<SenderHash>,
    /// Whether it decides on reports of others: an analyst, an administrator, or anybody on a server without principals.
    pub decides: bool,
}

impl Party {
    /// Anybody, on a server without principals.
    pub const OPEN: Self = Self {
        sender: None,
        decides: true,
    };
}

/// The content of a report, apart from the number, its id, and how it arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportBody {
    /// The kind of call.
    pub category: Category,
    /// The person says that the call was wanted.
    pub not_spam: bool,
    /// Where the report comes from.
    pub source: Source,
    /// How the person came across the number.
    pub role: Option<ReportRole>,
    /// The channel of that contact.
    pub channel: Option<Channel>,
    /// Recorded message or live person, where known.
    pub recorded: Option<bool>,
    /// The brand impersonated.
    pub brand: Option<Brand>,
    /// The ledger it goes into.
    pub ledger: Ledger,
    /// The reporter.
    pub reporter: Option<ReporterHash>,
    /// Where the reporter is, coarsely.
    pub area: Option<Area>,
    /// The reporter's country, ISO 3166 alpha-2, upper case.
    pub country: Option<[u8; 2]>,
    /// When the call took place.
    pub occurred_at: Timestamp,
    /// The feed that it came by.
    pub feed: Option<Feed>,
    /// The person's comment.
    pub comment: Option<Box<str>>,
    /// Numbers that the caller asked the person to dial.
    pub callbacks: Vec<E164>,
}

impl ReportBody {
    /// The most characters of a comment.
    pub const MAX_COMMENT_CHARS: usize = 2_000;
    /// The most call-back numbers of one report.
    pub const MAX_CALLBACKS: usize = 10;

    /// A hash of the content. `import_id` and `received_at` are not part of it: the same report may come again in
    /// another import.
    #[must_use]
    pub fn content_hash(&self) -> u64 {
        let mut hash = Xxh3::new();
        let mut part = |bytes: &[u8]| {
            hash.update(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
            hash.update(bytes);
        };
        part(&[
            self.category.code(),
            u8::from(self.not_spam),
            self.source.code(),
            self.role.map_or(0, ReportRole::code),
            self.channel.map_or(0, Channel::code),
            self.recorded.map_or(2, u8::from),
            self.ledger as u8,
        ]);
        part(self.brand.as_ref().map_or("", Brand::as_str).as_bytes());
        part(&self.reporter.map_or([0; 8], |reporter| reporter.raw().to_le_bytes()));
        part(self.area.as_ref().map_or("", Area::as_str).as_bytes());
        part(&self.country.unwrap_or([0; 2]));
        part(&self.occurred_at.millis().to_le_bytes());
        part(self.feed.as_ref().map_or("", Feed::as_str).as_bytes());
        part(self.comment.as_deref().unwrap_or("").as_bytes());
        for callback in &self.callbacks {
            part(&callback.digits().to_le_bytes());
        }
        hash.digest()
    }
}

/// The stored form of an accepted report: the evidence, the idempotency record and, once withdrawn, the tombstone.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportRow {
    /// The client's id of the report.
    pub id: ReportId,
    /// Hash of the body as submitted. It covers the comment even after the comment was dropped, so stores have it under a key
    /// ([`ReportRow::under_key`]).
    pub content: u64,
    /// Whether it counts.
    pub state: RowState,
    /// When it was received: by this server, or by the feed that passed it on.
    pub received_at: Timestamp,
    /// When it arrived at this server, by the server's clock. A feed cannot choose it.
    pub arrived_at: Timestamp,
    /// The import it came with.
    pub import: Option<ImportId>,
    /// Its weight, fixed when it was accepted, and again with each revision.
    pub weight: f32,
    /// Its content.
    pub body: ReportBody,
    /// The revision of the content: 0 as first sent, higher when the sender has corrected it.
    pub revision: u32,
    /// What is known of the comment besides its text.
    pub comment: CommentFacts,
    /// The principal that sent it; none on a server without principals, and in rows of earlier releases. Of a tombstone, the
    /// only principal whose report it keeps from counting; none for all.
    pub sender: Option<SenderHash>,
    /// Whether somebody who decides on reports withdrew it: its sender cannot bring it back. Always false without a sender,
    /// since nobody else could bring such a row back.
    pub withdrawn_by_decision: bool,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

impl ReportRow {
    /// The highest revision of a report, so that nobody has all reports of a number folded again without end: a correction
    /// takes nothing of a quota.
    pub const MAX_REVISION: u32 = 20;

    /// The row of a report that was just accepted, and arrived when it was received.
    #[must_use]
    pub fn accepted(
        id: ReportId,
        body: ReportBody,
        weight: f32,
        received_at: Timestamp,
        import: Option<ImportId>,
    ) -> Self {
        let content = body.content_hash();
        Self {
            id,
            content,
            state: RowState::Live,
            received_at,
            arrived_at: received_at,
            import,
            weight,
            body,
            revision: 0,
            comment: CommentFacts::default(),
            sender: None,
            withdrawn_by_decision: false,
            unknown_fields: UnknownFields::default(),
        }
    }

    /// The same row of a report without a call time: the arrival time takes its place. It is not part of the content
    /// hash; otherwise a retry, which arrives later, would be another report.
    #[must_use]
    pub fn timed_by_arrival(self) -> Self {
        let said = ReportBody {
            occurred_at: Timestamp::default(),
            ..self.body.clone()
        };
        Self {
            content: said.content_hash(),
            ..self
        }
    }

    /// The same row with its content hash under the key of a store: the call-back numbers and the comment that it covers could
    /// else be found by trying all numbers, also after they were erased. Frozen: stores hold it.
    #[must_use]
    pub fn under_key(self, key: &[u8; 32]) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher
            .update(&self.content.to_le_bytes())
            .update(self.id.as_str().as_bytes());
        let mut first = [0; 8];
        hasher.finalize_xof().fill(&mut first);
        Self {
            content: u64::from_le_bytes(first),
            ..self
        }
    }

    /// The row of a report that was withdrawn before it arrived.
    #[must_use]
    pub fn tombstone(id: ReportId, at: Timestamp) -> Self {
        let body = ReportBody {
            category: Category::Unspecified,
            not_spam: false,
            source: Source::Consumer,
            role: None,
            channel: None,
            recorded: None,
            brand: None,
            ledger: Ledger::Unknown,
            reporter: None,
            area: None,
            country: None,
            occurred_at: at,
            feed: None,
            comment: None,
            callbacks: Vec::new(),
        };
        Self {
            id,
            content: 0,
            state: RowState::Tombstone,
            received_at: at,
            arrived_at: at,
            import: None,
            weight: 0.0,
            body,
            revision: 0,
            comment: CommentFacts::default(),
            sender: None,
            withdrawn_by_decision: false,
            unknown_fields: UnknownFields::default(),
        }
    }

    /// Whether a later revision may take the place of this row: it corrects what was said, and is of the same principal,
    /// reporter and source, about the same call. A row without a principal is corrected by those who decide on reports. The
    /// call-back numbers stay, since each has a row of its own.
    #[must_use]
    pub fn may_become(&self, later: &Self, decides: bool) -> bool {
        let (old, new) = (&self.body, &later.body);
        let is_same_principal = self.is_of_sender(later) || self.sender.is_none() && decides;
        let is_same_source = old.reporter == new.reporter && old.source == new.source && old.feed == new.feed;
        let is_same_call = old.occurred_at == new.occurred_at && old.callbacks == new.callbacks;
        later.revision > self.revision && is_same_principal && is_same_source && is_same_call
    }

    /// Whether a report may take the place of this row, which does not count, as a new report with any content: a later
    /// revision by the sender of a report that it withdrew, or by those who decide on reports. So a withdrawal by mistake has a
    /// way back, and an import that was withdrawn can be corrected under the same ids. A tombstone of another sender gives way.
    #[must_use]
    pub fn may_return_as(&self, later: &Self, decides: bool) -> bool {
        let is_own = self.is_of_sender(later);
        match self.state {
            RowState::Live => false,
            RowState::Withdrawn => later.revision > self.revision && (decides || is_own && !self.withdrawn_by_decision),
            RowState::Tombstone => self.sender.is_some() && !is_own,
        }
    }

    /// Whether the sender of a later report may learn of this row: it is its own, or the sender decides on reports. For others
    /// the id is taken, and nothing else.
    #[must_use]
    pub fn is_told_to(&self, later: &Self, decides: bool) -> bool {
        decides || self.is_of_sender(later)
    }

    /// Whether both have a sender, and the same one.
    fn is_of_sender(&self, other: &Self) -> bool {
        self.sender.is_some() && self.sender == other.sender
    }

    /// This row with the content and the weight of a later revision. It keeps its import, its sender and its times of arrival.
    /// A comment that was changed must be moderated again.
    #[must_use]
    pub fn revised(&self, later: Self) -> Self {
        let moderation = if self.body.comment == later.body.comment {
            self.comment.moderation
        } else {
            later.comment.moderation
        };
        Self {
            weight: later.weight,
            content: later.content,
            body: later.body,
            revision: later.revision,
            comment: CommentFacts {
                moderation,
                ..later.comment
            },
            ..self.clone()
        }
    }

    /// Whether the row counts.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state == RowState::Live
    }

    /// The order of a number's rows: by call time, then by id.
    #[must_use]
    pub fn order_key(&self) -> (Timestamp, &ReportId) {
        (self.body.occurred_at, &self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_without_a_time_is_the_same_whenever_it_comes() {
        let body = ReportRow::tombstone(ReportId::parse("x").unwrap(), Timestamp::from_secs(5)).body;
        let at = |secs| {
            let occurred_at = Timestamp::from_secs(secs);
            let body = ReportBody {
                occurred_at,
                ..body.clone()
            };
            ReportRow::accepted(ReportId::parse("a").unwrap(), body, 1.0, occurred_at, None)
        };
        assert_ne!(at(5).content, at(6).content);
        assert_eq!(at(5).timed_by_arrival().content, at(6).timed_by_arrival().content);
    }

    /// A change of the hash makes each retry another report.
    #[test]
    fn the_keyed_hash_of_a_content_is_frozen() {
        let row = |id: &str| {
            let row = ReportRow::tombstone(ReportId::parse(id).unwrap(), Timestamp::from_secs(5));
            ReportRow { content: 7, ..row }
        };
        assert_eq!(row("r-1").under_key(&[7; 32]).content, 10_891_345_091_390_827_359);
        assert_ne!(
            row("r-2").under_key(&[7; 32]).content,
            row("r-1").under_key(&[7; 32]).content
        );
    }

    #[test]
    fn content_leaves_out_import_and_arrival() {
        let body = ReportRow::tombstone(ReportId::parse("x").unwrap(), Timestamp::from_secs(5)).body;
        let first = ReportRow::accepted(
            ReportId::parse("a").unwrap(),
            body.clone(),
            1.0,
            Timestamp::from_secs(9),
            None,
        );
        let import = Some(ImportId::parse("again").unwrap());
        let again = ReportRow::accepted(
            ReportId::parse("a").unwrap(),
            body.clone(),
            0.2,
            Timestamp::from_secs(99),
            import,
        );
        assert_eq!(first.content, again.content);
        let other = ReportBody {
            category: Category::Survey,
            ..body
        };
        assert_ne!(first.content, other.content_hash());
    }
}
