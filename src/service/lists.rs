//! Lists: replaced as a whole, and shown.

mod dry_run;

use std::sync::Arc;

pub use dry_run::{ForeseenList, ListChanges};

use super::content::{Method, RequestContent};
use super::page::{PageKey, foreign_token};
use super::writer::{Changed, Done, Mutation, Outcome, Writer};
use super::{PageRequest, ServiceError};
use crate::codec;
use crate::domain::audit::AuditMethod;
use crate::domain::ids::ListId;
use crate::domain::kinds::ListKind;
use crate::domain::list::{DigitPattern, List, ListEntry, MAX_LISTS, Pattern, digest};
use crate::domain::requests::Requests;
use crate::domain::time::Timestamp;
use crate::domain::unknown_fields::UnknownFields;
use crate::store::{MAX_VALUE_BYTES, Version};

/// The number of entries that get the time of one item of a batch when a list is replaced.
const ENTRIES_PER_ITEM: usize = 100;

/// The first byte of the cursor of an entry without digits. No number has so many digits that its cursor begins with it.
const WORD: u8 = u8::MAX;

/// The list to replace.
#[derive(Clone, Debug)]
pub struct ListHead {
    /// Its id.
    pub id: ListId,
    /// Its kind.
    pub kind: ListKind,
    /// Whether it may be empty afterwards.
    pub may_be_empty: bool,
    /// The request that changes it.
    pub mutation: Mutation,
}

/// A list without its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSummary {
    /// Its id.
    pub id: ListId,
    /// Its kind.
    pub kind: ListKind,
    /// The number of its entries.
    pub entry_count: usize,
    /// The time of its last replacement.
    pub replaced_at: Timestamp,
    /// The actor of its last replacement.
    pub actor: String,
    /// Its version.
    pub version: Version,
}

/// The outcome of a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The list as it is now.
    pub list: ListSummary,
    /// Whether this request changed the entries. A retry gets the answer of the first attempt.
    pub changed: bool,
}

/// A page of a list's entries.
#[derive(Clone, Debug)]
pub struct ListPage {
    /// The list.
    pub list: ListSummary,
    /// The entries, in the order of their patterns.
    pub entries: Vec<ListEntry>,
    /// The token of the next page; empty at the end.
    pub next_page_token: String,
}

/// Lists: replaced as a whole, and shown.
pub struct Lists {
    writer: Arc<Writer>,
    page_key: PageKey,
}

impl Lists {
    pub(super) fn new(writer: Arc<Writer>, page_key: PageKey) -> Self {
        Self { writer, page_key }
    }

    /// Replaces the entries of the list, or creates the list. The entries are sorted by pattern; a pattern occurs once.
    ///
    /// # Errors
    /// If the list would be empty and may not be, has another kind, is one list too many, or is too large to be stored;
    /// if the expected version is old or the request id was used for another request; if the store cannot be written.
    pub async fn replace(&self, head: &ListHead, entries: Arc<[ListEntry]>) -> Result<Replaced, ServiceError> {
        check_emptiness(head, &entries)?;
        let (id, mutation) = (&head.id, &head.mutation);
        let deadline = self.writer.deadline(entries.len() / ENTRIES_PER_ITEM);
        let content = replacement(head, &entries);
        let request = self
            .writer
            .recall(&mutation.scoped_request(), &content, deadline)
            .await?;
        let fingerprint = request.fingerprint();
        let now = self.writer.now();
        let work = self.writer.change_list(
            id,
            mutation.author(AuditMethod::ReplaceList, ""),
            deadline,
            |found, version| {
                let mut requests = Requests::default();
                let mut unknown_fields = UnknownFields::default();
                match found {
                    Some(list) if request.is_done() => {
                        let changed = request.figures().first().is_some_and(|changed| *changed > 0);
                        return Ok((list, Done::unchanged(changed)));
                    }
                    Some(list) => {
                        if !mutation.check(list.requests.seen(fingerprint), version)? {
                            return Ok((list, Done::unchanged(true))); // a list remembers only requests that changed it
                        }
                        if list.kind != head.kind {
                            return Err(other_kind(list.kind));
                        }
                        if list.entries == entries {
                            return Ok((list, Done::unchanged(false)));
                        }
                        (requests, unknown_fields) = (list.requests, list.unknown_fields);
                    }
                    // The list was lost after the request was done. A repetition must not write it.
                    None if request.is_done() => return Err(ServiceError::NotFound { resource: "list" }),
                    None => {
                        mutation.check(requests.seen(fingerprint), 0)?;
                        self.check_room(id)?;
                    }
                }
                requests.remember(fingerprint);
                let list = List {
                    id: id.clone(),
                    kind: head.kind,
                    entries: Arc::clone(&entries),
                    actor: mutation.actor.clone(),
                    replaced_at: now,
                    requests,
                    unknown_fields,
                };
                check_size(&list)?;
                Ok((list, Done::written(true)))
            },
        );
        let outcome = |replaced: &Changed<List, bool>| Outcome::Done(vec![u32::from(replaced.answer)]);
        let Changed {
            answer,
            version,
            record,
        } = self.writer.carry_out(&request, work, outcome).await?;
        Ok(Replaced {
            list: summary(version, &record),
            changed: answer,
        })
    }

