//! Lists and their entries. An upload comes in parts; the first part is the head.

use super::list_violations::{UploadViolations, position_of, violations};
use super::{FieldReader, list_head, page, shown};
use crate::api::RequestContext;
use crate::domain::brand::Brand;
use crate::domain::ids::{ListId, ListSource, OwnerName, Requester};
use crate::domain::kinds::{Action, OwnerCalls};
use crate::domain::list::{ListDraft, ListEntry, MAX_ENTRIES, MAX_PART_ENTRIES, NewEntry, NewOwner, Pattern};
use crate::service::{ListHead, ListPage, ListSummary, PageRequest, Replaced, ServiceError, Violation};
use crate::wire::v1;
use crate::wire::v1::replace_list_request::Part;

/// The fault of a prefix of a whole country that nobody says is meant.
const COVERS_COUNTRY: &str = "covers a whole country: if that is meant, set `may_cover_countries` (`--whole-country`)";

/// An upload in progress. Its violations are reported at the end.
#[derive(Debug)]
pub(in crate::api) struct Upload {
    head: ListHead,
    dry_run: bool,
    /// Whether prefixes of whole countries are meant.
    may_cover_countries: bool,
    draft: ListDraft,
    /// Entries received so far.
    count: usize,
    violations: UploadViolations,
}

/// A complete and valid upload.
#[derive(Debug)]
pub(in crate::api) struct Complete {
    pub(in crate::api) head: ListHead,
    pub(in crate::api) entries: std::sync::Arc<[ListEntry]>,
    /// Whether nothing is to be written.
    pub(in crate::api) dry_run: bool,
}

impl Upload {
    /// Reads the first part.
    ///
    /// # Errors
    /// If it is not a head, or the head is not valid.
    pub(in crate::api) fn begin(
        first: Option<v1::ReplaceListRequest>,
        context: &RequestContext,
    ) -> Result<Self, ServiceError> {
        match first.and_then(|first| first.part) {
            Some(Part::Head(head)) => {
                let (dry_run, may_cover_countries) = (head.dry_run, head.may_cover_countries);
                let head = list_head::head(&head, context)?;
                Ok(Self {
                    dry_run,
                    may_cover_countries,
                    draft: ListDraft::new(head.kind),
                    head,
                    count: 0,
                    violations: UploadViolations::default(),
                })
            }
            Some(Part::Entries(_)) | None => {
                Err(ServiceError::field("head", "must be the first message of the stream"))
            }
        }
    }

    /// The entries that were read.
    pub(in crate::api) const fn entries(&self) -> usize {
        self.count
    }

    /// Reads a further part.
    ///
    /// # Errors
    /// If it has no entries or too many, or the list has too many. The rest need not be read then.
    pub(in crate::api) fn add(&mut self, part: v1::ReplaceListRequest) -> Result<(), ServiceError> {
        let entries = match part.part {
            Some(Part::Entries(entries)) => entries.entries,
            Some(Part::Head(_)) => return Err(ServiceError::field("head", "must be in the first message only")),
            None => return Err(ServiceError::field("part", "must be set")),
        };
        if entries.len() > MAX_PART_ENTRIES {
            return Err(ServiceError::field(
                "entries",
                format!("must have at most {MAX_PART_ENTRIES} items in one message"),
            ));
        }
        if self.count.saturating_add(entries.len()) > MAX_ENTRIES {
            return Err(ServiceError::field(
                "entries",
                format!("must have at most {MAX_ENTRIES} items in total"),
            ));
        }
        for entry in entries {
            let line = entry.line;
            if let Err(violations) = self.add_entry(&entry) {
                self.violations.add(position_of(self.count, line), violations);
            }
            self.count += 1;
        }
        Ok(())
    }

    /// The list, after its last part.
    ///
    /// # Errors
    /// If an entry is not valid, or a pattern is there twice.
    pub(in crate::api) fn finish(mut self) -> Result<Complete, ServiceError> {
        let entries = match self.draft.finish() {
            Ok(entries) => Some(entries),
            Err(duplicates) => {
                for [(later, later_line), (earlier, earlier_line)] in duplicates {
                    let position = |index: u32, line| position_of(usize::try_from(index).unwrap_or(usize::MAX), line);
                    let problem = format!("is on the list already: {}", position(earlier, earlier_line).shown());
                    let violation = Violation::new("number", problem);
                    self.violations.add(position(later, later_line), vec![violation]);
                }
                None
            }
        };
        self.violations.finish()?;
        Ok(Complete {
            head: self.head,
            entries: entries.ok_or(ServiceError::Internal)?,
            dry_run: self.dry_run,
        })
    }

