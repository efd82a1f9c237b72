//! A list being imported, entry by entry: it is taken whole or not at all.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use super::{EntryOrigin, ListEntry, MAX_ENTRIES, NewOwner, Owner, Pattern};
use crate::domain::ids::{ListSource, Requester};
use crate::domain::kinds::{Action, ListKind};
use crate::domain::time::Timestamp;

/// An entry being imported.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The callers that it holds for.
    pub pattern: Pattern,
    /// Its source.
    pub source: ListSource,
    /// The party that asked for it, where known.
    pub requester: Option<Requester>,
    /// When it was entered at the source.
    pub entered_at: Timestamp,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// The action for it.
    pub action: Option<Action>,
    /// The fields of the owner of its number.
    pub owner: NewOwner,
    /// Its line in the file; 0 without a file.
    pub line: u32,
}

/// A fault of an entry whose fields are each valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// A list of this kind needs an action.
    #[error("must be set in a list of kind TENANT_PREFIX")]
    ActionMissing,
    /// A list of this kind has no actions.
    #[error("must not be set except in a list of kind TENANT_PREFIX")]
    ActionUnwanted,
    /// It expires before it was entered.
    #[error("must not lie before the date of the entry")]
    ExpiresEarly,
    /// A list of this kind holds facts about numbers, and a withheld number is none.
    #[error(
        "anonymous cannot be listed in a list of kind DO_NOT_ORIGINATE, UNASSIGNED or KNOWN_OWNER: it is not a number"
    )]
    AnonymousUnwanted,
    /// A list of this kind needs this field of the owner.
    #[error("must be set in a list of kind KNOWN_OWNER")]
    OwnerMissing(OwnerField),
    /// A list of this kind has no owners.
    #[error("must not be set except in a list of kind KNOWN_OWNER")]
    OwnerUnwanted(OwnerField),
}

/// A field of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerField {
    /// The organisation.
    Organisation,
    /// Its brand.
    Brand,
    /// Whether it calls from the number.
    Calls,
}

impl EntryFault {
    /// The field at fault, by its name in the contract.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::ActionMissing | Self::ActionUnwanted => "action",
            Self::ExpiresEarly => "expires_at",
            Self::AnonymousUnwanted => "number",
            Self::OwnerMissing(field) | Self::OwnerUnwanted(field) => match field {
                OwnerField::Organisation => "owner.organisation",
                OwnerField::Brand => "owner.brand",
                OwnerField::Calls => "owner.calls",
            },
        }
    }
}

/// A fault of the list as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftFault {
    /// Too many entries.
    #[error("a list holds at most {MAX_ENTRIES} entries")]
    TooMany,
}

/// The position of an entry, from 0, and its line.
pub type PlaceAndLine = (u32, u32);
/// An entry whose pattern came before, and that earlier entry.
pub type Twice = [PlaceAndLine; 2];

/// A list being imported.
#[derive(Debug)]
pub struct ListDraft {
    kind: ListKind,
    /// Each with its position, from 0, and its line.
    entries: Vec<(ListEntry, u32, u32)>,
    origins: HashSet<Arc<EntryOrigin>>,
    owners: HashSet<Arc<Owner>>,
}

impl ListDraft {
    /// An empty list of this kind.
    #[must_use]
    pub fn new(kind: ListKind) -> Self {
        Self {
            kind,
            entries: Vec::new(),
            origins: HashSet::new(),
            owners: HashSet::new(),
        }
    }

    /// Checks an entry's fields against each other.
    ///
    /// # Errors
    /// [`EntryFault`].
    pub fn check(&self, entry: &NewEntry) -> Result<(), EntryFault> {
        match (self.kind, entry.action) {
            (ListKind::TenantPrefix, None) => return Err(EntryFault::ActionMissing),
            (ListKind::TenantPrefix, Some(_)) | (_, None) => {}
            (_, Some(_)) => return Err(EntryFault::ActionUnwanted),
        }
        self.check_owner(&entry.owner)?;
        let is_of_numbers = matches!(
            self.kind,
            ListKind::DoNotOriginate | ListKind::Unassigned | ListKind::KnownOwner
        );
        if is_of_numbers && entry.pattern == Pattern::Anonymous {
            return Err(EntryFault::AnonymousUnwanted);
        }
        if entry.expires_at.is_some_and(|expires_at| expires_at < entry.entered_at) {
            return Err(EntryFault::ExpiresEarly);
        }
        Ok(())
    }

