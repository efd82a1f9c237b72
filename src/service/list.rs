//! Lists: replaced whole, and shown.

use std::sync::Arc;

use super::write::{Done, Mutation};
use super::{PageRequest, Service, ServiceError, page};
use crate::codec;
use crate::domain::ids::ListId;
use crate::domain::kinds::ListKind;
use crate::domain::list::{List, ListEntry, MAX_LISTS, Pattern, digest};
use crate::domain::requests::Requests;
use crate::domain::tail::Tail;
use crate::domain::time::Timestamp;
use crate::store::{MAX_VALUE_BYTES, Version};

/// Entries of a list that count as one item of a batch, when it comes to how long a replacement may take.
const ENTRIES_PER_ITEM: usize = 100;

/// Which list is to be replaced, and what it means.
#[derive(Clone, Debug)]
pub struct ListHead {
    /// Its name.
    pub id: ListId,
    /// What it means.
    pub kind: ListKind,
    /// Whether it may become empty.
    pub may_be_empty: bool,
    /// Who asks.
    pub mutation: Mutation,
}

/// A list without its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSummary {
    /// Its name.
    pub id: ListId,
    /// What it means.
    pub kind: ListKind,
    /// How many entries it has.
    pub entry_count: usize,
    /// When it was replaced last.
    pub replaced_at: Timestamp,
    /// By whom.
    pub actor: String,
    /// Its version.
    pub version: Version,
}

/// What became of a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The list as it is now.
    pub list: ListSummary,
    /// Whether this request changed what it holds; the answer to a retry is that to the first try.
    pub changed: bool,
}

/// A page of a list's entries.
#[derive(Clone, Debug)]
pub struct ListPage {
    /// The list.
    pub list: ListSummary,
    /// The entries, in the order of their patterns.
    pub entries: Vec<ListEntry>,
    /// Leads to the next page; empty at the end.
    pub next_page_token: String,
}

impl Service {
    /// Puts these entries, sorted by pattern and no pattern twice, in the place of those of the list, or makes the list.
    ///
    /// # Errors
    /// If the list would be empty and may not be, is of another kind, is one too many, or too large to be stored; if
    /// the request is stale or its id was used before; if the store cannot be written.
    pub async fn replace_list(&self, head: &ListHead, entries: Arc<[ListEntry]>) -> Result<Replaced, ServiceError> {
        if entries.is_empty() && !head.may_be_empty {
            let problem =
                "must not be empty unless the list may become empty: it is a failed export more often than not";
            return Err(ServiceError::field("entries", problem));
        }
        let (id, mutation) = (&head.id, &head.mutation);
        let content = format!("replace {} {} {:032x}", head.kind, head.may_be_empty, digest(&entries));
        let print = mutation.fingerprint(&content);
        let deadline = self.deadline(entries.len() / ENTRIES_PER_ITEM);
        let now = self.clock.now();
        let changed = self.change_list(id, mutation, deadline, |found, version| {
            let stays = |list, changed| {
                let done = Done {
                    answer: changed,
                    write: false,
                };
                Ok((list, done))
            };
            let mut requests = Requests::default();
            let mut tail = Tail::default();
            match found {
                Some(list) => {
                    if !mutation.check(list.requests.seen(print), version)? {
                        return stays(list, true); // only what changes a list is remembered in it
                    }
                    if list.kind != head.kind {
                        return Err(other_kind(list.kind));
                    }
                    if list.entries == entries {
                        return stays(list, false);
                    }
                    (requests, tail) = (list.requests, list.tail);
                }
                None => {
                    mutation.check(requests.seen(print), 0)?;
                    self.check_room(id)?;
                }
            }
            requests.remember(print);
            let list = List {
                id: id.clone(),
                kind: head.kind,
                entries: Arc::clone(&entries),
                actor: mutation.actor.clone(),
                replaced_at: now,
                requests,
                tail,
            };
            check_size(&list)?;
            let done = Done {
                answer: true,
                write: true,
            };
            Ok((list, done))
        });
        let changed = changed.await?;
        let list = self.list_summary(id)?;
        Ok(Replaced { list, changed })
    }

    /// A page of a list.
    ///
    /// # Errors
    /// If there is no such list, or the page is wrong.
    pub fn list_page(&self, id: &ListId, page: &PageRequest) -> Result<ListPage, ServiceError> {
        let limit = page.limit()?;
        let name = format!("list {id}");
        let after = page.cursor(&self.keys, &name)?.and_then(|cursor| pattern_of(&cursor));
        let (version, list) = self.index.list(id).ok_or(ServiceError::NotFound { what: "list" })?;
        let from = after.map_or(0, |after| list.entries.partition_point(|entry| entry.pattern <= after));
        let left = list.entries.get(from..).unwrap_or_default();
        let entries: Vec<ListEntry> = left.iter().take(limit).cloned().collect();
        let last = entries.last().filter(|_| left.len() > limit);
        let next_page_token = last.map_or_else(String::new, |last| {
            page::seal(&self.keys, &name, &cursor_of(last.pattern))
        });
        Ok(ListPage {
            list: summary(version, &list),
            entries,
            next_page_token,
        })
    }

    /// All lists, in the order of their ids.
    #[must_use]
    pub fn lists(&self) -> Vec<ListSummary> {
        let lists = self.index.lists().all();
        lists.iter().map(|(version, list)| summary(*version, list)).collect()
    }

    fn list_summary(&self, id: &ListId) -> Result<ListSummary, ServiceError> {
        let (version, list) = self.index.list(id).ok_or(ServiceError::NotFound { what: "list" })?;
        Ok(summary(version, &list))
    }

    /// Whether one more list is allowed. Instances that make lists in the same instant do not see each other's.
    fn check_room(&self, id: &ListId) -> Result<(), ServiceError> {
        let others = self
            .index
            .lists()
            .all()
            .iter()
            .filter(|(_, list)| list.id != *id)
            .count();
        if others < MAX_LISTS {
            return Ok(());
        }
        Err(ServiceError::Precondition(format!(
            "there are {MAX_LISTS} lists already, and no more are kept"
        )))
    }
}

fn summary(version: Version, list: &List) -> ListSummary {
    ListSummary {
        id: list.id.clone(),
        kind: list.kind,
        entry_count: list.entries.len(),
        replaced_at: list.replaced_at,
        actor: list.actor.as_str().to_owned(),
        version,
    }
}

fn other_kind(kind: ListKind) -> ServiceError {
    ServiceError::Precondition(format!(
        "the list is of kind {kind}, which does not change: give the new list another id"
    ))
}

/// A list may be too large although it has few enough entries: then most of it are texts.
fn check_size(list: &List) -> Result<(), ServiceError> {
    let bytes = codec::list::encode(list).len();
    if bytes <= MAX_VALUE_BYTES {
        return Ok(());
    }
    let problem = format!(
        "take {bytes} bytes together, more than the {MAX_VALUE_BYTES} of a list: shorten or unify sources and requesters"
    );
    Err(ServiceError::field("entries", problem))
}

fn cursor_of(pattern: Pattern) -> Vec<u8> {
    let (digits, exact) = pattern.key();
    let mut cursor = digits.to_be_bytes().to_vec();
    cursor.push(u8::from(exact));
    cursor
}

fn pattern_of(cursor: &[u8]) -> Option<Pattern> {
    let (digits, rest) = cursor.split_first_chunk::<8>()?;
    Pattern::from_key(u64::from_be_bytes(*digits), *rest.first()? == 1)
}
