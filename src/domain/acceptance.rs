//! What a tenant lets other tenants decide on its calls.
//!
//! A tenant may read all that another one shares with it ([`super::visibility`]). It counts in scores and decisions only for a
//! tenant that accepts it: nobody blocks, protects or labels a number for another tenant without its consent.

use std::collections::BTreeMap;

use super::requests::Requests;
use super::tenant::TenantId;
use super::time::Timestamp;
use super::unknown_fields::UnknownFields;

/// The most tenants from which a tenant accepts, or once accepted, something. There are fewer on a server, but names can be
/// misspelt.
pub const MAX_ACCEPTANCES: usize = 1_000;

stable_enum! {
    /// A kind of shared things that count in decisions.
    SharedKind {
        /// The evidence of reports.
        Reports = 1 "REPORTS",
        /// The statuses of numbers.
        Statuses = 2 "STATUSES",
        /// The lists, except those of a tenant's own wishes.
        Lists = 3 "LISTS",
        /// The cases, with the numbers that are linked to them.
        Cases = 4 "CASES",
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AcceptedKinds(u8);

/// What a tenant accepts from each other tenant. Tenants from which it accepts nothing are left out.
pub type Accepted = BTreeMap<TenantId, AcceptedKinds>;

/// The record of what a tenant accepts from one other tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The other tenant.
    pub from: TenantId,
    /// What is accepted from it.
    pub kinds: AcceptedKinds,
    /// When this was last changed.
    pub changed_at: Timestamp,
    /// The latest mutations, by request id.
    pub requests: Requests,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

impl AcceptedKinds {
    /// The set with these bits. Bits of kinds that this release does not know are kept, and accept nothing here.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The bits: kind `n` has bit `n`.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether nothing is accepted.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether things of this kind count.
    #[must_use]
    pub const fn accept(self, kind: SharedKind) -> bool {
        self.0 & bit(kind) != 0
    }

    /// The kinds, in the order of their integers.
    pub fn iter(self) -> impl Iterator<Item = SharedKind> {
        let kinds = SharedKind::ALL.iter().copied();
        kinds.filter(move |kind| self.accept(*kind))
    }
}

impl FromIterator<SharedKind> for AcceptedKinds {
    fn from_iter<I: IntoIterator<Item = SharedKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | bit(kind)))
    }
}

const fn bit(kind: SharedKind) -> u8 {
    1 << kind.code()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_accepted_at_first() {
        let none = AcceptedKinds::default();
        assert!(none.is_empty() && SharedKind::ALL.iter().all(|kind| !none.accept(*kind)));
        let some: AcceptedKinds = [SharedKind::Lists, SharedKind::Reports].into_iter().collect();
        assert_eq!(
            some.iter().collect::<Vec<_>>(),
            [SharedKind::Reports, SharedKind::Lists]
        );
        assert!(!some.accept(SharedKind::Statuses) && !some.accept(SharedKind::Cases));
        assert_eq!(AcceptedKinds::from_bits(some.bits()), some);
        assert_eq!(AcceptedKinds::from_bits(0xe1).iter().count(), 0, "of a newer release");
    }
}
