//! The audit events of changes: each is written in the commit of the record that changed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::number_job::NumberRecord;
use super::{Author, Writer, random};
use crate::codec;
use crate::domain::acceptance::Acceptance;
use crate::domain::audit::{
    AuditChange, AuditEvent, AuditMethod, AuditSubject, MAX_REASON_BYTES, RequestedBy, bounded, bounded_changes,
    of_acceptance, of_case, of_list, of_note, of_number, of_principal, of_sharing,
};
use crate::domain::case::Case;
use crate::domain::identity::Principal;
use crate::domain::ids::ReportId;
use crate::domain::list::List;
use crate::domain::note::{Note, NoteSubject};
use crate::domain::state::NumberState;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::visibility::{SharedThing, Sharing};
use crate::number::E164;
use crate::store::{EventId, EventKey, EventWrite, Shard, ShardCommit};
use crate::tasks;

/// What an event tells of a change, besides its author.
#[derive(Clone, Debug)]
pub(in crate::service) struct Told {
    pub(in crate::service) subject: Option<AuditSubject>,
    pub(in crate::service) related: Option<AuditSubject>,
    pub(in crate::service) changes: Vec<AuditChange>,
}

/// A record whose changes can be told without its rows.
pub(in crate::service) trait Audited {
    /// What changed; `before` is none for a new record.
    fn told(before: Option<&Self>, after: &Self) -> Told;

    /// The tenant that the record is about, if that is not the one that it is kept with. Its audit log has the event too.
    fn also_of(&self) -> Option<TenantId> {
        None
    }
}

impl Audited for Case {
    fn told(before: Option<&Self>, after: &Self) -> Told {
        Told {
            subject: Some(AuditSubject::Case(after.id.clone())),
            related: None,
            changes: of_case(before, after),
        }
    }
}

impl Audited for List {
    fn told(before: Option<&Self>, after: &Self) -> Told {
        Told {
            subject: Some(AuditSubject::List(after.id.clone())),
            related: None,
            changes: of_list(before, after),
        }
    }
}

impl Audited for Principal {
    fn told(before: Option<&Self>, after: &Self) -> Told {
        Told {
            subject: Some(AuditSubject::Principal(after.id.as_str().into())),
            related: None,
            changes: of_principal(before, after),
        }
    }

    fn also_of(&self) -> Option<TenantId> {
        Some(self.tenant)
    }
}

impl Audited for Sharing {
    fn told(before: Option<&Self>, after: &Self) -> Told {
        let subject = match &after.thing {
            SharedThing::Reports | SharedThing::Statuses => None,
            SharedThing::Case(id) => Some(AuditSubject::Case(id.clone())),
            SharedThing::List(id) => Some(AuditSubject::List(id.clone())),
            SharedThing::Note(id) => Some(AuditSubject::Note(*id)),
        };
        Told {
            subject,
            related: None,
            changes: of_sharing(before, after),
        }
    }
}

impl Audited for Acceptance {
    fn told(before: Option<&Self>, after: &Self) -> Told {
        Told {
            subject: None,
            related: None,
            changes: of_acceptance(before, after),
        }
    }
}

impl Audited for Note {
    fn told(_: Option<&Self>, after: &Self) -> Told {
        let of = match &after.subject {
            NoteSubject::Number(number) => AuditSubject::Number(*number),
            NoteSubject::Case(id) => AuditSubject::Case(id.clone()),
        };
        Told {
            subject: Some(of),
            related: Some(AuditSubject::Note(after.id)),
            changes: of_note(after),
        }
    }
}

/// What a change of a number tells besides the difference of its record: of its rows, which are not in the record, and
/// what else it concerns.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct NumberTold {
    pub(in crate::service) related: Option<AuditSubject>,
    pub(in crate::service) changes: Vec<AuditChange>,
    /// Who brought withdrawn reports back, and the id of the first of them. Reports make no event else.
    again: Option<(RequestedBy, Box<str>)>,
}

impl NumberTold {
    /// Tells that a withdrawn report counts again.
    pub(in crate::service) fn counts_again(&mut self, id: &ReportId, by: RequestedBy) {
        if self.again.is_none() {
            self.again = Some((by, id.as_str().into()));
            self.related = Some(AuditSubject::Report(id.clone()));
        }
        self.tell(&format!("report {}", id.as_str()), "withdrawn", "counted");
    }

