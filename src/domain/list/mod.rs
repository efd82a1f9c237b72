//! Lists of callers (numbers, prefixes, short codes, withheld numbers) for the rules of the policy: do-not-originate,
//! protected, unassigned, those of known owners, and the tenant's own.
//!
//! Other parties maintain them, and they are imported whole. A list in force is a [`List`]. A list being imported is a
//! [`ListDraft`], which becomes entries only if every line is valid. [`ListHits`] is the result of all lists for one
//! number.

mod caller;
mod draft;
mod owner;
mod pattern;
mod short_code;

use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::actor::Actor;
use super::brand::Brand;
use super::ids::{ListId, ListSource, Requester};
use super::kinds::{Action, ListKind};
use super::requests::Requests;
use super::time::Timestamp;
use super::unknown_fields::UnknownFields;

pub use caller::ListedCaller;
pub use draft::{DraftFault, EntryFault, ListDraft, NewEntry, PlaceAndLine, Twice};
pub use owner::{NewOwner, Owner, OwnerHit};
pub use pattern::{DigitPattern, Pattern, PatternError};
pub use short_code::ShortCode;

/// The most entries of a list.
pub const MAX_ENTRIES: usize = 200_000;
/// The most entries in one part of an upload.
pub const MAX_PART_ENTRIES: usize = 5_000;
/// The most lists.
pub const MAX_LISTS: usize = 64;
/// The most bytes of the name of the actor who replaces a list.
pub const MAX_ACTOR_BYTES: usize = 64;

/// A list in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Its id.
    pub id: ListId,
    /// Its meaning. The kind of a list never changes.
    pub kind: ListKind,
    /// Its entries, in the order of their patterns, no pattern twice; at most [`MAX_ENTRIES`].
    pub entries: Arc<[ListEntry]>,
    /// The actor who replaced it last.
    pub actor: Actor,
    /// When it was last replaced.
    pub replaced_at: Timestamp,
    /// The latest mutations, by request id.
    pub requests: Requests,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

/// One number, prefix or other pattern of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListEntry {
    /// The callers that it holds for.
    pub pattern: Pattern,
    /// Its origin. Shared, since few origins have many entries.
    pub origin: Arc<EntryOrigin>,
    /// When it was entered at the origin.
    pub entered_at: Timestamp,
    /// From when it no longer holds; none if it has no end.
    pub expires_at: Option<Timestamp>,
    /// The action for it: in lists of kind [`ListKind::TenantPrefix`], and in no other.
    pub action: Option<Action>,
    /// The owner of the number: in lists of kind [`ListKind::KnownOwner`], and in no other. Shared, since few owners have
    /// many entries.
    pub owner: Option<Arc<Owner>>,
}

/// The origin of entries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryOrigin {
    /// The source, such as a registry or a carrier.
    pub source: ListSource,
    /// The party that asked for the entry, where known.
    pub requester: Option<Requester>,
}

/// The match of a number on the lists of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// When the match ends on all lists of this kind; none if no end is known.
    pub expires_at: Option<Timestamp>,
}

/// The matches of one number on all lists at one moment. Expired entries are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListHits {
    /// It never originates calls.
    pub do_not_originate: Option<Hit>,
    /// It is never refused.
    pub protected: Option<Hit>,
    /// It is assigned to nobody.
    pub unassigned: Option<Hit>,
    /// The tenant lets it through.
    pub tenant_allow: Option<Hit>,
    /// The tenant refuses it.
    pub tenant_block: Option<Hit>,
    /// The tenant's action for the longest listed prefix of it; an entry for the number itself counts as longer than
    /// any prefix. The match ends with its entry, though a shorter prefix may then apply.
    pub tenant_prefix: Option<(Action, Hit)>,
    /// What the owner of the number does with it, by the longest listed prefix of it; an entry for the number itself
    /// counts as longer than any prefix.
    pub known_owner: Option<OwnerHit>,
    /// Whether a list of another tenant adds something to the tenant's own lists.
    pub is_shared: bool,
}

impl ListHits {
    /// Adds the matches on lists that another tenant shares: for each kind of list, the match that ends later; for the
    /// owner, the first.
    pub fn add_shared(&mut self, other: Self) {
        let later = |own: Option<Hit>, other: Option<Hit>| match (own, other) {
            (Some(own), Some(other)) => {
                let ends = own.expires_at.zip(other.expires_at);
                Some(Hit {
                    expires_at: ends.map(|(own, other)| own.max(other)),
                })
            }
            (own, other) => own.or(other),
        };
        let own = *self;
        self.do_not_originate = later(self.do_not_originate, other.do_not_originate);
        self.protected = later(self.protected, other.protected);
        self.unassigned = later(self.unassigned, other.unassigned);
        self.known_owner = self.known_owner.or(other.known_owner);
        self.is_shared |= *self != own;
    }
}