    /// Checks that the owner's fields are set in a list of known owners, and in no other. A brand is optional.
    fn check_owner(&self, owner: &NewOwner) -> Result<(), EntryFault> {
        let fields = [
            (OwnerField::Organisation, owner.organisation.is_some()),
            (OwnerField::Calls, owner.calls.is_some()),
            (OwnerField::Brand, owner.brand.is_some()),
        ];
        for (field, is_set) in fields {
            match (self.kind, is_set) {
                (ListKind::KnownOwner, false) if field != OwnerField::Brand => {
                    return Err(EntryFault::OwnerMissing(field));
                }
                (ListKind::KnownOwner, _) | (_, false) => {}
                (_, true) => return Err(EntryFault::OwnerUnwanted(field)),
            }
        }
        Ok(())
    }

    /// Adds an entry that was checked. `place` is its position among all entries, from 0.
    ///
    /// # Errors
    /// If the list is full.
    pub fn add(&mut self, entry: NewEntry, place: u32) -> Result<(), DraftFault> {
        if self.entries.len() >= MAX_ENTRIES {
            return Err(DraftFault::TooMany);
        }
        let origin = EntryOrigin {
            source: entry.source,
            requester: entry.requester,
        };
        let origin = shared(&mut self.origins, origin);
        let owner = entry.owner.complete().map(|owner| shared(&mut self.owners, owner));
        let kept = ListEntry {
            pattern: entry.pattern,
            origin,
            entered_at: entry.entered_at,
            expires_at: entry.expires_at,
            action: entry.action,
            owner,
        };
        self.entries.push((kept, place, entry.line));
        Ok(())
    }

    /// The entries in the order of their patterns.
    ///
    /// # Errors
    /// For each entry whose pattern came before: its position and line, then those of the earlier entry.
    pub fn finish(mut self) -> Result<Arc<[ListEntry]>, Vec<Twice>> {
        self.entries
            .sort_unstable_by_key(|(entry, place, _)| (entry.pattern, *place));
        let pairs = self.entries.iter().zip(self.entries.iter().skip(1));
        let mut twice: Vec<Twice> = pairs
            .filter(|((one, ..), (next, ..))| one.pattern == next.pattern)
            .map(|((_, first, first_line), (_, place, line))| [(*place, *line), (*first, *first_line)])
            .collect();
        if twice.is_empty() {
            return Ok(self.entries.into_iter().map(|(entry, ..)| entry).collect());
        }
        twice.sort_unstable();
        Err(twice)
    }
}

