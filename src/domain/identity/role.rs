//! The roles of principals.

use std::fmt;

stable_enum! {
    /// What a principal does. A principal may have several roles.
    Role {
        /// Asks during a call, and may open the time in which an emergency service calls back.
        Carrier = 1 "CARRIER",
        /// Asks and reports for the people who use an app.
        App = 2 "APP",
        /// Reports only.
        Reporter = 3 "REPORTER",
        /// Decides on numbers, keeps lists, and works on cases.
        Analyst = 4 "ANALYST",
        /// Manages principals, and reads the audit log.
        Admin = 5 "ADMIN",
    }
}

/// A set of roles.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Roles(u8);

impl Roles {
    /// No role.
    pub const NONE: Self = Self(0);
    /// Every role.
    pub const ALL: Self = Self::of(Role::ALL);

    /// The set of these roles.
    #[must_use]
    pub const fn of(roles: &[Role]) -> Self {
        let mut bits = 0;
        let mut rest = roles;
        while let [first, others @ ..] = rest {
            bits |= 1 << first.code();
            rest = others;
        }
        Self(bits)
    }

    /// The set with these bits: role `n` has bit `n`. Bits of roles that this release does not know are dropped: they allow
    /// nothing.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// The bits of the set.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether the role is in the set.
    #[must_use]
    pub const fn has(self, role: Role) -> bool {
        self.0 & (1 << role.code()) != 0
    }

    /// Whether the sets share a role.
    #[must_use]
    pub const fn meet(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// Whether there is no role in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The roles of the set, in the order of their integers.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(move |role| self.has(*role))
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().fold(0, |bits, role| bits | 1 << role.code()))
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_the_roles_it_was_made_of() {
        let set: Roles = [Role::Admin, Role::Carrier].into_iter().collect();
        assert_eq!(set, Roles::of(&[Role::Carrier, Role::Admin]));
        assert_eq!(set.iter().collect::<Vec<_>>(), [Role::Carrier, Role::Admin]);
        assert!(set.meet(Roles::of(&[Role::Admin])) && !set.meet(Roles::of(&[Role::App])));
        assert!(Roles::NONE.is_empty() && !Roles::NONE.meet(Roles::ALL));
    }

    #[test]
    fn a_role_of_a_newer_release_allows_nothing() {
        assert_eq!(Roles::from_bits(0xff), Roles::ALL);
        assert!(Roles::from_bits(1 << 7).is_empty());
    }

    /// Stored, and written in settings and documents.
    #[test]
    fn integers_and_names_are_frozen() {
        let all: Vec<_> = Role::ALL.iter().map(|role| (role.code(), role.name())).collect();
        let expected = [
            (1, "CARRIER"),
            (2, "APP"),
            (3, "REPORTER"),
            (4, "ANALYST"),
            (5, "ADMIN"),
        ];
        assert_eq!(all, expected);
    }
}