    /// Tells of one more change.
    pub(in crate::service) fn tell(&mut self, field: &str, old: &str, new: &str) {
        self.changes.push(AuditChange::new(field, old, new));
    }

    /// All that is told of the number.
    pub(super) fn with_record(&self, number: E164, before: &NumberState, after: &NumberState) -> Told {
        let mut changes = of_number(before, after);
        changes.extend(self.changes.iter().cloned());
        Told {
            subject: Some(AuditSubject::Number(number)),
            related: self.related.clone(),
            changes,
        }
    }
}

impl Writer {
    /// Tells the events of one millisecond apart: those of this process by their order, those of others by chance.
    fn next_tie(&self) -> u64 {
        let order = self.event_order.fetch_add(1, Ordering::Relaxed);
        u64::from(order) << 32 | (random() & u64::from(u32::MAX))
    }

    /// The event of a change of a number; `before` is none for changes that make no event else.
    pub(super) fn event_of_number(
        &self,
        author: Author<'_>,
        at: Timestamp,
        record: &NumberRecord,
        before: Option<&NumberState>,
    ) -> Option<EventWrite> {
        let shard = Shard::of_number(record.number);
        let told = |before| record.told.with_record(record.number, before, &record.state);
        if let Some(before) = before {
            let told = told(before);
            return self.event(shard, author, at, told);
        }
        let (by, request) = record.told.again.as_ref()?;
        let author = Author {
            actor: &by.actor,
            request,
            reason: "",
            via: &by.via,
            method: Some(AuditMethod::SubmitReport),
        };
        self.event(shard, author, at, told(&record.state))
    }

    /// The event of a change for the audit log of the tenant that the record is about; none if that is the one that keeps it.
    pub(super) fn event_for_other(&self, event: Option<&EventWrite>, record: &impl Audited) -> Option<EventWrite> {
        let event = event?;
        let tenant = record.also_of().filter(|tenant| *tenant != self.tenant)?;
        Some(EventWrite {
            key: EventKey { tenant, ..event.key },
            bytes: event.bytes.clone(),
        })
    }

    /// Writes the event of a change that is committed into the audit log of another tenant, also if the client leaves. A commit
    /// belongs to one tenant, so this is another step. If it fails, only the log of the tenant that keeps the record has the
    /// event.
    pub(super) async fn tell_other(&self, event: EventWrite) {
        let commit = ShardCommit {
            events: vec![event.clone()],
            ..ShardCommit::empty(event.key.shard)
        };
        let store = Arc::clone(&self.store);
        let written = tasks::go_on(async move { store.commit(vec![commit]).await.pop() });
        if let Some(Some(Ok(_))) = written.await {
            self.metrics.audit_events(1);
        } else {
            self.metrics.audit_event_lost();
            tracing::warn!("the audit log of a tenant lacks an event, which that of the operator has");
        }
    }

    /// The event of a change; none if nothing changed, or if the author's changes make no events.
    pub(in crate::service) fn event(
        &self,
        shard: Shard,
        author: Author<'_>,
        at: Timestamp,
        told: Told,
    ) -> Option<EventWrite> {
        // An erasure changes what no event may hold.
        if told.changes.is_empty() && author.method != Some(AuditMethod::EraseNumber) {
            return None;
        }
        self.event_of_request(shard, author, at, told)
    }

    /// The event of a request that changes no record; none if the author's requests make no events.
    pub(super) fn event_of_request(
        &self,
        shard: Shard,
        author: Author<'_>,
        at: Timestamp,
        told: Told,
    ) -> Option<EventWrite> {
        let method = author.method?;
        let Told {
            subject,
            related,
            changes,
        } = told;
        let event = AuditEvent {
            at,
            actor: author.actor.clone(),
            via: author.via.clone(),
            request: author.request.into(),
            method,
            subject,
            related,
            changes: bounded_changes(changes),
            reason: bounded(author.reason, MAX_REASON_BYTES),
        };
        Some(EventWrite {
            key: EventKey {
                shard,
                tenant: self.tenant,
                id: EventId::new(at, self.next_tie()),
            },
            bytes: codec::audit::encode(&event),
        })
    }
}
