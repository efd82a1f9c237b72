//! The values of labels. They are closed lists, so that no number, name or text of a client can become a label, and
//! every series exists from the start with the value zero.

use crate::domain::kinds::{Action, Basis, ListKind};
use crate::domain::policy::Enforcement;
use crate::store::StoreError;

/// A closed list of label values.
pub trait Label: Copy + 'static {
    /// Name of the label.
    const NAME: &'static str;
    /// All values. [`Label::position`] is the index into this list.
    const ALL: &'static [Self];

    /// The value in the text format of Prometheus.
    fn value(self) -> &'static str;

    /// The index of the value in [`Label::ALL`].
    fn position(self) -> usize;
}

macro_rules! label {
    (
        $(#[$meta:meta])*
        $name:ident $label:literal { $( $(#[$vmeta:meta])* $variant:ident $value:literal ),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $( $(#[$vmeta])* $variant ),+ }

        impl Label for $name {
            const NAME: &'static str = $label;
            const ALL: &'static [Self] = &[ $( Self::$variant ),+ ];

            fn value(self) -> &'static str {
                match self { $( Self::$variant => $value ),+ }
            }

            fn position(self) -> usize { self as usize }
        }
    };
}
pub(super) use label;

label! {
    /// The edge that received a lookup.
    EdgeLabel "edge" {
        /// gRPC.
        Grpc "grpc",
        /// JSON over HTTP.
        Http "http",
    }
}

label! {
    /// Why a connection was dropped or refused.
    DropLabel "reason" {
        /// It was idle and made room for another one.
        Evicted "evicted",
        /// It had no request for `--idle-timeout`.
        Idle "idle",
        /// The client took nothing of an answer for 30 s.
        SlowReader "slow_reader",
        /// The client opened calls and reset them at once.
        RapidResets "rapid_resets",
        /// Its address had as many connections as it may, and none was idle.
        AddressLimit "address_limit",
    }
}

label! {
    /// Why a request was refused before it was handled.
    RefusalLabel "reason" {
        /// The server holds as much of requests and answers as it may.
        Memory "memory",
        /// The connection does.
        ConnectionMemory "connection_memory",
        /// The connection, or the server, has as many health checks in progress as it may.
        HealthChecks "health_checks",
        /// The request did not arrive in time.
        Unfinished "unfinished",
        /// It had to wait for its turn for longer than its client waits for the answer.
        Late "late",
        /// It was not taken up, since those before it had waited for too long.
        Overload "overload",
        /// The principal has used up its quota of lookups.
        QuotaLookups "quota_lookups",
        /// The principal has used up its quota of reports.
        QuotaReports "quota_reports",
        /// The principal has used up its quota of other requests.
        QuotaOther "quota_other",
        /// The network has used up the quota of requests without an accepted credential.
        QuotaUnauthenticated "quota_unauthenticated",
    }
}

label! {
    /// The outcome of a lookup.
    LookupOutcomeLabel "outcome" {
        /// The number was scored.
        Scored "scored",
        /// Nothing is known about the number.
        Unknown "unknown",
        /// Numbers of this kind are not scored: protected, impossible, short or anonymous.
        NotScored "not_scored",
        /// The request was refused.
        Invalid "invalid",
        /// The server could not answer.
        Error "error",
    }
}

label! {
    /// The outcome of a reload of the configuration.
    ConfigReloadLabel "outcome" {
        /// The new configuration is in force.
        Applied "applied",
        /// The new configuration has a fault; the old one stays in force.
        Refused "refused",
    }
}

label! {
    /// What became of a line of the decision log.
    DecisionLogLabel "outcome" {
        /// It is in the file.
        Written "written",
        /// The queue had no room for it.
        Dropped "dropped",
        /// It could not be written.
        Failed "failed",
    }
}

label! {
    /// The outcome of one submitted report.
    ReportOutcomeLabel "outcome" {
        /// The report is stored and counts.
        Accepted "accepted",
        /// The same report is already stored.
        AlreadyKnown "already_known",
        /// The report is a correction, and counts in place of its earlier revision.
        Revised "revised",
        /// A later revision of the report is already stored.
        Outdated "outdated",
        /// The report was withdrawn before it arrived, or before it arrived again.
        Withdrawn "withdrawn",
        /// The call took place before the number was reset.
        BeforeReset "before_reset",
        /// The report was refused.
        Rejected "rejected",
        /// The report was refused, because its principal was not granted its source, feed or import.
        NotGranted "not_granted",
        /// Another report has the same id, or too many writers changed the number at the same time.
        Conflict "conflict",
        /// The report was refused, because its reporter or tenant has used up the quota of the day.
        OverQuota "over_quota",
        /// The report is not stored, because the store is unavailable.
        Unavailable "unavailable",
        /// It is unknown whether the report is stored.
        OutcomeUnknown "outcome_unknown",
    }
}

label! {
    /// Ten points of the score. A band has its lower bound and not its upper one; the last one has 100 too.
    ScoreBand "band" {
        /// 0 to 10.
        From0 "0-10",
        /// 10 to 20.
        From10 "10-20",
        /// 20 to 30.
        From20 "20-30",
        /// 30 to 40.
        From30 "30-40",
        /// 40 to 50.
        From40 "40-50",
        /// 50 to 60.
        From50 "50-60",
        /// 60 to 70.
        From60 "60-70",
        /// 70 to 80.
        From70 "70-80",
        /// 80 to 90.
        From80 "80-90",
        /// 90 to 100.
        From90 "90-100",
        /// There is no score: nothing is known of the number, or such numbers are not scored.
        None "none",
        /// There may be a score, but it was not found.
        Unknown "unknown",
    }
}

impl ScoreBand {
    /// The band of a score from 0 to 100.
    #[must_use]
    pub fn of(score: Option<f64>) -> Self {
        let Some(score) = score else { return Self::None };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a score is from 0 to 100, and the cast saturates"
        )]
        let place = ((score / 10.0) as usize).min(Self::From90 as usize);
        Self::ALL.get(place).copied().unwrap_or(Self::Unknown)
    }
}

label! {
    /// A mutation other than a submitted report. The value is its method in the contract.
    MutationLabel "method" {
        /// `WithdrawReport`.
        WithdrawReport "WithdrawReport",
        /// `WithdrawReports`.
        WithdrawReports "WithdrawReports",
        /// `ModerateComment`.
        ModerateComment "ModerateComment",
        /// `SetNumberStatus`.
        SetNumberStatus "SetNumberStatus",
        /// `ClearNumberStatus`.
        ClearNumberStatus "ClearNumberStatus",
        /// `ResetNumber`.
        ResetNumber "ResetNumber",
        /// `EraseNumber`.
        EraseNumber "EraseNumber",
        /// `CreateCase`.
        CreateCase "CreateCase",
        /// `UpdateCase`.
        UpdateCase "UpdateCase",
        /// `TransitionCase`.
        TransitionCase "TransitionCase",
        /// `LinkNumbers`.
        LinkNumbers "LinkNumbers",
        /// `UnlinkNumbers`.
        UnlinkNumbers "UnlinkNumbers",
        /// `ReplaceList`.
        ReplaceList "ReplaceList",
        /// `AddNote`.
        AddNote "AddNote",
        /// `CreatePrincipal`.
        CreatePrincipal "CreatePrincipal",
        /// `UpdatePrincipal`.
        UpdatePrincipal "UpdatePrincipal",
        /// `AddKey`.
        AddKey "AddKey",
        /// `RevokeKey`.
        RevokeKey "RevokeKey",
        /// `SetVisibility`.
        SetVisibility "SetVisibility",
        /// `SetAcceptance`.
        SetAcceptance "SetAcceptance",
    }
}

label! {
    /// Why a credential was not accepted.
    RefusedLabel "reason" {
        /// The request has none.
        Missing "missing",
        /// It has not the form of a credential.
        Malformed "malformed",
        /// Nobody has it.
        Unknown "unknown",
        /// The secret is another one.
        WrongSecret "wrong_secret",
        /// It is not valid yet.
        NotYet "not_yet",
        /// Its time is over.
        Expired "expired",
        /// It was revoked.
        Revoked "revoked",
        /// Its principal is locked out.
        Disabled "disabled",
        /// Several principals have it.
        Ambiguous "ambiguous",
        /// The algorithm of a token is not accepted, or is not one of its key.
        WrongAlgorithm "wrong_algorithm",
        /// A token names a key that the provider does not have.
        UnknownKey "unknown_key",
        /// A token has a wrong signature.
        WrongSignature "wrong_signature",
        /// A token is of another issuer.
        WrongIssuer "wrong_issuer",
        /// A token is for somebody else.
        WrongAudience "wrong_audience",
        /// A token was not checked, since its network has sent too many.
        NotChecked "not_checked",
        /// TLS refused a client certificate, whose time is over.
        CertificateExpired "certificate_expired",
        /// The same, whose time has not begun.
        CertificateNotYet "certificate_not_yet",
        /// The same, which no authority of `--tls-client-ca` has signed.
        CertificateForeign "certificate_foreign",
        /// The same, which cannot be that of a client: it has not version 3, is that of an authority, or is for other purposes.
        CertificateForm "certificate_form",
        /// The same, whose key the client does not have.
        CertificateKey "certificate_key",
    }
}

label! {
    /// The outcome of a mutation.
    MutationOutcomeLabel "outcome" {
        /// The change is stored, by this request or by an earlier one with the same request id.
        Done "done",
        /// The content of the request was refused: an invalid field, an unknown id, or a transition that is not
        /// allowed.
        Rejected "rejected",
        /// The record does not have the expected version, or the request id was used for another request.
        Conflict "conflict",
        /// Nothing is stored, because the store is unavailable.
        Unavailable "unavailable",
        /// It is unknown whether the change is stored.
        OutcomeUnknown "outcome_unknown",
    }
}

label! {
    /// The kind of an error of a store.
    StoreErrorKind "kind" {
        /// The store does not answer.
        Unavailable "unavailable",
        /// The store is a replica of another server.
        Replica "replica",
        /// The store answers reads, and refuses all writes for now.
        WritesRefused "writes_refused",
        /// The store did not answer in time, or the connection broke.
        OutcomeUnknown "outcome_unknown",
        /// The store is no longer the one that was opened, has been emptied, or has another format.
        Foreign "foreign",
        /// The store holds bytes that cannot be decoded.
        Unreadable "unreadable",
        /// The store refused a commit that exceeds a limit.
        Refused "refused",
    }
}

impl From<&StoreError> for StoreErrorKind {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => Self::Unavailable,
            StoreError::Replica { .. } => Self::Replica,
            StoreError::WritesRefused { .. } => Self::WritesRefused,
            StoreError::OutcomeUnknown { .. } => Self::OutcomeUnknown,
            StoreError::Foreign { .. } | StoreError::OtherFormat { .. } => Self::Foreign,
            StoreError::Unreadable { .. } | StoreError::Damaged { .. } => Self::Unreadable,
            StoreError::Refused { .. } => Self::Refused,
        }
    }
}

