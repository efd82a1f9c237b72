//! What one tenant lets other tenants see of its data.
//!
//! Everything belongs to the tenant that made it, and only that tenant sees it, until the tenant shares it. What is shared
//! is read where it is: there are no copies, so the end of sharing holds at once. A tenant shares single cases, lists and
//! notes, and all of its reports or statuses together. Others may read it then; it counts in their decisions only if they
//! accept it ([`super::acceptance`]).

use std::collections::BTreeSet;

use super::acceptance::SharedKind;
use super::ids::{CaseId, ListId, half_hash};
use super::note::NoteId;
use super::requests::Requests;
use super::tenant::TenantId;
use super::time::Timestamp;
use super::unknown_fields::UnknownFields;

/// The most tenants that one thing is shared with by name.
pub const MAX_NAMED_TENANTS: usize = 32;
/// The most things that a tenant shares.
pub const MAX_SHARED: usize = 10_000;

/// The tenants that may see something, beside its owner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    /// None.
    #[default]
    Private,
    /// These. An empty set means none.
    Named(BTreeSet<TenantId>),
    /// All tenants of the server, also later ones.
    All,
}

/// What can be shared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SharedThing {
    /// The evidence of all reports: their number, their kinds and their weight. Never who reported, and no
    /// comment.
    Reports,
    /// The statuses that the analysts of the tenant gave to numbers.
    Statuses,
    /// A case with its links.
    Case(CaseId),
    /// A list.
    List(ListId),
    /// A note.
    Note(NoteId),
}

/// Names a shared thing in 17 bytes: ids of cases are too long for the id of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharedKey {
    /// The integer of its kind. Frozen.
    pub kind: u8,
    /// Of a case or list, the first half of the BLAKE3 hash of its id; of a note, its id; else 0. Frozen.
    pub of: u128,
}

impl SharedKey {
    /// The integer of lists.
    const LIST: u8 = 4;

    /// Whether it names a list.
    #[must_use]
    pub const fn is_of_list(self) -> bool {
        self.kind == Self::LIST
    }
}

/// The record of one thing that a tenant shares, or once shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// The thing.
    pub thing: SharedThing,
    /// The tenants that may see it.
    pub visibility: Visibility,
    /// When this was last changed.
    pub changed_at: Timestamp,
    /// The latest mutations, by request id.
    pub requests: Requests,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

impl Visibility {
    /// Whether this tenant may see it. The owner always may, and need not be asked for.
    #[must_use]
    pub fn allows(&self, viewer: TenantId) -> bool {
        match self {
            Self::Private => false,
            Self::Named(tenants) => tenants.contains(&viewer),
            Self::All => true,
        }
    }

    /// Whether no other tenant sees it.
    #[must_use]
    pub fn is_private(&self) -> bool {
        match self {
            Self::Private => true,
            Self::Named(tenants) => tenants.is_empty(),
            Self::All => false,
        }
    }
}

impl SharedThing {
    /// The kind that a tenant accepts or does not; none for a note, which never counts in a decision.
    #[must_use]
    pub const fn kind(&self) -> Option<SharedKind> {
        match self {
            Self::Reports => Some(SharedKind::Reports),
            Self::Statuses => Some(SharedKind::Statuses),
            Self::Case(_) => Some(SharedKind::Cases),
            Self::List(_) => Some(SharedKind::Lists),
            Self::Note(_) => None,
        }
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> SharedKey {
        let (kind, of) = match self {
            Self::Reports => (1, 0),
            Self::Statuses => (2, 0),
            Self::Case(id) => (3, half_hash(id.as_str())),
            Self::List(id) => (SharedKey::LIST, half_hash(id.as_str())),
            Self::Note(id) => (5, id.raw()),
        };
        SharedKey { kind, of }
    }
}

impl std::fmt::Display for SharedThing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reports => f.write_str("reports"),
            Self::Statuses => f.write_str("statuses"),
            Self::Case(id) => write!(f, "case {id}"),
            Self::List(id) => write!(f, "list {id}"),
            Self::Note(id) => write!(f, "note {id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_grant_means_nobody() {
        let viewer = TenantId::parse("north").unwrap();
        let named =
            |names: &[&str]| Visibility::Named(names.iter().map(|name| TenantId::parse(name).unwrap()).collect());
        for (visibility, is_allowed, is_private) in [
            (Visibility::Private, false, true),
            (named(&[]), false, true),
            (named(&["south"]), false, false),
            (named(&["north", "south"]), true, false),
            (Visibility::All, true, false),
        ] {
            assert_eq!(visibility.allows(viewer), is_allowed, "{visibility:?}");
            assert_eq!(visibility.is_private(), is_private, "{visibility:?}");
        }
    }
}
