//! The values that labels may have: closed lists, so that no number, name or text of a client can become a label, and
//! every series exists from the start with the value nought.

use crate::domain::kinds::{Action, Basis, ListKind};
use crate::store::StoreError;

/// A closed list of label values.
pub trait Label: Copy + 'static {
    /// The label's name.
    const NAME: &'static str;
    /// Every value; `position` says where in it a value stands.
    const ALL: &'static [Self];

    /// The value as it is exported.
    fn value(self) -> &'static str;

    /// Where the value stands in [`Label::ALL`].
    fn position(self) -> usize;
}

macro_rules! label {
    (
        $(#[$meta:meta])*
        $name:ident $label:literal { $( $(#[$vmeta:meta])* $variant:ident $value:literal ),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

label! {
    /// Which edge a lookup came in by.
    Edge "edge" {
        /// gRPC.
        Grpc "grpc",
        /// JSON over HTTP.
        Http "http",
    }
}

label! {
    /// What a lookup came to.
    LookupOutcome "outcome" {
        /// It was scored.
        Scored "scored",
        /// Nothing is known of the number.
        Unknown "unknown",
        /// The number is of a kind that is not scored: protected, impossible, short, anonymous.
        NotScored "not_scored",
        /// The request was refused.
        Invalid "invalid",
        /// The server could not answer.
        Error "error",
    }
}

label! {
    /// What became of one report.
    ReportOutcome "outcome" {
        /// It is stored and counts.
        Accepted "accepted",
        /// It was stored before, word for word.
        AlreadyKnown "already_known",
        /// It was withdrawn before it came (again).
        Withdrawn "withdrawn",
        /// It is of a time before the number was reset.
        BeforeReset "before_reset",
        /// It was refused.
        Rejected "rejected",
        /// Another report has its id, or its number was written too often at once.
        Conflict "conflict",
        /// It was refused, since the quota of its reporter or tenant is used up for the day.
        OverQuota "over_quota",
        /// It is not stored, for want of a store.
        Unavailable "unavailable",
        /// Whether it is stored is not known.
        OutcomeUnknown "outcome_unknown",
    }
}

label! {
    /// A mutation other than the submission of reports, by its method in the contract.
    Mutation "method" {
        /// `WithdrawReport`.
        WithdrawReport "WithdrawReport",
        /// `WithdrawReports`.
        WithdrawReports "WithdrawReports",
        /// `SetNumberStatus`.
        SetNumberStatus "SetNumberStatus",
        /// `ClearNumberStatus`.
        ClearNumberStatus "ClearNumberStatus",
        /// `ResetNumber`.
        ResetNumber "ResetNumber",
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
    }
}

label! {
    /// What a mutation came to.
    MutationOutcome "outcome" {
        /// It is stored, now or by an earlier request with the same id.
        Done "done",
        /// It was refused for what it says: an invalid field, an unknown id, an illegal transition.
        Rejected "rejected",
        /// The record is not the one the client knew, or the same id was used for something else.
        Conflict "conflict",
        /// Nothing is stored, for want of a store.
        Unavailable "unavailable",
        /// Whether it is stored is not known.
        OutcomeUnknown "outcome_unknown",
    }
}

label! {
    /// What kind of failure a store had.
    StoreErrorKind "kind" {
        /// It does not answer.
        Unavailable "unavailable",
        /// It did not answer in time, or the connection broke.
        OutcomeUnknown "outcome_unknown",
        /// It is empty, or another than the one that was opened.
        Foreign "foreign",
        /// It holds something that cannot be read.
        Unreadable "unreadable",
        /// It refused, since a limit was passed.
        Refused "refused",
    }
}

impl From<&StoreError> for StoreErrorKind {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => Self::Unavailable,
            StoreError::OutcomeUnknown { .. } => Self::OutcomeUnknown,
            StoreError::Foreign { .. } => Self::Foreign,
            StoreError::Unreadable { .. } | StoreError::OtherFormat { .. } => Self::Unreadable,
            StoreError::Refused { .. } => Self::Refused,
        }
    }
}

label! {
    /// Why a follower read a shard anew.
    ReloadReason "reason" {
        /// The last entry it had applied is another one now: the store was restored from a copy.
        OtherNonce "other_nonce",
        /// The last entry it had applied is not there any more.
        Absent "absent",
        /// An entry is missing in the middle of the log.
        Gap "gap",
        /// It was so far behind that the log no longer holds what it lacks.
        Trimmed "trimmed",
    }
}

label! {
    /// What became of the outcome of a call.
    CallOutcome "outcome" {
        /// It counts.
        Counted "counted",
        /// The outcome of its call was known, or the call was refused on advice.
        LeftOut "left_out",
        /// It was faulty.
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
        // Numbered from 1 on without holes, as actions are.
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
        // The domain numbers actions from 1 on, without holes; a test checks it.
        usize::from(self.code()).saturating_sub(1)
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
        }
    }

    fn position(self) -> usize {
        // Numbered as actions are.
        usize::from(self.code()).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<L: Label>() {
        for (position, label) in L::ALL.iter().enumerate() {
            assert_eq!(label.position(), position, "{}={}", L::NAME, label.value());
        }
        let values: std::collections::HashSet<_> = L::ALL.iter().map(|label| label.value()).collect();
        assert_eq!(values.len(), L::ALL.len(), "{} has a value twice", L::NAME);
    }

    #[test]
    fn positions_and_values_are_distinct() {
        check::<Edge>();
        check::<LookupOutcome>();
        check::<ReportOutcome>();
        check::<Mutation>();
        check::<MutationOutcome>();
        check::<StoreErrorKind>();
        check::<ReloadReason>();
        check::<Action>();
        check::<Basis>();
        check::<CallOutcome>();
        check::<ListKind>();
    }
}