label! {
    /// What came of the comparison of a shard of the index with the store.
    Compared "result" {
        /// Both hold the same records.
        Equal "equal",
        /// They do not.
        Different "different",
        /// Changes came all the time, so nothing could be said.
        Busy "busy",
        /// The store could not be read, so nothing could be said.
        Failed "failed",
    }
}

label! {
    /// Why the follower reloaded a shard.
    ReloadReason "reason" {
        /// The entry that was applied last has another nonce now: the store was restored from a copy.
        OtherNonce "other_nonce",
        /// The entry that was applied last is no longer in the change log.
        Absent "absent",
        /// An entry is missing in the middle of the change log.
        Gap "gap",
        /// The change log has another entry in the place of a change that the index showed before its entry was read: the store
        /// has lost that change.
        Unconfirmed "unconfirmed",
        /// The follower is so far behind that the change log no longer holds the entries that it needs.
        Trimmed "trimmed",
        /// A comparison of its records with those of the store has found a difference.
        Different "different",
    }
}

label! {
    /// Why the follower left out an entry of the change log, or a record of a shard that it loaded.
    SkipReason "reason" {
        /// The record is of a kind that this release does not know.
        UnknownKind "unknown_kind",
        /// This release does not accept the name of the tenant.
        UnknownTenant "unknown_tenant",
        /// The record belongs to a tenant that this server does not serve.
        OtherTenant "other_tenant",
        /// The kind is known, but this release does not know such an id.
        UnknownId "unknown_id",
    }
}

