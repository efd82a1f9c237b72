//! Whether a call that shows the number of a known owner comes from this owner.

use super::call::Signing;
use super::kinds::OwnerCalls;

/// What the signature of a call says of its origin, for a number whose owner is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The owner placed the call: it passed with attestation A.
    Owner,
    /// Nothing says whether the owner placed it.
    Unproven,
    /// Probably another party placed it: it came through a gateway, where most spoofed calls come from, and some calls of
    /// owners too.
    Suspect,
    /// Another party placed it: the owner never calls, or signs every call; or the signature is false.
    Other,
}

impl Origin {
    /// The origin of a call that shows a number of this owner.
    #[must_use]
    pub const fn of(calls: OwnerCalls, call: Signing) -> Self {
        match (calls, call) {
            (OwnerCalls::Never, _) => Self::Other,
            (_, Signing::A) => Self::Owner,
            (_, Signing::NotGiven) => Self::Unproven,
            (OwnerCalls::Signed, Signing::B | Signing::C | Signing::Unsigned | Signing::Failed)
            | (OwnerCalls::Yes, Signing::Failed) => Self::Other,
            (OwnerCalls::Yes, Signing::B | Signing::Unsigned) => Self::Unproven,
            (OwnerCalls::Yes, Signing::C) => Self::Suspect,
        }
    }

    /// Whether another party is thought to show the number.
    #[must_use]
    pub const fn is_spoofed(self) -> bool {
        matches!(self, Self::Suspect | Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_owner_and_signature_has_one_origin() {
        use Origin::{Other, Owner, Suspect, Unproven};
        let calls = [
            Signing::NotGiven,
            Signing::A,
            Signing::B,
            Signing::C,
            Signing::Unsigned,
            Signing::Failed,
        ];
        for (owner, expected) in [
            (OwnerCalls::Never, [Other; 6]),
            (OwnerCalls::Signed, [Unproven, Owner, Other, Other, Other, Other]),
            (OwnerCalls::Yes, [Unproven, Owner, Unproven, Suspect, Unproven, Other]),
        ] {
            assert_eq!(calls.map(|call| Origin::of(owner, call)), expected, "{owner}");
        }
    }
}
