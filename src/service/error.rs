//! The errors of the service. The api converts them in one table.

use std::fmt;
use std::time::Duration;

use crate::clock::Pace;
use crate::codec::UnreadableValue;
use crate::domain::case::TransitionError;
use crate::domain::ids::ReportId;
use crate::domain::kinds::CaseStatus;
use crate::metrics::StoreErrorKind;
use crate::metrics::label::Label as _;
use crate::store::StoreError;

/// A field of a request that is wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field's name in the request, such as `report.number` or `links[3].confidence`.
    pub field: String,
    /// What is wrong and what is accepted, to be read after `field: `. It never repeats the value.
    pub problem: String,
}

impl Violation {
    /// A violation of one field.
    #[must_use]
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
        }
    }
}

/// A daily quota of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// The quota of one reporter.
    Reporter,
    /// The quota of the tenant.
    Tenant,
    /// The part of the tenant's quota that one principal may use.
    Principal,
}

impl Quota {
    /// A stable name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reporter => "reporter",
            Self::Tenant => "tenant",
            Self::Principal => "principal",
        }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {}", self.name())
    }
}

/// The text for a report whose id was used before, with the way out. A client does not know an id that was made here.
fn differs(made_id: Option<&ReportId>, stored: u32, sent: u32) -> String {
    let subject = match made_id {
        Some(id) => format!("the `report_id` {id}, made from number, reporter, time and channel,"),
        None => "the `report_id`".to_owned(),
    };
    let way_out = if sent > stored {
        "a correction keeps the number, the reporter, the time, the source, the feed, the call-back numbers and the principal that sends it"
    } else {
        "a higher `revision` corrects it"
    };
    format!("{subject} was used before with different content: the stored report has revision {stored}, and {way_out}")
}

/// The text for an id that was used before. That of a principal and of its credentials is used by another principal.
fn used(field: &str) -> String {
    match field {
        "principal_id" => {
            "another principal has this `principal_id`, and names that differ in case only count as the same".to_owned()
        }
        "certificate_sha256" => "the `certificate_sha256` is bound to another principal".to_owned(),
        "subjects" => "one of the `subjects` is bound to another principal".to_owned(),
        "key_id" => "the `key_id` was used before: make another key".to_owned(),
        _ => format!("the `{field}` was used before with different content"),
    }
}

/// The errors of a request.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ServiceError {
    /// The request is not valid; the state of the server does not matter.
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    /// The requested record does not exist.
    #[error("the {resource} does not exist")]
    NotFound {
        /// The kind of record, such as `case`.
        resource: &'static str,
    },
    /// The id was used before with different content, or a name or a credential is that of another principal.
    #[error("{}", used(.field))]
    ContentMismatch {
        /// The field with the id, such as `request_id`.
        field: &'static str,
    },
    /// A report with this id, and with different content, is stored.
    #[error("{}", differs(.made_id.as_ref(), *.stored, *.sent))]
    ReportMismatch {
        /// The id, if the service made it.
        made_id: Option<ReportId>,
        /// The revision of the stored report.
        stored: u32,
        /// The revision that was sent.
        sent: u32,
    },
    /// The record has changed since the client read it.
    #[error("the record is at version {found}, not {expected}: read it again")]
    VersionMismatch {
        /// The version the client expected.
        expected: u64,
        /// The version of the record now.
        found: u64,
    },
    /// The state of the record does not allow the change.
    #[error("{0}")]
    Precondition(String),
    /// The status of a case does not allow the step.
    #[error("{}", TransitionError::NotAllowed { from: *.from, to: *.to })]
    TransitionNotAllowed {
        /// The status of the case.
        from: CaseStatus,
        /// The status asked for.
        to: CaseStatus,
    },
    /// The principal may not claim this.
    #[error("the `{field}` is not granted to this principal")]
    NotGranted {
        /// The field with the claim, such as `source`.
        field: &'static str,
    },
    /// The administrator may not grant this: what speaks for others is granted by the operator of the server.
    #[error(
        "only an administrator of the tenant `default` may add to `{field}`; you may keep or remove what is granted"
    )]
    MayNotGrant {
        /// The field with the new grant, such as `sources`.
        field: &'static str,
    },
    /// Too many requests at the same time.
    #[error("too many requests at the same time: retry later")]
    Exhausted {
        /// The time to wait.
        retry_after: Duration,
    },
    /// A daily quota of reports is used up.
    #[error("the daily report quota of {quota} is used up: it starts again at 00:00 UTC")]
    QuotaExceeded {
        /// The quota.
        quota: Quota,
        /// The time until the next day begins.
        retry_after: Duration,
    },
    /// The store cannot be written now, and nothing was written.
    #[error("the store cannot be reached and nothing was written: retry with the same id")]
    StoreUnavailable,
    /// The stored evidence has another evidence version: a write would mix the two.
    #[error(
        "the stored evidence has another evidence version: restart the server with --migrate, or with the release and model that wrote it"
    )]
    EvidenceVersionMismatch,
    /// The store did not answer: the change may have been applied or not.
    #[error("the store did not answer and the change may have been applied: retry with the same id")]
    OutcomeUnknown,
    /// The index has not been loaded yet.
    #[error("the index is being loaded: retry later")]
    IndexLoading,
    /// A fault of the server. The log has its cause.
    #[error("internal error")]
    Internal,
}