    fn add_entry(&mut self, entry: &v1::ListEntry) -> Result<(), Vec<Violation>> {
        let entry = new_entry(entry).map_err(violations)?;
        if !self.may_cover_countries && entry.pattern.covers_country() {
            return Err(vec![Violation::new("number", COVERS_COUNTRY)]);
        }
        self.draft
            .check(&entry)
            .map_err(|fault| vec![Violation::new(fault.field(), fault.to_string())])?;
        let index = u32::try_from(self.count).unwrap_or(u32::MAX);
        self.draft
            .add(entry, index)
            .map_err(|fault| vec![Violation::new("number", fault.to_string())])
    }
}

/// Reads an entry. Field names are relative to it.
fn new_entry(entry: &v1::ListEntry) -> Result<NewEntry, ServiceError> {
    let mut fields = FieldReader::default();
    let pattern = fields.keep("number", Pattern::parse(&entry.number));
    let source = fields.keep("source", ListSource::parse(&entry.source));
    let requester = fields.optional("requester", &entry.requester, Requester::parse);
    if entry.entered_at.is_none() {
        fields.refuse("entered_at", "must be set");
    }
    let entered_at = fields.recent_time("entered_at", entry.entered_at);
    let expires_at = fields.recent_time("expires_at", entry.expires_at);
    let action = fields.code("action", entry.action, Action::from_code);
    let owner = new_owner(&mut fields, entry.owner.as_deref());
    let read = || {
        Some(NewEntry {
            pattern: pattern?,
            source: source?,
            requester,
            entered_at: entered_at?,
            expires_at,
            action,
            owner,
            line: entry.line,
        })
    };
    let read = read();
    fields.finish(read)
}

/// Reads the fields of an owner that are set. The kind of the list decides which must be.
fn new_owner(fields: &mut FieldReader, owner: Option<&v1::Owner>) -> NewOwner {
    let Some(owner) = owner else {
        return NewOwner::default();
    };
    NewOwner {
        organisation: fields.optional("owner.organisation", &owner.organisation, OwnerName::parse),
        brand: fields.optional("owner.brand", &owner.brand, Brand::parse),
        calls: fields.code("owner.calls", owner.calls, OwnerCalls::from_code),
    }
}

/// Reads the id and the page of a list.
pub(in crate::api) fn wanted(request: v1::GetListRequest) -> Result<(ListId, PageRequest), ServiceError> {
    let mut fields = FieldReader::default();
    let id = fields.list_id("list_id", &request.list_id);
    fields.finish(id.map(|id| (id, page(request.page_size, request.page_token))))
}

/// Shows the result of an upload.
pub(in crate::api) fn replaced(replaced: &Replaced) -> v1::ReplaceListResponse {
    v1::ReplaceListResponse {
        list: Some(summary(&replaced.list)),
        changed: replaced.changed,
        changes: None,
    }
}

/// Shows a page of a list.
pub(in crate::api) fn list(page: ListPage) -> v1::GetListResponse {
    v1::GetListResponse {
        total_size: super::total(page.list.entry_count),
        list: Some(summary(&page.list)),
        entries: page.entries.iter().map(shown_entry).collect(),
        next_page_token: page.next_page_token,
    }
}

/// Shows a list without its entries.
pub(in crate::api) fn summary(list: &ListSummary) -> v1::ListSummary {
    v1::ListSummary {
        list_id: list.id.as_str().to_owned(),
        kind: list.kind.code().into(),
        entry_count: u32::try_from(list.entry_count).unwrap_or(u32::MAX),
        replaced_at: shown::time(list.replaced_at),
        actor: list.actor.clone(),
        version: list.version,
    }
}

