//! Lists of numbers and prefixes that rules are made of: do-not-originate, protected, unassigned, and the tenant's own.
//!
//! Others keep them, and they are imported whole. A list in force is a [`List`]; one that is coming in is a [`Draft`],
//! which becomes entries only if every line of it is sound. What the lists say of one number is [`ListHits`].

mod draft;
mod pattern;

use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::actor::Actor;
use super::ids::{ListId, ListSource, Requester};
use super::kinds::{Action, ListKind};
use super::requests::Requests;
use super::tail::Tail;
use super::time::Timestamp;

pub use draft::{Draft, DraftFault, EntryFault, NewEntry, PlaceAndLine, Twice};
pub use pattern::{Pattern, PatternError};

/// The most entries of a list.
pub const MAX_ENTRIES: usize = 200_000;
/// The most entries in one part of an upload.
pub const MAX_PART_ENTRIES: usize = 5_000;
/// The most lists.
pub const MAX_LISTS: usize = 64;
/// The most bytes of the name of whoever replaces a list.
pub const MAX_ACTOR_BYTES: usize = 64;

/// A list in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Its name.
    pub id: ListId,
    /// What it means. The kind of a list does not change.
    pub kind: ListKind,
    /// Its entries, in the order of their patterns, no pattern twice; at most [`MAX_ENTRIES`].
    pub entries: Arc<[ListEntry]>,
    /// Who replaced it last.
    pub actor: Actor,
    /// When.
    pub replaced_at: Timestamp,
    /// The last few mutations.
    pub requests: Requests,
    /// What a newer release wrote behind these fields.
    pub tail: Tail,
}

/// One number or prefix of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListEntry {
    /// The number, or how its numbers begin.
    pub pattern: Pattern,
    /// Where the entry comes from. Shared, since few origins have many entries.
    pub origin: Arc<Origin>,
    /// When it was entered there.
    pub entered_at: Timestamp,
    /// From when it does not hold any more; none if it always does.
    pub expires_at: Option<Timestamp>,
    /// What to do about it: in lists of kind [`ListKind::TenantPrefix`], and in no other.
    pub action: Option<Action>,
}

/// Where entries come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The source, such as a registry or a carrier.
    pub source: ListSource,
    /// Who asked for the entry, where known.
    pub requester: Option<Requester>,
}

/// What a list says of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// From when on no list of this kind says so any more; none if that is not foretold.
    pub expires_at: Option<Timestamp>,
}

/// What the lists say of one number at one moment. Entries that have expired are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListHits {
    /// It never originates calls.
    pub do_not_originate: Option<Hit>,
    /// It is never refused.
    pub protected: Option<Hit>,
    /// It is assigned to nobody.
    pub unassigned: Option<Hit>,
    /// The tenant puts it through.
    pub tenant_allow: Option<Hit>,
    /// The tenant refuses it.
    pub tenant_block: Option<Hit>,
    /// What the tenant does about the longest prefix of it that is listed; the number itself is longer than any. Here a
    /// hit expires with its entry, though a shorter prefix may take its place.
    pub tenant_prefix: Option<(Action, Hit)>,
}

/// A hash of what a list holds, for telling requests apart; the same on every machine.
#[must_use]
pub fn digest(entries: &[ListEntry]) -> u128 {
    let mut hasher = Xxh3::new();
    for entry in entries {
        let (digits, exact) = entry.pattern.key();
        hasher.update(&digits.to_le_bytes());
        hasher.update(&[u8::from(exact), entry.action.map_or(0, Action::code)]);
        hasher.update(&entry.entered_at.millis().to_le_bytes());
        let expires_at = entry.expires_at.map(Timestamp::millis);
        hasher.update(&[u8::from(expires_at.is_some())]);
        hasher.update(&expires_at.unwrap_or(0).to_le_bytes());
        // Names hold no control characters, so that these tell where one ends.
        hasher.update(entry.origin.source.as_str().as_bytes());
        hasher.update(b"\n");
        let requester = entry.origin.requester.as_ref().map_or("", Requester::as_str);
        hasher.update(requester.as_bytes());
        hasher.update(b"\n");
    }
    hasher.digest128()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> ListEntry {
        ListEntry {
            pattern: Pattern::parse("+14155550100").unwrap(),
            origin: Arc::new(Origin {
                source: ListSource::parse("registry").unwrap(),
                requester: None,
            }),
            entered_at: Timestamp::from_secs(1_700_000_000),
            expires_at: None,
            action: None,
        }
    }

    #[test]
    fn whatever_differs_changes_the_digest() {
        let same = digest(&[entry()]);
        assert_eq!(digest(&[entry()]), same);
        let origin = |source: &str, requester: &str| {
            Arc::new(Origin {
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
        assert_ne!(digest(&[]), same);
    }
}