label! {
    /// What happened to a submitted outcome of a call.
    CallOutcomeLabel "outcome" {
        /// The outcome counts.
        Counted "counted",
        /// The outcome does not count: it was already known, or the call was refused on advice.
        LeftOut "left_out",
        /// The outcome was not valid.
        Rejected "rejected",
    }
}

impl Label for Basis {
    const NAME: &'static str = "basis";
    const ALL: &'static [Self] = Self::ALL;

    fn value(self) -> &'static str {
        self.name()
    }

    fn position(self) -> usize {
        // The codes start at 1 and have no gaps, like those of actions.
        usize::from(self.code()).saturating_sub(1)
    }
}

impl Label for Action {
    const NAME: &'static str = "action";
    const ALL: &'static [Self] = Self::ALL;

    fn value(self) -> &'static str {
        self.name()
    }

    fn position(self) -> usize {
        // The codes of actions start at 1 and have no gaps; a test checks this.
        usize::from(self.code()).saturating_sub(1)
    }
}

impl Label for Enforcement {
    const NAME: &'static str = "mode";
    const ALL: &'static [Self] = Self::ALL;

    fn value(self) -> &'static str {
        self.name()
    }

    fn position(self) -> usize {
        self.position()
    }
}

impl Label for ListKind {
    const NAME: &'static str = "kind";
    const ALL: &'static [Self] = Self::ALL;

    fn value(self) -> &'static str {
        match self {
            Self::DoNotOriginate => "do_not_originate",
            Self::Protected => "protected",
            Self::Unassigned => "unassigned",
            Self::TenantAllow => "tenant_allow",
            Self::TenantBlock => "tenant_block",
            Self::TenantPrefix => "tenant_prefix",
            Self::KnownOwner => "known_owner",
        }
    }

    fn position(self) -> usize {
        // The codes start at 1 and have no gaps, like those of actions.
        usize::from(self.code()).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests;