fn shown_entry(entry: &ListEntry) -> v1::ListEntry {
    let requester = entry.origin.requester.as_ref();
    v1::ListEntry {
        number: entry.pattern.to_string(),
        source: entry.origin.source.as_str().to_owned(),
        entered_at: shown::time(entry.entered_at),
        requester: requester.map_or_else(String::new, |requester| requester.as_str().to_owned()),
        expires_at: entry.expires_at.and_then(shown::time),
        action: entry.action.map_or(0, Action::code).into(),
        line: 0,
        owner: entry.owner.as_deref().map(shown::owner).map(Box::new),
    }
}

impl FieldReader {
    pub(super) fn list_id(&mut self, field: &str, text: &str) -> Option<ListId> {
        self.keep(field, ListId::parse(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::convert::list_violations::MAX_VIOLATIONS;
    use crate::clock::monotonic;
    use crate::domain::kinds::ListKind;
    use crate::metrics::EdgeLabel;

    fn open() -> RequestContext {
        RequestContext::open(EdgeLabel::Grpc, monotonic())
    }

    use crate::wire::Timestamp;

    fn upload(kind: v1::ListKind) -> Upload {
        let head = v1::ListHead {
            list_id: "dno".into(),
            kind: kind.into(),
            request_id: "r1".into(),
            ..Default::default()
        };
        let part = Part::Head(head);
        Upload::begin(Some(v1::ReplaceListRequest { part: Some(part) }), &open()).unwrap()
    }

    fn entry(number: &str, line: u32) -> v1::ListEntry {
        v1::ListEntry {
            number: number.into(),
            source: "registry".into(),
            entered_at: Some(Timestamp::from_millis(1_700_000_000_000)),
            line,
            ..Default::default()
        }
    }

    fn add(upload: &mut Upload, entries: Vec<v1::ListEntry>) -> Result<(), ServiceError> {
        let part = Part::Entries(v1::ListEntries { entries });
        upload.add(v1::ReplaceListRequest { part: Some(part) })
    }

    fn texts(error: ServiceError) -> Vec<String> {
        let named = violations(error);
        named
            .iter()
            .map(|violation| format!("{}: {}", violation.field, violation.problem))
            .collect()
    }

    #[test]
    fn a_prefix_of_a_whole_country_needs_a_word() {
        for (number, covers) in [
            ("+44*", true),
            ("+4*", true),
            ("+1*", true),
            ("+1876*", true),
            ("+1415*", false),
            ("+441*", false),
            ("+999*", false),
            ("+14155550100", false),
            ("anonymous", false),
        ] {
            let mut upload = upload(v1::ListKind::TenantBlock);
            add(&mut upload, vec![entry(number, 0)]).unwrap();
            assert_eq!(upload.finish().is_err(), covers, "{number}");
        }
        let head = v1::ListHead {
            list_id: "dno".into(),
            kind: v1::ListKind::TenantBlock.into(),
            request_id: "r1".into(),
            may_cover_countries: true,
            ..Default::default()
        };
        let part = Part::Head(head);
        let mut meant = Upload::begin(Some(v1::ReplaceListRequest { part: Some(part) }), &open()).unwrap();
        add(&mut meant, vec![entry("+44*", 0)]).unwrap();
        assert!(meant.finish().is_ok());
    }

    #[test]
    fn a_valid_list_is_accepted() {
        let mut upload = upload(v1::ListKind::DoNotOriginate);
        add(&mut upload, vec![entry("+14155550101", 3), entry("+1415*", 2)]).unwrap();
        let Complete { head, entries, .. } = upload.finish().unwrap();
        assert_eq!((head.kind, entries.len()), (ListKind::DoNotOriginate, 2));
        assert_eq!(head.mutation.actor.as_str(), "anonymous");
        assert_eq!(
            shown_entry(&entries[1]),
            v1::ListEntry {
                line: 0,
                ..entry("+14155550101", 3)
            }
        );
    }

    #[test]
    fn violations_name_lines_or_positions_and_never_the_number() {
        let mut upload = upload(v1::ListKind::DoNotOriginate);
        let nothing = v1::ListEntry::default();
        let acts = v1::ListEntry {
            action: v1::Action::Block.into(),
            ..entry("+14155550101", 0)
        };
        add(
            &mut upload,
            vec![entry("+14155550100", 2), entry("4155550100", 3), acts],
        )
        .unwrap();
        add(&mut upload, vec![nothing, entry("+14155550100", 0)]).unwrap();
        let texts = texts(upload.finish().unwrap_err());
        let begins = [
            "line 3: number: must be a number in E.164",
            "entries[2].action: must not be set except in",
            "entries[3].number: must not be empty",
            "entries[3].source: must not be empty",
            "entries[3].entered_at: must be set",
            "entries[4].number: is on the list already: line 2",
        ];
        assert_eq!(texts.len(), begins.len(), "{texts:?}");
        for (text, begin) in texts.iter().zip(begins) {
            assert!(text.starts_with(begin), "{text}");
            assert!(!text.contains("5550100"), "{text}");
        }
    }

    #[test]
    fn owners_are_read_and_shown() {
        let owned = |organisation: &str, brand: &str, calls: i32| v1::ListEntry {
            owner: Some(Box::new(v1::Owner {
                organisation: organisation.into(),
                brand: brand.into(),
                calls,
            })),
            ..entry("+14155550100", 0)
        };
        let bank = owned("First Bank", "amazon.com", v1::OwnerCalls::Signed.into());
        let mut known = upload(v1::ListKind::KnownOwner);
        add(&mut known, vec![bank.clone()]).unwrap();
        let entries = known.finish().unwrap().entries;
        assert_eq!(
            shown_entry(&entries[0]),
            owned("First Bank", "Amazon", 2),
            "the brand is canonical"
        );

        let long = "x".repeat(121);
        let mut known = upload(v1::ListKind::KnownOwner);
        let bad = [
            entry("+14155550100", 0),
            owned("", "", 3),
            owned("First Bank", "", 0),
            owned(&long, "", 3),
            owned("First Bank", "a\u{7}", 3),
            owned("First Bank", "", 9),
        ];
        add(&mut known, bad.into()).unwrap();
        let begins = [
            "entries[0].owner.organisation: must be set in a list of kind KNOWN_OWNER",
            "entries[1].owner.organisation: must be set in a list of kind KNOWN_OWNER",
            "entries[2].owner.calls: must be set in a list of kind KNOWN_OWNER",
            "entries[3].owner.organisation: must have at most 120 bytes",
            "entries[4].owner.brand: must hold visible characters only",
            "entries[5].owner.calls: is not a value that this server knows",
        ];
        assert_eq!(texts(known.finish().unwrap_err()), begins);

        let mut other = upload(v1::ListKind::DoNotOriginate);
        add(&mut other, vec![bank, owned("", "x", 0), owned("", "", 1)]).unwrap();
        let begins = ["organisation", "brand", "calls"].map(|field| {
            let place = ["organisation", "brand", "calls"]
                .iter()
                .position(|other| *other == field)
                .unwrap();
            format!("entries[{place}].owner.{field}: must not be set except in a list of kind KNOWN_OWNER")
        });
        assert_eq!(texts(other.finish().unwrap_err()), begins);
    }

    #[test]
    fn the_first_violations_are_named_and_the_rest_counted() {
        let mut upload = upload(v1::ListKind::Protected);
        add(&mut upload, (2..32).map(|line| entry("soon", line)).collect()).unwrap();
        let texts = texts(upload.finish().unwrap_err());
        assert_eq!(texts.len(), MAX_VIOLATIONS + 1);
        assert_eq!(texts.last().unwrap(), "entries: have 10 more violations");
    }

    #[test]
    fn parts_have_an_order_and_a_limit() {
        let head_again = v1::ReplaceListRequest {
            part: Some(Part::Head(v1::ListHead::default())),
        };
        let mut upload = upload(v1::ListKind::Protected);
        assert!(upload.add(head_again.clone()).is_err());
        assert!(upload.add(v1::ReplaceListRequest { part: None }).is_err());
        assert!(add(&mut upload, vec![entry("+1415*", 0); MAX_PART_ENTRIES + 1]).is_err());
        for _ in 0..MAX_ENTRIES / MAX_PART_ENTRIES {
            add(&mut upload, vec![v1::ListEntry::default(); MAX_PART_ENTRIES]).unwrap();
        }
        assert!(
            add(&mut upload, vec![v1::ListEntry::default()]).is_err(),
            "one too many"
        );
        assert!(Upload::begin(None, &open()).is_err());
        assert_eq!(
            texts(Upload::begin(Some(head_again), &open()).unwrap_err()).len(),
            3,
            "id, kind, request"
        );
    }
}
