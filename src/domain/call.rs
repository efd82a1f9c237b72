//! How a call was signed, and which of a number's three books are opened for it.
//!
//! A call is not the number it shows: whoever is allowed to use a number signs for it, and whoever pretends cannot. So
//! complaints about calls that nobody vouched for say nothing of calls that somebody did, and the other way round.

use super::kinds::{Attestation, Verstat};
use super::report::Ledger;

/// The most lookups in one batch.
pub const MAX_BATCH_LOOKUPS: usize = 1_000;

/// What is known of how a call was signed (SHAKEN, ATIS-1000074), once its signature was verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Signing {
    /// Nothing was said, or verification timed out, which is not the same as unsigned. Also the number itself, apart
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
    /// The signature did not verify: mostly broken provisioning, so it accuses nobody. Whose call it is, is not known,
    /// and what is known of the number does not apply to it.
    Failed,
}

/// Which books of a number are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum View {
    /// All of them: the number itself.
    #[default]
    All,
    /// A call that the number's owner may be held to: authenticated and unknown.
    Authenticated,
    /// A call that may be anybody's: unauthenticated and unknown.
    Unauthenticated,
}

impl Signing {
    /// From what a switch says of a call.
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

    /// The book that a report of such a call goes into.
    #[must_use]
    pub const fn ledger(self) -> Ledger {
        match self {
            Self::A => Ledger::Authenticated,
            Self::B | Self::C | Self::Unsigned | Self::Failed => Ledger::Unauthenticated,
            Self::NotGiven => Ledger::Unknown,
        }
    }

    /// The books that are read for such a call. Of a call whose signature failed none is, see
    /// [`Self::is_of_the_number`].
    #[must_use]
    pub const fn view(self) -> View {
        match self {
            Self::NotGiven => View::All,
            Self::A => View::Authenticated,
            Self::B | Self::C | Self::Unsigned | Self::Failed => View::Unauthenticated,
        }
    }

    /// Whether what is known of the number applies to the call at all.
    #[must_use]
    pub const fn is_of_the_number(self) -> bool {
        !matches!(self, Self::Failed)
    }
}

impl View {
    /// Whether a book is read.
    #[must_use]
    pub const fn holds(self, ledger: Ledger) -> bool {
        match (self, ledger) {
            (Self::All, _) | (_, Ledger::Unknown) => true,
            (Self::Authenticated, ledger) => matches!(ledger, Ledger::Authenticated),
            (Self::Unauthenticated, ledger) => matches!(ledger, Ledger::Unauthenticated),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_switch_says_is_one_of_six() {
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

    /// A complaint about a call is read again for calls that are signed as that one was.
    #[test]
    fn a_view_holds_the_book_that_its_own_complaints_go_into() {
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
        assert!(!View::Authenticated.holds(Ledger::Unauthenticated));
        assert!(!View::Unauthenticated.holds(Ledger::Authenticated));
    }
}
