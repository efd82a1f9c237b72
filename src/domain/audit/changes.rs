//! What changed in a record, field by field.

use super::{AuditChange, MAX_TEXT_BYTES};
use crate::domain::acceptance::Acceptance;
use crate::domain::brand::Brand;
use crate::domain::case::{Case, CaseLink};
use crate::domain::identity::{CertificateHash, Credential, Principal, PrincipalKey};
use crate::domain::ids::CaseId;
use crate::domain::list::{List, digest};
use crate::domain::note::Note;
use crate::domain::state::NumberState;
use crate::domain::status::StatusEntry;
use crate::domain::time::Timestamp;
use crate::domain::visibility::{Sharing, Visibility};

/// The changed fields, as they are found.
#[derive(Default)]
struct Changes(Vec<AuditChange>);

impl Changes {
    fn compare(&mut self, field: &str, old: &str, new: &str) {
        if old != new {
            self.0.push(AuditChange::new(field, old, new));
        }
    }

    /// Compares two lists: as a whole if both are short, or else by the items that were removed and added.
    fn compare_lists(&mut self, field: &str, old: &[String], new: &[String]) {
        let whole = |items: &[String]| items.join(", ");
        let fits = |items: &[String]| whole(items).len() <= MAX_TEXT_BYTES;
        if fits(old) && fits(new) {
            self.compare(field, &whole(old), &whole(new));
            return;
        }
        for part in parts(old.iter().filter(|item| !new.contains(item))) {
            self.compare(&format!("{field} removed"), &part, "");
        }
        for part in parts(new.iter().filter(|item| !old.contains(item))) {
            self.compare(&format!("{field} added"), "", &part);
        }
    }
}

/// The items in texts that are not cut, unless one item is longer than a text may be.
fn parts<'a>(items: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for item in items {
        match parts.last_mut() {
            Some(last) if last.len() + 2 + item.len() <= MAX_TEXT_BYTES => {
                last.push_str(", ");
                last.push_str(item);
            }
            Some(_) | None => parts.push(item.clone()),
        }
    }
    parts
}

/// The statuses and links of a number that were set, changed or removed.
#[must_use]
pub fn of_number(before: &NumberState, after: &NumberState) -> Vec<AuditChange> {
    let mut changes = Changes::default();
    let of_kind = |state: &NumberState, kind| state.statuses.all().find(|entry| entry.kind == kind).cloned();
    let mut kinds: Vec<_> = before
        .statuses
        .all()
        .chain(after.statuses.all())
        .map(|entry| entry.kind)
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let text = |state| of_kind(state, kind).as_ref().map(status).unwrap_or_default();
        changes.compare(&format!("status {kind}"), &text(before), &text(after));
    }
    let removed = before
        .links
        .iter()
        .filter(|link| after.links.iter().all(|other| other.key() != link.key()));
    for link in removed {
        changes.compare(&name_of(link), &text_of(link), "");
    }
    for link in &after.links {
        let known = before.links.iter().find(|other| other.key() == link.key());
        changes.compare(&name_of(link), &known.map(text_of).unwrap_or_default(), &text_of(link));
    }
    changes.0
}

fn status(entry: &StatusEntry) -> String {
    match entry.expires_at {
        Some(end) => format!("until {end}: {}", entry.reason),
        None => format!("set: {}", entry.reason),
    }
}

fn name_of(link: &CaseLink) -> String {
    format!("link {} {}", link.case.as_str(), link.role)
}

fn text_of(link: &CaseLink) -> String {
    let mut text = format!("confidence {} from {}", link.confidence, link.source);
    for (word, at) in [("since", link.from), ("until", link.to)] {
        if let Some(at) = at {
            text = format!("{text}, {word} {at}");
        }
    }
    text
}