/// A hash of a list's contents, to tell requests apart; the same on every machine.
#[must_use]
pub fn digest(entries: &[ListEntry]) -> u128 {
    let mut hasher = Xxh3::new();
    for entry in entries {
        let (digits, form, region) = match entry.pattern {
            Pattern::Digits(pattern) => (pattern.key().0, u8::from(pattern.key().1), None),
            Pattern::Short(code, region) => (code.marked(), 2, region),
            Pattern::Anonymous => (0, 3, None),
        };
        hasher.update(&digits.to_le_bytes());
        hasher.update(&[form, entry.action.map_or(0, Action::code)]);
        if let Some(region) = region {
            hasher.update(region.as_str().as_bytes());
        }
        hasher.update(&entry.entered_at.millis().to_le_bytes());
        let expires_at = entry.expires_at.map(Timestamp::millis);
        hasher.update(&[u8::from(expires_at.is_some())]);
        hasher.update(&expires_at.unwrap_or(0).to_le_bytes());
        // Names hold no control characters, so a line feed marks the end of one.
        hasher.update(entry.origin.source.as_str().as_bytes());
        hasher.update(b"\n");
        let requester = entry.origin.requester.as_ref().map_or("", Requester::as_str);
        hasher.update(requester.as_bytes());
        hasher.update(b"\n");
        // A list has owners in all its entries or in none.
        if let Some(owner) = &entry.owner {
            hasher.update(&[owner.calls.code()]);
            hasher.update(owner.organisation.as_str().as_bytes());
            hasher.update(b"\n");
            hasher.update(owner.brand.as_ref().map_or("", Brand::as_str).as_bytes());
            hasher.update(b"\n");
        }
    }
    hasher.digest128()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::OwnerName;
    use crate::domain::kinds::OwnerCalls;

    fn entry() -> ListEntry {
        ListEntry {
            pattern: Pattern::parse("+14155550100").unwrap(),
            origin: Arc::new(EntryOrigin {
                source: ListSource::parse("registry").unwrap(),
                requester: None,
            }),
            entered_at: Timestamp::from_secs(1_700_000_000),
            expires_at: None,
            action: None,
            owner: None,
        }
    }

    fn owner(organisation: &str, brand: &str, calls: OwnerCalls) -> Option<Arc<Owner>> {
        Some(Arc::new(Owner {
            organisation: OwnerName::parse(organisation).unwrap(),
            brand: Brand::parse(brand).ok(),
            calls,
        }))
    }

    /// `docs/lists.md` states this size.
    #[test]
    fn an_entry_takes_64_bytes() {
        assert_eq!(size_of::<ListEntry>(), 64);
    }

    #[test]
    fn every_difference_changes_the_digest() {
        let same = digest(&[entry()]);
        assert_eq!(digest(&[entry()]), same);
        let origin = |source: &str, requester: &str| {
            Arc::new(EntryOrigin {
                source: ListSource::parse(source).unwrap(),
                requester: Requester::parse(requester).ok(),
            })
        };
        let others = [
            ListEntry {
                pattern: Pattern::parse("+14155550100*").unwrap(),
                ..entry()
            },
            ListEntry {
                pattern: Pattern::parse("+14155550101").unwrap(),
                ..entry()
            },
            ListEntry {
                pattern: Pattern::parse("anonymous").unwrap(),
                ..entry()
            },
            ListEntry {
                pattern: Pattern::parse("short:2001").unwrap(),
                ..entry()
            },
            ListEntry {
                origin: origin("registry", "a bank"),
                ..entry()
            },
            ListEntry {
                origin: origin("carrier", ""),
                ..entry()
            },
            ListEntry {
                entered_at: Timestamp::from_secs(1),
                ..entry()
            },
            ListEntry {
                expires_at: Some(Timestamp::from_secs(0)),
                ..entry()
            },
            ListEntry {
                action: Some(Action::Block),
                ..entry()
            },
        ];
        for other in others {
            assert_ne!(digest(std::slice::from_ref(&other)), same, "{other:?}");
        }
        let owners = [
            owner("Bank", "", OwnerCalls::Yes),
            owner("Bank", "", OwnerCalls::Never),
            owner("Bank", "Card", OwnerCalls::Yes),
            owner("BankCard", "", OwnerCalls::Yes),
        ];
        let digests = owners.map(|owner| digest(&[ListEntry { owner, ..entry() }]));
        let distinct: std::collections::HashSet<u128> = digests.into_iter().chain([same]).collect();
        assert_eq!(distinct.len(), 5);
        assert_ne!(digest(&[]), same);
    }
}
