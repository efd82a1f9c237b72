//! Audit events: who did what, when, to what, before and after, on which request, by which credential, and why.
//!
//! An event is written in the same step as the change that it tells of. Reads of personal text and exports are events
//! too. An event holds no secret and no reporter's id in clear. It holds the whole number that it is about: logs mask it.

mod changes;
mod without;

use xxhash_rust::xxh3::xxh3_64;

use super::actor::Actor;
use super::ids::{CaseId, ImportId, ListId, NumberHash, ReportId, ReporterHash};
use super::note::NoteId;
use super::time::Timestamp;
use crate::number::E164;

pub use changes::{of_acceptance, of_case, of_list, of_note, of_number, of_principal, of_sharing};
pub use without::text_without;

/// The most changed fields of an event.
pub const MAX_CHANGES: usize = 32;
/// The most bytes of the name of a field.
pub const MAX_FIELD_BYTES: usize = 80;
/// The most bytes of a text before or after a change. A longer one is cut, and ends with `…#` and a hash of the whole.
pub const MAX_TEXT_BYTES: usize = 320;
/// The most bytes of a reason. A longer one is cut in the same way.
pub const MAX_REASON_BYTES: usize = 1_024;
/// The most bytes of the id of a credential.
pub const MAX_CREDENTIAL_BYTES: usize = 64;
/// The mark at the end of a text that was cut. Eight hexadecimal digits of a hash of the whole follow, so that two texts with
/// the same beginning differ.
const CUT: &str = "…#";
const HASH_DIGITS: usize = 8;

stable_enum! {
    /// The edge over which a request came.
    AuditEdge {
        /// None: the program itself.
        Internal = 0 "INTERNAL",
        /// gRPC.
        Grpc = 1 "GRPC",
        /// HTTP.
        Http = 2 "HTTP",
    }
}

stable_enum! {
    /// The method of the contract that an event tells of.
    AuditMethod {
        /// A status was set.
        SetNumberStatus = 1 "SET_NUMBER_STATUS",
        /// A status was cleared.
        ClearNumberStatus = 2 "CLEAR_NUMBER_STATUS",
        /// The reports of earlier calls were dropped.
        ResetNumber = 3 "RESET_NUMBER",
        /// A case was created.
        CreateCase = 4 "CREATE_CASE",
        /// Fields of a case were changed.
        UpdateCase = 5 "UPDATE_CASE",
        /// A case went to another status.
        TransitionCase = 6 "TRANSITION_CASE",
        /// A number was linked to a case.
        LinkNumbers = 7 "LINK_NUMBERS",
        /// A link was removed.
        UnlinkNumbers = 8 "UNLINK_NUMBERS",
        /// A list was replaced.
        ReplaceList = 9 "REPLACE_LIST",
        /// A note was added.
        AddNote = 10 "ADD_NOTE",
        /// A moderator decided about a comment.
        ModerateComment = 11 "MODERATE_COMMENT",
        /// One report was withdrawn.
        WithdrawReport = 12 "WITHDRAW_REPORT",
        /// The reports of an import or a reporter were withdrawn.
        WithdrawReports = 13 "WITHDRAW_REPORTS",
        /// A batch of an import was sent.
        BatchSubmitReports = 14 "BATCH_SUBMIT_REPORTS",
        /// Reports were exported.
        ExportReports = 15 "EXPORT_REPORTS",
        /// The dossier of a number was read.
        GetNumber = 16 "GET_NUMBER",
        /// The reports of a number were read.
        ListReports = 17 "LIST_REPORTS",
        /// The comments that wait for a moderator were read.
        ListPendingComments = 18 "LIST_PENDING_COMMENTS",
        /// The reports of a reporter were read.
        ListReporterReports = 19 "LIST_REPORTER_REPORTS",
        /// A principal was created.
        CreatePrincipal = 20 "CREATE_PRINCIPAL",
        /// A principal was changed.
        UpdatePrincipal = 21 "UPDATE_PRINCIPAL",
        /// A principal got a key.
        AddKey = 22 "ADD_KEY",
        /// A key was revoked.
        RevokeKey = 23 "REVOKE_KEY",
        /// A number was erased.
        EraseNumber = 24 "ERASE_NUMBER",
        /// A tenant said who may see something.
        SetVisibility = 25 "SET_VISIBILITY",
        /// A report was sent: alone with an import or a feed, or as a correction that brought a withdrawn report back.
        SubmitReport = 26 "SUBMIT_REPORT",
        /// A tenant said what it accepts from another.
        SetAcceptance = 27 "SET_ACCEPTANCE",
        /// A case was read with notes, or a case of another tenant.
        GetCase = 28 "GET_CASE",
        /// The notes on a number or a case were read.
        ListNotes = 29 "LIST_NOTES",
        /// The comments of a number were compared with those of others.
        ListSimilarNumbers = 30 "LIST_SIMILAR_NUMBERS",
        /// Numbers, cases and brands were searched by a text.
        Search = 31 "SEARCH",
        /// The index was compared with the store, and ids of records were shown.
        GetIndexComparison = 32 "GET_INDEX_COMPARISON",
    }
}