/// The changed fields of a case. All set fields of a new one.
#[must_use]
pub fn of_case(before: Option<&Case>, after: &Case) -> Vec<AuditChange> {
    let mut changes = Changes::default();
    let mut field = |name: &str, text: &dyn Fn(&Case) -> String| {
        changes.compare(name, &before.map(text).unwrap_or_default(), &text(after));
    };
    field("status", &|case| case.status.name().to_owned());
    field("title", &|case| case.title.to_string());
    field("category", &|case| case.category.name().to_owned());
    field("impersonated_brand", &|case| {
        case.brand.as_ref().map(Brand::as_str).unwrap_or_default().to_owned()
    });
    field("summary", &|case| case.summary.to_string());
    field("agency", &|case| case.agency.to_string());
    field("agency_reference", &|case| case.agency_reference.to_string());
    field("source", &|case| case.source.name().to_owned());
    field("last_evidence_at", &|case| moment(case.last_evidence_at));
    field("merged_into", &|case| {
        case.merged_into
            .as_ref()
            .map(CaseId::as_str)
            .unwrap_or_default()
            .to_owned()
    });
    changes.0
}

fn moment(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

/// The number of entries of a list and their hash, before and after.
#[must_use]
pub fn of_list(before: Option<&List>, after: &List) -> Vec<AuditChange> {
    let mut changes = Changes::default();
    let count = |list: &List| list.entries.len().to_string();
    let hash = |list: &List| format!("{:032x}", digest(&list.entries));
    let kind = |list: &List| list.kind.name().to_owned();
    changes.compare("kind", &before.map(kind).unwrap_or_default(), &kind(after));
    changes.compare("entries", &before.map(count).unwrap_or_default(), &count(after));
    changes.compare("hash", &before.map(hash).unwrap_or_default(), &hash(after));
    changes.0
}

/// The changed fields of a principal. Of a key only its id and its times are told, of a certificate the first bytes of its
/// hash.
#[must_use]
pub fn of_principal(before: Option<&Principal>, after: &Principal) -> Vec<AuditChange> {
    let mut changes = Changes::default();
    let mut field = |name: &str, text: &dyn Fn(&Principal) -> String| {
        changes.compare(name, &before.map(text).unwrap_or_default(), &text(after));
    };
    field("tenant", &|of| of.tenant.to_string());
    field("disabled", &|of| of.disabled.to_string());
    let mut list = |name: &str, items: &dyn Fn(&Principal) -> Vec<String>| {
        changes.compare_lists(name, &before.map(items).unwrap_or_default(), &items(after));
    };
    list("roles", &|of| {
        of.roles.iter().map(|role| role.name().to_owned()).collect()
    });
    list("sources", &|of| {
        of.grants.sources().map(|source| source.name().to_owned()).collect()
    });
    list("feeds", &|of| {
        of.grants.feeds.iter().map(|feed| feed.as_str().to_owned()).collect()
    });
    list("brands", &|of| {
        of.grants.brands.iter().map(|brand| brand.as_str().to_owned()).collect()
    });
    list("certificates", &|of| of.certificates.iter().map(certificate).collect());
    list("subjects", &|of| {
        let named = of.subjects.iter();
        named
            .map(|of| format!("{} {}", of.issuer.as_str(), of.subject.as_str()))
            .collect()
    });
    let known = before.map(|before| &before.keys[..]).unwrap_or_default();
    for key in known.iter().filter(|key| after.key(key.id).is_none()) {
        changes.compare(&format!("key {}", key.id), &key_text(key), "forgotten");
    }
    for key in &after.keys {
        let known = before.and_then(|before| before.key(key.id)).map(key_text);
        changes.compare(&format!("key {}", key.id), &known.unwrap_or_default(), &key_text(key));
    }
    changes.0
}

/// A certificate by the first bytes of its hash.
fn certificate(hash: &CertificateHash) -> String {
    Credential::Certificate(hash.0.first_chunk().copied().unwrap_or_default()).to_string()
}

/// Who may see a thing, and who might before.
#[must_use]
pub fn of_sharing(before: Option<&Sharing>, after: &Sharing) -> Vec<AuditChange> {
    let mut changes = Changes::default();
    let items = |sharing: &Sharing| match &sharing.visibility {
        Visibility::Private => vec!["nobody".to_owned()],
        Visibility::Named(tenants) if tenants.is_empty() => vec!["nobody".to_owned()],
        Visibility::Named(tenants) => tenants.iter().map(ToString::to_string).collect(),
        Visibility::All => vec!["all".to_owned()],
    };
    changes.compare_lists(
        &format!("visibility of {}", after.thing),
        &before.map(items).unwrap_or_default(),
        &items(after),
    );
    changes.0
}

/// What is accepted from a tenant, and was before.
#[must_use]
pub fn of_acceptance(before: Option<&Acceptance>, after: &Acceptance) -> Vec<AuditChange> {
    let mut changes = Changes::default();
    let items = |acceptance: &Acceptance| -> Vec<String> {
        let kinds = acceptance.kinds.iter();
        kinds.map(|kind| kind.name().to_owned()).collect()
    };
    changes.compare_lists(
        &format!("accepted from {}", after.from),
        &before.map(items).unwrap_or_default(),
        &items(after),
    );
    changes.0
}

fn key_text(key: &PrincipalKey) -> String {
    let start = key.not_before.map(|start| format!("from {start} ")).unwrap_or_default();
    match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked at {at}"),
        (None, Some(end)) => format!("valid {start}until {end}"),
        (None, None) => format!("valid {start}").trim_end().to_owned(),
    }
}