/// The shared copy of this value.
fn shared<T: Eq + Hash>(known: &mut HashSet<Arc<T>>, value: T) -> Arc<T> {
    if let Some(known) = known.get(&value) {
        return Arc::clone(known);
    }
    let value = Arc::new(value);
    known.insert(Arc::clone(&value));
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::brand::Brand;
    use crate::domain::ids::OwnerName;
    use crate::domain::kinds::OwnerCalls;

    fn entry(pattern: &str, line: u32) -> NewEntry {
        NewEntry {
            pattern: Pattern::parse(pattern).unwrap(),
            source: ListSource::parse("registry").unwrap(),
            requester: None,
            entered_at: Timestamp::from_secs(1_700_000_000),
            expires_at: None,
            action: None,
            owner: NewOwner::default(),
            line,
        }
    }

    fn owner(organisation: &str, calls: OwnerCalls) -> NewOwner {
        NewOwner {
            organisation: OwnerName::parse(organisation).ok(),
            brand: None,
            calls: Some(calls),
        }
    }

    #[test]
    fn owners_are_in_lists_of_known_owners_and_in_no_other() {
        let bank = owner("Bank", OwnerCalls::Signed);
        let with = |owner: &NewOwner| NewEntry {
            owner: owner.clone(),
            ..entry("+1415*", 0)
        };
        let known = ListDraft::new(ListKind::KnownOwner);
        assert_eq!(known.check(&with(&bank)), Ok(()));
        let unnamed = NewOwner {
            organisation: None,
            ..bank.clone()
        };
        let silent = NewOwner {
            calls: None,
            ..bank.clone()
        };
        let branded = NewOwner {
            brand: Brand::parse("Card").ok(),
            ..NewOwner::default()
        };
        let fault = |owner| known.check(&with(owner)).unwrap_err();
        assert_eq!(fault(&unnamed), EntryFault::OwnerMissing(OwnerField::Organisation));
        assert_eq!(fault(&silent).field(), "owner.calls");
        for &kind in ListKind::ALL {
            if matches!(kind, ListKind::KnownOwner | ListKind::TenantPrefix) {
                continue;
            }
            let other = ListDraft::new(kind);
            let fault = |owner| other.check(&with(owner)).unwrap_err();
            assert_eq!(fault(&bank), EntryFault::OwnerUnwanted(OwnerField::Organisation));
            assert_eq!(fault(&unnamed).field(), "owner.calls");
            assert_eq!(fault(&branded).field(), "owner.brand");
        }
    }

    #[test]
    fn entries_of_one_owner_share_it() {
        let mut draft = ListDraft::new(ListKind::KnownOwner);
        let calls = [OwnerCalls::Yes, OwnerCalls::Never, OwnerCalls::Yes];
        for ((place, pattern), calls) in (0..).zip(["+14155550100", "+14155550101", "+14155550102"]).zip(calls) {
            let entry = NewEntry {
                owner: owner("Bank", calls),
                ..entry(pattern, 0)
            };
            draft.add(entry, place).unwrap();
        }
        let entries = draft.finish().unwrap();
        let owners: Vec<&Arc<Owner>> = entries.iter().filter_map(|entry| entry.owner.as_ref()).collect();
        assert!(Arc::ptr_eq(owners[0], owners[2]) && owners[0] != owners[1]);
    }

    #[test]
    fn entries_are_sorted_and_share_their_origins() {
        let mut draft = ListDraft::new(ListKind::Unassigned);
        for (place, pattern) in (0..).zip(["+14155550101", "+1415*", "+14155550100"]) {
            draft.add(entry(pattern, place + 2), place).unwrap();
        }
        let entries = draft.finish().unwrap();
        let patterns: Vec<String> = entries.iter().map(|entry| entry.pattern.to_string()).collect();
        assert_eq!(patterns, ["+1415*", "+14155550100", "+14155550101"]);
        assert!(Arc::ptr_eq(&entries[0].origin, &entries[2].origin));
    }

    #[test]
    fn a_pattern_twice_is_a_fault_with_both_lines() {
        let mut draft = ListDraft::new(ListKind::Unassigned);
        let patterns = ["+1415*", "+14155550100", "+1415*", "+14155550101", "+1415*"];
        for (place, pattern) in (0..).zip(patterns) {
            draft.add(entry(pattern, place + 2), place).unwrap();
        }
        assert_eq!(draft.finish().unwrap_err(), [[(2, 4), (0, 2)], [(4, 6), (2, 4)]]);
    }

    #[test]
    fn fields_must_agree() {
        let action = |action| NewEntry {
            action,
            ..entry("+1415*", 0)
        };
        let (plain, prefixes) = (
            ListDraft::new(ListKind::TenantBlock),
            ListDraft::new(ListKind::TenantPrefix),
        );
        assert_eq!(
            plain.check(&action(Some(Action::Block))),
            Err(EntryFault::ActionUnwanted)
        );
        assert_eq!(plain.check(&action(None)), Ok(()));
        assert_eq!(prefixes.check(&action(None)), Err(EntryFault::ActionMissing));
        assert_eq!(prefixes.check(&action(Some(Action::Label))), Ok(()));
        let withheld = |kind| {
            let action = (kind == ListKind::TenantPrefix).then_some(Action::Block);
            let owner = if kind == ListKind::KnownOwner {
                owner("Bank", OwnerCalls::Yes)
            } else {
                NewOwner::default()
            };
            let entry = NewEntry {
                action,
                owner,
                ..entry("anonymous", 0)
            };
            ListDraft::new(kind).check(&entry)
        };
        for &kind in ListKind::ALL {
            let unwanted = matches!(
                kind,
                ListKind::DoNotOriginate | ListKind::Unassigned | ListKind::KnownOwner
            );
            assert_eq!(withheld(kind).is_err(), unwanted, "{kind}");
        }
        let expires = |secs| NewEntry {
            expires_at: Some(Timestamp::from_secs(secs)),
            ..entry("+1415*", 0)
        };
        assert_eq!(plain.check(&expires(1_699_999_999)), Err(EntryFault::ExpiresEarly));
        assert_eq!(plain.check(&expires(1_700_000_000)), Ok(()));
    }

    #[test]
    fn a_list_has_an_end() {
        let mut draft = ListDraft::new(ListKind::Unassigned);
        for place in 0..u32::try_from(MAX_ENTRIES).unwrap() {
            let pattern = Pattern::prefix(u64::from(place) + 1).unwrap();
            draft
                .add(
                    NewEntry {
                        pattern,
                        ..entry("+1*", 0)
                    },
                    place,
                )
                .unwrap();
        }
        assert_eq!(draft.add(entry("+1415555*", 0), 0), Err(DraftFault::TooMany));
        assert_eq!(draft.finish().unwrap().len(), MAX_ENTRIES);
    }
}