    /// A page of a list.
    ///
    /// # Errors
    /// If there is no such list, the store cannot say whether there is, or the page is wrong.
    pub async fn page(&self, id: &ListId, page: &PageRequest) -> Result<ListPage, ServiceError> {
        let limit = page.limit()?;
        let mut scope = RequestContent::of(Method::ListEntries);
        scope.text(id.as_str());
        let after = page
            .cursor(&self.page_key, &scope)?
            .map(|cursor| pattern_of(&cursor).ok_or_else(foreign_token))
            .transpose()?;
        let found = self.writer.find::<List, _>(id, |index| index.list(id)).await?;
        let (version, list) = found.ok_or(ServiceError::NotFound { resource: "list" })?;
        let from = after.map_or(0, |after| list.entries.partition_point(|entry| entry.pattern <= after));
        let left = list.entries.get(from..).unwrap_or_default();
        let entries: Vec<ListEntry> = left.iter().take(limit).cloned().collect();
        let last = entries.last().filter(|_| left.len() > limit);
        let next_page_token = self.page_key.next(&scope, last.map(|last| cursor_of(last.pattern)));
        Ok(ListPage {
            list: self.summary(version, &list),
            entries,
            next_page_token,
        })
    }

    /// All lists, in the order of their ids.
    #[must_use]
    pub fn all(&self) -> Vec<ListSummary> {
        let lists = self.writer.index().lists().all();
        lists
            .iter()
            .map(|(version, list)| self.summary(*version, list))
            .collect()
    }

    /// A list of the index, without its entries.
    fn summary(&self, version: Version, list: &List) -> ListSummary {
        summary(self.writer.shown_version::<List>(&list.id, version), list)
    }

    /// Refuses a list beyond the limit. Instances that create lists at the same moment may exceed it.
    fn check_room(&self, id: &ListId) -> Result<(), ServiceError> {
        let others = self
            .writer
            .index()
            .lists()
            .all()
            .iter()
            .filter(|(_, list)| list.id != *id)
            .count();
        if others < MAX_LISTS {
            return Ok(());
        }
        Err(ServiceError::Precondition(format!(
            "there are {MAX_LISTS} lists already, which is the limit"
        )))
    }
}

/// The content of a request to replace.
pub(super) fn replacement(head: &ListHead, entries: &[ListEntry]) -> RequestContent {
    let mut content = RequestContent::of(Method::ReplaceList);
    content
        .text(head.id.as_str())
        .code(head.kind.code())
        .flag(head.may_be_empty)
        .hash(digest(entries));
    content
}

fn check_emptiness(head: &ListHead, entries: &[ListEntry]) -> Result<(), ServiceError> {
    if entries.is_empty() && !head.may_be_empty {
        let problem = "must not be empty, unless `may_be_empty` is set: an empty list is often a failed export";
        return Err(ServiceError::field("entries", problem));
    }
    Ok(())
}

/// A list without its entries, of this shown version.
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

/// Refuses a list whose texts are so long that it cannot be stored.
fn check_size(list: &List) -> Result<(), ServiceError> {
    let bytes = codec::list::encode(list).len();
    if bytes <= MAX_VALUE_BYTES {
        return Ok(());
    }
    let problem = format!(
        "take {bytes} bytes in all; a list has at most {MAX_VALUE_BYTES}: shorten or unify sources, requesters and owners"
    );
    Err(ServiceError::field("entries", problem))
}

fn cursor_of(pattern: Pattern) -> Vec<u8> {
    match pattern.digits().map(DigitPattern::key) {
        Some((digits, exact)) => {
            let mut cursor = digits.to_be_bytes().to_vec();
            cursor.push(u8::from(exact));
            cursor
        }
        None => [&[WORD], pattern.to_string().as_bytes()].concat(),
    }
}

fn pattern_of(cursor: &[u8]) -> Option<Pattern> {
    if let [WORD, word @ ..] = cursor {
        return Pattern::parse(str::from_utf8(word).ok()?).ok();
    }
    let (digits, rest) = cursor.split_first_chunk::<8>()?;
    Pattern::from_key(u64::from_be_bytes(*digits), *rest.first()? == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_names_its_pattern() {
        for text in [
            "+14155550199",
            "+1*",
            "+4912345678901",
            "short:08",
            "short:US:2001",
            "anonymous",
        ] {
            let pattern = Pattern::parse(text).unwrap();
            assert_eq!(pattern_of(&cursor_of(pattern)), Some(pattern), "{text}");
        }
        assert_eq!(pattern_of(b""), None);
        assert_eq!(pattern_of(b"anything"), None);
    }
}