/// The length of a new note. Its text is in the note, which does not change.
#[must_use]
pub fn of_note(note: &Note) -> Vec<AuditChange> {
    let length = format!("{} characters", note.text.chars().count());
    vec![AuditChange::new("text", "", &length)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Actor;
    use crate::domain::kinds::{CaseRole, Source, StatusKind};

    fn blocked(reason: &str) -> StatusEntry {
        StatusEntry {
            kind: StatusKind::Blocked,
            reason: reason.into(),
            author: Actor::parse("ana").unwrap(),
            set_at: Timestamp::from_secs(0),
            expires_at: None,
        }
    }

    #[test]
    fn long_lists_tell_what_was_removed_and_added() {
        let feeds = |last: &str| {
            let names = (0..15).map(|n| format!("feed-{n:02}-{}", "x".repeat(40)));
            names.chain([last.to_owned()]).collect::<Vec<_>>()
        };
        let mut changes = Changes::default();
        changes.compare_lists("feeds", &feeds("old"), &feeds("zz-regulator"));
        let expected = [
            AuditChange::new("feeds removed", "old", ""),
            AuditChange::new("feeds added", "", "zz-regulator"),
        ];
        assert_eq!(changes.0, expected);
        let mut all = Changes::default();
        all.compare_lists("feeds", &[], &feeds("last"));
        assert!(all.0.len() > 1 && all.0.iter().all(|change| !change.new.contains('…')));
        assert!(all.0.last().unwrap().new.ends_with("last"));
        let mut short = Changes::default();
        short.compare_lists("roles", &["APP".to_owned()], &["APP".to_owned(), "ADMIN".to_owned()]);
        assert_eq!(short.0, [AuditChange::new("roles", "APP", "APP, ADMIN")]);
    }

    #[test]
    fn a_number_tells_its_statuses_and_links() {
        let link = CaseLink {
            case: CaseId::parse("c-1").unwrap(),
            role: CaseRole::CallerId,
            confidence: 0.9,
            source: Source::Analyst,
            from: None,
            to: None,
            linked_at: Timestamp::from_secs(0),
            actor: Actor::parse("ana").unwrap(),
        };
        let mut before = NumberState::default();
        before.statuses.set(blocked("spam"));
        let mut after = NumberState::default();
        after.links.push(link);
        let changes = of_number(&before, &after);
        let expected = [
            AuditChange::new("status BLOCKED", "set: spam", ""),
            AuditChange::new("link c-1 CALLER_ID", "", "confidence 0.9 from ANALYST"),
        ];
        assert_eq!(changes, expected);
        assert_eq!(of_number(&after, &after), []);
        assert_eq!(of_number(&after, &before).len(), 2);
    }
}
