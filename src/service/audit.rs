//! The audit log: events are listed and filtered, reads are recorded, and old events are dropped.
//!
//! Events are kept by shard, in the order of time. A page takes the newest of all shards, and reads more of a shard only
//! when its events are used up: it costs what it shows and passes over, not what is stored.

mod imports;

use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use self::imports::Imports;
use super::content::{Method, RequestContent};
use super::identity::read_number;
use super::page::{PageKey, foreign_token};
use super::writer::{Author, Told, Writer};
use super::{PageRequest, ServiceError};
use crate::codec;
use crate::domain::audit::{AuditChange, AuditEvent, AuditMethod, AuditSubject, RequestedBy};
use crate::domain::time::Timestamp;
use crate::number::Region;
use crate::store::{EventId, EventSpan, Shard, StoredEvent};

pub use self::imports::{NamedImports, named_imports};

/// The most events that one page passes over and shows. A page of a rare filter may therefore have few events, or none,
/// and a token that leads on.
const MAX_READ: usize = 5_000;
/// The most bytes of the events of a page, as stored.
const MAX_PAGE_BYTES: usize = 1 << 20;
/// Events of each shard that are read at first; later as many again each time, up to [`MAX_BATCH`].
const FIRST_BATCH: usize = 4;
const MAX_BATCH: usize = 256;
/// Events after which other tasks have their turn.
const TURN: usize = 128;
/// Events that are dropped in one step.
const DROPPED_AT_ONCE: usize = 500;

/// The events that are listed. An event must match all fields that are set.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// The first moment.
    pub from: Option<Timestamp>,
    /// The end, not included.
    pub to: Option<Timestamp>,
    /// The actor.
    pub actor: String,
    /// The method.
    pub method: Option<AuditMethod>,
    /// The number, case or list.
    pub subject: Option<AuditSubject>,
    /// The id of the request.
    pub request: String,
}

/// An event with its id.
#[derive(Clone, Debug)]
pub struct ListedEvent {
    /// Its place in time.
    pub id: EventId,
    /// The event.
    pub event: AuditEvent,
}

/// A page of events, newest first.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// The events.
    pub events: Vec<ListedEvent>,
    /// Leads to the next page; empty at the end.
    pub next_page_token: String,
}

/// The audit log.
pub struct AuditLog {
    writer: Arc<Writer>,
    page_key: PageKey,
    imports: Imports,
}

impl AuditLog {
    pub(super) fn new(writer: Arc<Writer>, page_key: PageKey) -> Self {
        Self {
            writer,
            page_key,
            imports: Imports::default(),
        }
    }

    /// A page of events, newest first. It may be shorter than asked for, and even empty, though more follow.
    ///
    /// # Errors
    /// If the page is wrong, or the store cannot be read.
    pub async fn list(&self, filter: &AuditFilter, page: &PageRequest) -> Result<AuditPage, ServiceError> {
        let limit = page.limit()?;
        let scope = filter.scope();
        let erased = match &filter.subject {
            Some(AuditSubject::Number(number)) => Some(AuditSubject::Erased(self.writer.hash_of(*number))),
            Some(_) | None => None,
        };
        let after = page
            .cursor(&self.page_key, &scope)?
            .map(|cursor| EventId::from_bytes(&cursor).ok_or_else(foreign_token))
            .transpose()?;
        let mut lanes = ByTime::new(&self.writer, filter, after);
        let mut events = Vec::new();
        let (mut read, mut bytes, mut last) = (0, 0, None);
        while let Some(stored) = lanes.next().await? {
            if events.len() >= limit || read >= MAX_READ || bytes >= MAX_PAGE_BYTES {
                let token = last.map(|last: EventId| last.bytes().to_vec());
                let next_page_token = self.page_key.next(&scope, token);
                return Ok(AuditPage {
                    events,
                    next_page_token,
                });
            }
            read += 1;
            last = Some(stored.id);
            if read % TURN == 0 {
                tokio::task::yield_now().await;
            }
            match codec::audit::decode(&stored.bytes) {
                Ok(event) if filter.matches(&event, erased.as_ref()) => {
                    bytes += stored.bytes.len();
                    events.push(ListedEvent { id: stored.id, event });
                }
                Ok(_) => {}
                // A newer release wrote it.
                Err(error) => tracing::warn!(%error, "an audit event is left out"),
            }
        }
        Ok(AuditPage {
            events,
            next_page_token: String::new(),
        })
    }

