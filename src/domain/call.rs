//! How a call was signed, and which of a number's three ledgers apply to it.
//!
//! A call is not the number it shows: the rightful user of a number can sign for it, a spoofer cannot. So complaints
//! about unauthenticated calls say nothing about authenticated calls, and the other way round.

use super::kinds::{Attestation, Verstat};

/// The most lookups in one batch.
pub const MAX_BATCH_LOOKUPS: usize = 1_000;

/// The signature of a call (SHAKEN, ATIS-1000074), after its verification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Signing {
    /// Not stated, or verification timed out; this is not the same as unsigned. Also used for the number itself, apart
    /// from any call.
    #[default]
    NotGiven,
    /// Full attestation.
    A,
    /// Partial attestation.
    B,
    /// Gateway attestation.
    C,
    /// Known to be unsigned.
    Unsigned,
    /// The signature did not verify. The usual cause is broken provisioning, so it accuses nobody. The caller is not
    /// known, so the facts about the number do not apply to the call.
    Failed,
}

/// The ledger of a number that a report goes into. Complaints about unauthenticated calls never count in the ledger of
/// authenticated calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Ledger {
    /// The call carried attestation A and its signature verified.
    Authenticated = 0,
    /// The call carried B or C, failed verification, or was known to be unsigned.
    Unauthenticated = 1,
    /// The attestation is not stated, as in every regulator's feed.
    Unknown = 2,
}

/// The ledgers of a number that are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LedgerView {
    /// All of them: for the number itself.
    #[default]
    All,
    /// For a call that the number's owner is responsible for: authenticated and unknown.
    Authenticated,
    /// For a call that a known owner signed: authenticated alone.
    AuthenticatedOnly,
    /// For a call that anybody may have made: unauthenticated and unknown.
    Unauthenticated,
}

impl Signing {
    /// From the attestation and the verification result that a switch gives.
    #[must_use]
    pub const fn of(attestation: Option<Attestation>, verstat: Option<Verstat>) -> Self {
        match (attestation, verstat) {
            (_, Some(Verstat::Failed)) => Self::Failed,
            (Some(Attestation::A), Some(Verstat::Passed) | None) => Self::A,
            (Some(Attestation::B), _) => Self::B,
            (Some(Attestation::C), _) => Self::C,
            (Some(Attestation::None), _) | (None, Some(Verstat::NoValidation)) => Self::Unsigned,
            (Some(Attestation::A), Some(Verstat::NotProvided | Verstat::NoValidation))
            | (None, Some(Verstat::Passed | Verstat::NotProvided) | None) => Self::NotGiven,
        }
    }

    /// The ledger that a report of this call goes into.
    #[must_use]
    pub const fn ledger(self) -> Ledger {
        match self {
            Self::A => Ledger::Authenticated,
            Self::B | Self::C | Self::Unsigned | Self::Failed => Ledger::Unauthenticated,
            Self::NotGiven => Ledger::Unknown,
        }
    }

    /// The ledgers that are read for this call. None applies if its signature failed, see [`Self::is_attributable`].
    #[must_use]
    pub const fn view(self) -> LedgerView {
        match self {
            Self::NotGiven => LedgerView::All,
            Self::A => LedgerView::Authenticated,
            Self::B | Self::C | Self::Unsigned | Self::Failed => LedgerView::Unauthenticated,
        }
    }

    /// Whether the facts about the number apply to the call at all.
    #[must_use]
    pub const fn is_attributable(self) -> bool {
        !matches!(self, Self::Failed)
    }
}

impl Ledger {
    /// All three, in the order of their integers.
    pub const ALL: [Self; 3] = [Self::Authenticated, Self::Unauthenticated, Self::Unknown];

    /// The ledger for a call with this attestation and verification result.
    #[must_use]
    pub const fn of(attestation: Option<Attestation>, verstat: Option<Verstat>) -> Self {
        Signing::of(attestation, verstat).ledger()
    }