/// By which credential, and over which edge, a request came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// The edge.
    pub edge: AuditEdge,
    /// The id of the credential, never its secret; empty if there was none. At most [`MAX_CREDENTIAL_BYTES`].
    pub credential: Box<str>,
}

impl Default for Via {
    fn default() -> Self {
        Self {
            edge: AuditEdge::Internal,
            credential: "".into(),
        }
    }
}

/// Who asks for something whose message names no actor, and by which way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedBy {
    /// The actor.
    pub actor: Actor,
    /// The way.
    pub via: Via,
}

impl Default for RequestedBy {
    fn default() -> Self {
        Self {
            actor: Actor::reporters(),
            via: Via::default(),
        }
    }
}

/// A thing that an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditSubject {
    /// A number.
    Number(E164),
    /// A case.
    Case(CaseId),
    /// A list.
    List(ListId),
    /// A note.
    Note(NoteId),
    /// A report of the number that the event is also about.
    Report(ReportId),
    /// A principal: the holder of credentials.
    Principal(Box<str>),
    /// An import.
    Import(ImportId),
    /// A reporter, by the keyed hash.
    Reporter(ReporterHash),
    /// A number that was erased, by its keyed hash.
    Erased(NumberHash),
}

/// One changed field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditChange {
    /// The name of the field.
    pub field: Box<str>,
    /// Its text before; empty if it was unset.
    pub old: Box<str>,
    /// Its text after; empty if it is unset.
    pub new: Box<str>,
}

impl AuditChange {
    /// A change, with its texts cut to their limits.
    #[must_use]
    pub fn new(field: &str, old: &str, new: &str) -> Self {
        Self {
            field: bounded(field, MAX_FIELD_BYTES),
            old: bounded(old, MAX_TEXT_BYTES),
            new: bounded(new, MAX_TEXT_BYTES),
        }
    }
}

/// An audit event. Its tenant is in its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// By which credential and over which edge.
    pub via: Via,
    /// On which request; for a report its id. Empty if it had none.
    pub request: Box<str>,
    /// What was done.
    pub method: AuditMethod,
    /// To what; none for all numbers.
    pub subject: Option<AuditSubject>,
    /// What else it concerns: the case of a link, the number of a report or a note.
    pub related: Option<AuditSubject>,
    /// What changed, or the figures of a batch; at most [`MAX_CHANGES`].
    pub changes: Vec<AuditChange>,
    /// Why; empty if no reason was given.
    pub reason: Box<str>,
}

impl AuditEvent {
    /// Whether it is about this thing.
    #[must_use]
    pub fn is_about(&self, subject: &AuditSubject) -> bool {
        self.subject.as_ref() == Some(subject) || self.related.as_ref() == Some(subject)
    }

    /// The event without a number that is erased: a hash takes the place of the number, and what changed, why, and the ids
    /// of reports and notes are gone. Who did what, when, by which credential, and to which case stays. None if the event
    /// is not about the number.
    #[must_use]
    pub fn without_number(&self, number: E164, hash: NumberHash) -> Option<Self> {
        if !self.is_about(&AuditSubject::Number(number)) {
            return None;
        }
        let without = |subject: &Option<AuditSubject>| match subject {
            Some(AuditSubject::Number(of)) if *of == number => Some(AuditSubject::Erased(hash)),
            Some(AuditSubject::Report(_) | AuditSubject::Note(_)) | None => None,
            Some(other) => Some(other.clone()),
        };
        // The id of a request is a text of a client, which may be made of the number.
        let names_it = text_without(&self.request, number) != *self.request;
        Some(Self {
            subject: without(&self.subject),
            related: without(&self.related),
            changes: Vec::new(),
            reason: "".into(),
            request: if names_it { "".into() } else { self.request.clone() },
            ..self.clone()
        })
    }
}