impl ServiceError {
    /// An error about one field.
    #[must_use]
    pub fn field(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation::new(field, problem)])
    }

    /// The error of a step after one that has changed something: nobody knows how much of the request was done.
    pub(super) fn after_a_change(self) -> Self {
        if self.has_changed_nothing() {
            Self::OutcomeUnknown
        } else {
            self
        }
    }

    /// Whether it is certain that the request has changed nothing.
    pub(super) const fn has_changed_nothing(&self) -> bool {
        match self {
            Self::OutcomeUnknown | Self::Internal => false,
            Self::Invalid(_)
            | Self::NotFound { .. }
            | Self::ContentMismatch { .. }
            | Self::ReportMismatch { .. }
            | Self::VersionMismatch { .. }
            | Self::Precondition(_)
            | Self::TransitionNotAllowed { .. }
            | Self::NotGranted { .. }
            | Self::MayNotGrant { .. }
            | Self::Exhausted { .. }
            | Self::QuotaExceeded { .. }
            | Self::StoreUnavailable
            | Self::EvidenceVersionMismatch
            | Self::IndexLoading => true,
        }
    }
}

impl From<UnreadableValue> for ServiceError {
    fn from(unreadable: UnreadableValue) -> Self {
        StoreError::from(unreadable).into()
    }
}

/// The paces of the lines about requests that the store failed, one for each kind of error.
static PACES: [Pace; StoreErrorKind::ALL.len()] = [const { Pace::new() }; StoreErrorKind::ALL.len()];

/// Tells the log that the store failed a request: at most once a second for each kind of error, since every request that
/// comes during an outage fails.
fn tell(error: &StoreError) {
    let pace = PACES.get(StoreErrorKind::from(error).position());
    match pace.and_then(Pace::line) {
        Some(left_out) => tracing::warn!(%error, left_out, "the store failed a request"),
        None => tracing::debug!(%error, "the store failed a request"),
    }
}

/// The cause goes to the log here. Clients get only what they can act on.
impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        tell(&error);
        match error {
            StoreError::OutcomeUnknown { .. } => Self::OutcomeUnknown,
            StoreError::Unavailable { .. }
            | StoreError::Replica { .. }
            | StoreError::WritesRefused { .. }
            | StoreError::Foreign { .. } => Self::StoreUnavailable,
            StoreError::Damaged { .. } | StoreError::Unreadable { .. } | StoreError::OtherFormat { .. } => {
                Self::Internal
            }
            StoreError::Refused { .. } => Self::Precondition("the record has reached a limit of the store".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    use super::*;

    /// Counts warnings.
    struct Warnings(Arc<AtomicUsize>);

    impl Subscriber for Warnings {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            *metadata.level() <= Level::WARN
        }

        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    /// Each of thousands of requests in a second is refused while the store is full. Other tests may have used the second up.
    #[test]
    fn a_second_of_refused_requests_is_one_line_of_the_log() {
        let count = Arc::new(AtomicUsize::new(0));
        tracing::subscriber::with_default(Warnings(Arc::clone(&count)), || {
            let began = crate::clock::monotonic();
            for _ in 0..1_000 {
                let cause = "full".to_owned();
                let error = ServiceError::from(StoreError::WritesRefused { cause });
                assert!(matches!(error, ServiceError::StoreUnavailable));
            }
            let seconds = usize::try_from(began.elapsed().as_secs()).unwrap();
            assert!(count.load(Ordering::Relaxed) <= 1 + seconds);
        });
    }
}