    /// The ledger with this stable integer.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Authenticated),
            1 => Some(Self::Unauthenticated),
            2 => Some(Self::Unknown),
            _ => None,
        }
    }
}

impl LedgerView {
    /// Whether the view reads this ledger.
    #[must_use]
    pub const fn holds(self, ledger: Ledger) -> bool {
        match self {
            Self::All => true,
            Self::Authenticated => matches!(ledger, Ledger::Authenticated | Ledger::Unknown),
            Self::AuthenticatedOnly => matches!(ledger, Ledger::Authenticated),
            Self::Unauthenticated => matches!(ledger, Ledger::Unauthenticated | Ledger::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attestation_and_verstat_give_one_of_six_signings() {
        use Attestation as At;
        use Verstat as V;
        let table = [
            (None, None, Signing::NotGiven),
            (None, Some(V::NotProvided), Signing::NotGiven),
            (None, Some(V::Passed), Signing::NotGiven),
            (None, Some(V::NoValidation), Signing::Unsigned),
            (None, Some(V::Failed), Signing::Failed),
            (Some(At::A), None, Signing::A),
            (Some(At::A), Some(V::Passed), Signing::A),
            (Some(At::A), Some(V::NotProvided), Signing::NotGiven),
            (Some(At::A), Some(V::NoValidation), Signing::NotGiven),
            (Some(At::A), Some(V::Failed), Signing::Failed),
            (Some(At::B), Some(V::Passed), Signing::B),
            (Some(At::C), Some(V::Passed), Signing::C),
            (Some(At::C), None, Signing::C),
            (Some(At::B), Some(V::Failed), Signing::Failed),
            (Some(At::None), None, Signing::Unsigned),
            (Some(At::None), Some(V::Failed), Signing::Failed),
        ];
        for (attestation, verstat, wanted) in table {
            assert_eq!(Signing::of(attestation, verstat), wanted, "{attestation:?} {verstat:?}");
        }
    }

    #[test]
    fn the_ledger_follows_attestation_and_verification() {
        use Attestation::{A, B, C};
        use Verstat::{Failed, NoValidation, NotProvided, Passed};
        assert_eq!(Ledger::of(Some(A), Some(Passed)), Ledger::Authenticated);
        assert_eq!(Ledger::of(Some(A), None), Ledger::Authenticated);
        assert_eq!(Ledger::of(Some(A), Some(Failed)), Ledger::Unauthenticated);
        assert_eq!(Ledger::of(Some(B), Some(Passed)), Ledger::Unauthenticated);
        assert_eq!(Ledger::of(Some(C), None), Ledger::Unauthenticated);
        assert_eq!(Ledger::of(Some(Attestation::None), None), Ledger::Unauthenticated);
        assert_eq!(Ledger::of(None, Some(NoValidation)), Ledger::Unauthenticated);
        assert_eq!(Ledger::of(None, Some(NotProvided)), Ledger::Unknown);
        assert_eq!(Ledger::of(None, None), Ledger::Unknown);
    }

    /// A complaint about a call is read again for calls with the same kind of signing.
    #[test]
    fn a_view_holds_the_ledger_of_its_own_reports() {
        for &signing in &[
            Signing::NotGiven,
            Signing::A,
            Signing::B,
            Signing::C,
            Signing::Unsigned,
            Signing::Failed,
        ] {
            assert!(signing.view().holds(signing.ledger()), "{signing:?}");
            assert!(signing.view().holds(Ledger::Unknown), "{signing:?}");
        }
        assert!(!LedgerView::Authenticated.holds(Ledger::Unauthenticated));
        assert!(!LedgerView::Unauthenticated.holds(Ledger::Authenticated));
        let alone = Ledger::ALL.map(|ledger| LedgerView::AuthenticatedOnly.holds(ledger));
        assert_eq!(alone, [true, false, false]);
    }
}