/// At most [`MAX_CHANGES`] changes; the last says how many more there are.
#[must_use]
pub fn bounded_changes(mut changes: Vec<AuditChange>) -> Vec<AuditChange> {
    let count = changes.len();
    if count > MAX_CHANGES {
        changes.truncate(MAX_CHANGES - 1);
        let left_out = count - changes.len();
        changes.push(AuditChange::new("more changes", "", &left_out.to_string()));
    }
    changes
}

/// A text of at most so many bytes, which are more than the mark takes. A longer one is cut, and ends with `…#` and a hash of
/// the whole.
#[must_use]
pub fn bounded(text: &str, max_bytes: usize) -> Box<str> {
    if text.len() <= max_bytes {
        return text.into();
    }
    let end = text.floor_char_boundary(max_bytes.saturating_sub(CUT.len() + HASH_DIGITS));
    let kept = text.get(..end).unwrap_or_default();
    let hash = xxh3_64(text.as_bytes()) >> 32;
    format!("{kept}{CUT}{hash:08x}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_a_character() {
        assert_eq!(&*bounded("abc", 3), "abc");
        let cut = bounded("abcdefghijklmnop", 15);
        assert!(cut.starts_with("abc…#") && cut.len() == 15, "{cut}");
        assert!(bounded("äöüäöüäöü", 16).starts_with("äö…#"));
        assert_ne!(bounded(&"a".repeat(99), 20), bounded(&"a".repeat(98), 20));
        assert!(bounded(&"ä".repeat(900), MAX_REASON_BYTES).len() <= MAX_REASON_BYTES);
        let change = AuditChange::new("title", &"x".repeat(5_000), "");
        assert_eq!(change.old.len(), MAX_TEXT_BYTES);
    }

    #[test]
    fn changes_are_bounded() {
        let change = |n: usize| AuditChange::new(&n.to_string(), "", "");
        let all = bounded_changes((0..40).map(change).collect());
        assert_eq!(all.len(), MAX_CHANGES);
        assert_eq!(all.last().unwrap(), &AuditChange::new("more changes", "", "9"));
        assert_eq!(
            bounded_changes((0..MAX_CHANGES).map(change).collect()).len(),
            MAX_CHANGES
        );
    }

    #[test]
    fn an_event_without_its_number_tells_who_and_when_and_of_which_case() {
        let (number, other) = (
            E164::from_digits(14_155_550_199).unwrap(),
            E164::from_digits(14_155_550_198).unwrap(),
        );
        let hash = NumberHash::keyed(&[1; 32], "default", number);
        let case = CaseId::parse("c-1").unwrap();
        let event = AuditEvent {
            at: Timestamp::from_secs(5),
            actor: Actor::parse("ana").unwrap(),
            via: Via::default(),
            request: "link-14155550199".into(),
            method: AuditMethod::LinkNumbers,
            subject: Some(AuditSubject::Number(number)),
            related: Some(AuditSubject::Case(case.clone())),
            changes: vec![AuditChange::new("link", "", "0.9")],
            reason: "the owner of +1 415 555 0199 said so".into(),
        };
        assert_eq!(event.without_number(other, hash), None);
        let without = event.without_number(number, hash).unwrap();
        assert_eq!(without.subject, Some(AuditSubject::Erased(hash)));
        assert_eq!(without.related, Some(AuditSubject::Case(case)));
        assert_eq!((without.at, &without.actor), (event.at, &event.actor));
        assert!(without.changes.is_empty() && without.reason.is_empty() && without.request.is_empty());
        assert_eq!(without.without_number(number, hash), None);
        let of_report = AuditEvent {
            request: "r-1".into(),
            related: Some(AuditSubject::Report(ReportId::parse("r-1").unwrap())),
            ..event
        };
        let without = of_report.without_number(number, hash).unwrap();
        assert_eq!((&*without.request, without.related), ("r-1", None));
    }

    #[test]
    fn integers_and_names_are_frozen() {
        let codes: Vec<u8> = AuditMethod::ALL.iter().map(|method| method.code()).collect();
        assert_eq!(codes, (1..=32).collect::<Vec<u8>>());
        assert_eq!(
            AuditMethod::from_name("set-number-status"),
            Some(AuditMethod::SetNumberStatus)
        );
        assert_eq!(
            AuditEdge::ALL.iter().map(|edge| edge.code()).collect::<Vec<_>>(),
            [0, 1, 2]
        );
    }
}
