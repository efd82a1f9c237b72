//! The dry run of a replacement: it says what would change in a list, and writes nothing.

use std::sync::Arc;

use super::{ListHead, ListSummary, Lists, check_emptiness, check_size, other_kind, summary};
use crate::domain::list::{List, ListEntry};
use crate::domain::requests::{Requests, Seen};
use crate::domain::unknown_fields::UnknownFields;
use crate::service::ServiceError;

/// A list as a replacement would make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeseenList {
    /// The list, with the version that it has now.
    pub list: ListSummary,
    /// What would change.
    pub changes: ListChanges,
}

/// How many entries a replacement would change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListChanges {
    /// Entries before.
    pub before: usize,
    /// Patterns that would go.
    pub removed: usize,
    /// Patterns that would come.
    pub added: usize,
    /// Patterns whose entry would have other fields.
    pub altered: usize,
}

impl Lists {
    /// What [`Lists::replace`] would change, as far as this instance knows the list.
    ///
    /// # Errors
    /// Those of the replacement, apart from those of the store and of the request id.
    pub fn try_replace(&self, head: &ListHead, entries: Arc<[ListEntry]>) -> Result<ForeseenList, ServiceError> {
        check_emptiness(head, &entries)?;
        let found = self.writer.index().list(&head.id);
        let version = found.as_ref().map_or(0, |(version, _)| *version);
        let version = self.writer.shown_version::<List>(&head.id, version);
        head.mutation.check(Seen::New, version)?;
        let old = match &found {
            Some((_, list)) if list.kind != head.kind => return Err(other_kind(list.kind)),
            Some((_, list)) => &list.entries[..],
            None => {
                self.check_room(&head.id)?;
                &[]
            }
        };
        let changes = ListChanges::between(old, &entries);
        let list = List {
            id: head.id.clone(),
            kind: head.kind,
            entries,
            actor: head.mutation.actor.clone(),
            replaced_at: self.writer.now(),
            requests: Requests::default(),
            unknown_fields: UnknownFields::default(),
        };
        check_size(&list)?;
        let list = summary(version, &list);
        Ok(ForeseenList { list, changes })
    }
}

impl ListChanges {
    /// The changes from `old` to `new`. Both are sorted by pattern, and a pattern occurs once.
    fn between(old: &[ListEntry], new: &[ListEntry]) -> Self {
        let entry_of = |entries: &[ListEntry], wanted: &ListEntry| {
            let place = entries.binary_search_by(|entry| entry.pattern.cmp(&wanted.pattern));
            place.ok().and_then(|place| entries.get(place).cloned())
        };
        let removed = old.iter().filter(|entry| entry_of(new, entry).is_none()).count();
        let mut changes = Self {
            before: old.len(),
            removed,
            ..Self::default()
        };
        for entry in new {
            match entry_of(old, entry) {
                None => changes.added += 1,
                Some(before) => changes.altered += usize::from(before != *entry),
            }
        }
        changes
    }

    /// Whether anything would change.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.removed + self.added + self.altered > 0
    }
}