    /// Records an export, or a read that is answered only if it is recorded.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn record(
        &self,
        by: &RequestedBy,
        method: AuditMethod,
        subject: Option<AuditSubject>,
        changes: Vec<AuditChange>,
    ) -> Result<(), ServiceError> {
        let shard = subject.as_ref().and_then(codec::audit::shard_of);
        let subject = subject.map(|subject| self.without_unknown(subject));
        let shard = shard.unwrap_or_else(|| Shard::new(random_shard()));
        let author = Author {
            actor: &by.actor,
            request: "",
            reason: "",
            via: &by.via,
            method: Some(method),
        };
        let told = Told {
            subject,
            related: None,
            changes,
        };
        self.writer.record_event(shard, author, told).await
    }

    /// If nothing is stored of a number, the hash of the number takes its place: a check that an erasure left nothing must not
    /// store the number again.
    fn without_unknown(&self, subject: AuditSubject) -> AuditSubject {
        let AuditSubject::Number(number) = subject else {
            return subject;
        };
        if self.writer.index().record(number).is_some() || !self.writer.notes_of(number).is_empty() {
            return subject;
        }
        AuditSubject::Erased(self.writer.hash_of(number))
    }

    /// Records a read of personal text. The read is answered also if that fails: an analyst must be able to work while
    /// the store takes no writes. A metric counts such reads, and the log says so.
    pub async fn record_read(&self, by: &RequestedBy, method: AuditMethod, subject: Option<AuditSubject>) {
        self.record_end(by, method, subject, Vec::new()).await;
    }

    /// Records the end of a read, such as the total of an export. As for a read, it may be lost.
    pub async fn record_end(
        &self,
        by: &RequestedBy,
        method: AuditMethod,
        subject: Option<AuditSubject>,
        changes: Vec<AuditChange>,
    ) {
        if let Err(error) = self.record(by, method, subject, changes).await {
            self.writer.metrics().audit_event_lost();
            tracing::warn!(%error, %method, "a read is not in the audit log");
        }
    }

    /// Drops the events that are older than `before`, in small steps. Returns how many.
    ///
    /// # Errors
    /// If the store cannot be written. The events dropped until then stay dropped.
    pub async fn drop_older_than(&self, before: Timestamp) -> Result<usize, ServiceError> {
        let mut dropped = 0;
        for shard in Shard::all() {
            loop {
                let step = self.writer.drop_events(shard, before, DROPPED_AT_ONCE).await?;
                dropped += step;
                if step < DROPPED_AT_ONCE {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        Ok(dropped)
    }
}

/// The subject of the events about a number, as a client writes it.
///
/// # Errors
/// If the text is not a number that can exist.
pub fn subject_of_number(text: &str, region: Option<Region>) -> Result<AuditSubject, ServiceError> {
    read_number("number", text, region).map(AuditSubject::Number)
}

impl AuditFilter {
    /// The content that a page token of this list is bound to.
    fn scope(&self) -> RequestContent {
        let mut scope = RequestContent::of(Method::ListAuditEvents);
        scope
            .time(self.from)
            .time(self.to)
            .text(&self.actor)
            .optional_code(self.method.map(AuditMethod::code))
            .text(&self.request);
        match &self.subject {
            Some(AuditSubject::Number(number)) => _ = scope.code(1).number(*number),
            Some(AuditSubject::Case(id)) => _ = scope.code(2).text(id.as_str()),
            Some(AuditSubject::List(id)) => _ = scope.code(3).text(id.as_str()),
            Some(AuditSubject::Principal(id)) => _ = scope.code(4).text(id),
            Some(AuditSubject::Import(id)) => _ = scope.code(5).text(id.as_str()),
            Some(
                AuditSubject::Note(_) | AuditSubject::Report(_) | AuditSubject::Reporter(_) | AuditSubject::Erased(_),
            )
            | None => {}
        }
        scope
    }

    /// `erased` stands for the number of the filter after its erasure.
    fn matches(&self, event: &AuditEvent, erased: Option<&AuditSubject>) -> bool {
        let is_about = |subject| event.is_about(subject) || erased.is_some_and(|erased| event.is_about(erased));
        (self.actor.is_empty() || event.actor.as_str() == self.actor)
            && self.method.is_none_or(|method| event.method == method)
            && (self.request.is_empty() || *event.request == *self.request)
            && self.subject.as_ref().is_none_or(is_about)
    }

    /// The shards in which matching events may be. All events about a number or a list are in its shard. Those about a
    /// case are also in the shards of the numbers that were linked to it.
    fn shards(&self) -> Vec<Shard> {
        match &self.subject {
            Some(subject @ (AuditSubject::Number(_) | AuditSubject::List(_))) => {
                codec::audit::shard_of(subject).into_iter().collect()
            }
            Some(_) | None => Shard::all().collect(),
        }
    }
}

/// The events of some shards in the order of time, newest first.
struct ByTime<'a> {
    writer: &'a Writer,
    span: EventSpan,
    lanes: Vec<Lane>,
    /// The newest event of each lane that has one: its id, and the place of the lane.
    newest: BinaryHeap<(EventId, usize)>,
    has_begun: bool,
}

/// The events of one shard that were read and not given.
struct Lane {
    shard: Shard,
    waiting: VecDeque<StoredEvent>,
    /// How many were asked for the last time.
    batch: usize,
}

impl<'a> ByTime<'a> {
    fn new(writer: &'a Writer, filter: &AuditFilter, after: Option<EventId>) -> Self {
        let end = filter.to.map_or(EventId::LAST, |to| EventId::new(to, 0));
        let span = EventSpan {
            tenant: writer.tenant(),
            from: filter.from.map_or(EventId::FIRST, |from| EventId::new(from, 0)),
            before: after.map_or(end, |after| after.min(end)),
        };
        let lane = |shard| Lane {
            shard,
            waiting: VecDeque::new(),
            batch: FIRST_BATCH,
        };
        Self {
            writer,
            span,
            lanes: filter.shards().into_iter().map(lane).collect(),
            newest: BinaryHeap::new(),
            has_begun: false,
        }
    }

    /// The next event; none at the end.
    async fn next(&mut self) -> Result<Option<StoredEvent>, ServiceError> {
        if !self.has_begun {
            self.has_begun = true;
            self.begin().await?;
        }
        let Some((id, place)) = self.newest.pop() else {
            return Ok(None);
        };
        let Some(lane) = self.lanes.get_mut(place) else {
            return Ok(None);
        };
        let event = lane.waiting.pop_front();
        // What is left of every shard is older than the event that is given now.
        self.span.before = id;
        if lane.waiting.is_empty() && lane.batch > 0 {
            let asked = lane.batch.saturating_mul(2).min(MAX_BATCH);
            let more = self.writer.events(&[lane.shard], self.span, asked).await?;
            lane.waiting = more.into_iter().flatten().collect();
            lane.batch = if lane.waiting.len() < asked { 0 } else { asked };
        }
        if let Some(next) = lane.waiting.front() {
            self.newest.push((next.id, place));
        }
        Ok(event)
    }

    /// Reads the first events of all lanes at once.
    async fn begin(&mut self) -> Result<(), ServiceError> {
        let shards: Vec<Shard> = self.lanes.iter().map(|lane| lane.shard).collect();
        let found = self.writer.events(&shards, self.span, FIRST_BATCH).await?;
        for (place, (lane, found)) in self.lanes.iter_mut().zip(found).enumerate() {
            if found.len() < FIRST_BATCH {
                lane.batch = 0;
            }
            lane.waiting = found.into();
            if let Some(next) = lane.waiting.front() {
                self.newest.push((next.id, place));
            }
        }
        Ok(())
    }
}

/// A shard for an event that is about no one thing, so that such events do not gather in one shard.
fn random_shard() -> u8 {
    getrandom::u32().map_or(0, |random| random.to_le_bytes()[0])
}
