//! What a tenant shares with other tenants: set, and listed.

use std::sync::Arc;

use super::content::{Method, RequestContent};
use super::page::{PageKey, foreign_token};
use super::writer::{Done, Mutation, Outcome, Writer};
use super::{PageRequest, ServiceError};
use crate::codec::StoredRecord as _;
use crate::codec::note::NoteKey;
use crate::domain::audit::AuditMethod;
use crate::domain::ids::{CaseId, ListId};
use crate::domain::list::List;
use crate::domain::note::{Note, NoteId, NoteSubject};
use crate::domain::requests::Requests;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::unknown_fields::UnknownFields;
use crate::domain::visibility::{MAX_NAMED_TENANTS, MAX_SHARED, SharedThing, Sharing, Visibility};
use crate::store::Version;

/// What the tenant shares, and accepts from others.
pub struct Sharings {
    pub(super) writer: Arc<Writer>,
    page_key: PageKey,
}

/// What a request shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThingInput {
    /// The evidence of all reports.
    Reports,
    /// The statuses of numbers.
    Statuses,
    /// A case.
    Case(CaseId),
    /// A list.
    List(ListId),
    /// A note on a number or case.
    Note(NoteSubject, NoteId),
}

impl ThingInput {
    fn thing(&self) -> SharedThing {
        match self {
            Self::Reports => SharedThing::Reports,
            Self::Statuses => SharedThing::Statuses,
            Self::Case(id) => SharedThing::Case(id.clone()),
            Self::List(id) => SharedThing::List(id.clone()),
            Self::Note(_, id) => SharedThing::Note(*id),
        }
    }

    /// Whether it stands for all reports or statuses of the tenant, which an administrator decides.
    #[must_use]
    pub const fn is_of_whole_tenant(&self) -> bool {
        matches!(self, Self::Reports | Self::Statuses)
    }
}

/// The visibility of one thing, with the version of its record; 0 if it was never shared.
#[derive(Clone, Debug)]
pub struct VersionedSharing {
    /// The record.
    pub sharing: Sharing,
    /// Its version.
    pub version: Version,
}

/// A page of what a tenant shares, or once shared.
#[derive(Clone, Debug)]
pub struct SharingList {
    /// The records, in the order of their keys.
    pub sharings: Vec<VersionedSharing>,
    /// Leads to the next page; empty at the end.
    pub next_page_token: String,
    /// The records on all pages.
    pub total: usize,
}

impl Sharings {
    pub(super) const fn new(writer: Arc<Writer>, page_key: PageKey) -> Self {
        Self { writer, page_key }
    }

    /// Says which tenants may see a thing from now on.
    ///
    /// # Errors
    /// If the thing does not exist, the tenants are too many or the own one, the expected version is old, or the store
    /// cannot be written.
    pub async fn set(
        &self,
        (wanted, visibility): (&ThingInput, &Visibility),
        reason: &str,
        mutation: &Mutation,
    ) -> Result<VersionedSharing, ServiceError> {
        let thing = &wanted.thing();
        let key = thing.key();
        let deadline = self.writer.deadline(1);
        let content = content(thing, visibility, reason);
        let request = self
            .writer
            .recall(&mutation.scoped_request(), &content, deadline)
            .await?;
        if request.is_new() {
            self.writer.refresh().await;
            self.check(wanted, visibility).await?;
        }
        let fingerprint = request.fingerprint();
        let author = mutation.author(AuditMethod::SetVisibility, reason);
        let now = self.writer.now();
        let work = self
            .writer
            .change_record(&key, author, deadline, |found: Option<Sharing>, version| {
                let mut sharing = found.unwrap_or_else(|| never_shared(thing.clone(), now));
                if request.is_done() || !mutation.check(sharing.requests.seen(fingerprint), version)? {
                    return Ok((sharing, Done::unchanged(())));
                }
                sharing.visibility.clone_from(visibility);
                sharing.changed_at = now;
                sharing.requests.remember(fingerprint);
                Ok((sharing, Done::written(())))
            });
        let done = |_: &_| Outcome::Done(Vec::new());
        let changed = self.writer.carry_out(&request, Box::pin(work), done).await?;
        Ok(VersionedSharing {
            sharing: changed.record,
            version: changed.version,
        })
    }

    async fn check(&self, wanted: &ThingInput, visibility: &Visibility) -> Result<(), ServiceError> {
        self.check_existence(wanted).await?;
        let index = self.writer.index();
        let thing = &wanted.thing();
        if let Visibility::Named(tenants) = visibility {
            if tenants.len() > MAX_NAMED_TENANTS {
                let text = format!("must name at most {MAX_NAMED_TENANTS} tenants");
                return Err(ServiceError::field("tenants", text));
            }
            if tenants.contains(&self.writer.tenant()) {
                return Err(ServiceError::field("tenants", "must not name the own tenant"));
            }
        }
        // There is always room for all reports and all statuses.
        let is_single = !wanted.is_of_whole_tenant();
        if is_single && index.sharing(thing).is_none() && index.sharing_count() >= MAX_SHARED {
            let text = format!("the tenant shares {MAX_SHARED} things already, which is the limit");
            return Err(ServiceError::Precondition(text));
        }
        Ok(())
    }

    async fn check_existence(&self, wanted: &ThingInput) -> Result<(), ServiceError> {
        let (resource, found) = match wanted {
            ThingInput::Reports | ThingInput::Statuses => return Ok(()),
            ThingInput::Case(id) => return self.writer.find_case(id).await.map(|_| ()),
            ThingInput::List(id) => {
                let found = self.writer.find::<List, _>(id, |index| index.list(id)).await?;
                ("list", found.is_some())
            }
            ThingInput::Note(subject, id) => {
                let key = NoteKey::of(subject, *id);
                let found = self.writer.find::<Note, _>(&key, |index| index.note(subject, *id));
                ("note", found.await?.is_some())
            }
        };
        found.then_some(()).ok_or(ServiceError::NotFound { resource })
    }

    /// A page of what the tenant shares, or once shared.
    ///
    /// # Errors
    /// If the page is wrong.
    pub fn list(&self, page: &PageRequest) -> Result<SharingList, ServiceError> {
        let limit = page.limit()?;
        let scope = RequestContent::of(Method::ListSharings);
        let after = page
            .cursor(&self.page_key, &scope)?
            .map(|cursor| Sharing::id_from_bytes(&cursor).ok_or_else(foreign_token))
            .transpose()?;
        let index = self.writer.index();
        let mut found = index.all_sharing(None, after, limit.saturating_add(1));
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more);
        let cursor = last.map(|(_, sharing)| Sharing::id_bytes(&sharing.thing.key()).to_vec());
        Ok(SharingList {
            next_page_token: self.page_key.next(&scope, cursor),
            total: index.sharing_count(),
            sharings: found
                .into_iter()
                .map(|(version, sharing)| VersionedSharing {
                    version: self.writer.shown_version::<Sharing>(&sharing.thing.key(), version),
                    sharing,
                })
                .collect(),
        })
    }
}

impl Sharings {
    /// A page of the things that another tenant may see.
    ///
    /// # Errors
    /// If the page is wrong.
    pub fn shared_with(
        &self,
        viewer: TenantId,
        page: &PageRequest,
    ) -> Result<(Vec<SharedThing>, String), ServiceError> {
        let limit = page.limit()?;
        let mut scope = RequestContent::of(Method::ListSharings);
        scope.text(viewer.as_str());
        let after = page
            .cursor(&self.page_key, &scope)?
            .map(|cursor| Sharing::id_from_bytes(&cursor).ok_or_else(foreign_token))
            .transpose()?;
        let index = self.writer.index();
        let mut found = index.all_sharing(Some(viewer), after, limit.saturating_add(1));
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more);
        let cursor = last.map(|(_, sharing)| Sharing::id_bytes(&sharing.thing.key()).to_vec());
        let next = self.page_key.next(&scope, cursor);
        Ok((found.into_iter().map(|(_, sharing)| sharing.thing).collect(), next))
    }

    /// Checks the page of a tenant that does not exist as that of one that shares nothing.
    ///
    /// # Errors
    /// If the page is wrong.
    pub fn nothing_shared(&self, page: &PageRequest) -> Result<(), ServiceError> {
        self.shared_with(self.writer.tenant(), page).map(|_| ())
    }

    /// Whether another tenant may see a thing.
    #[must_use]
    pub fn allows(&self, thing: &SharedThing, viewer: TenantId) -> bool {
        self.writer.index().shares(thing, viewer)
    }
}

fn never_shared(thing: SharedThing, now: Timestamp) -> Sharing {
    Sharing {
        thing,
        visibility: Visibility::Private,
        changed_at: now,
        requests: Requests::default(),
        unknown_fields: UnknownFields::default(),
    }
}

/// The content of a request that sets a visibility.
pub(super) fn content(thing: &SharedThing, visibility: &Visibility, reason: &str) -> RequestContent {
    let mut content = RequestContent::of(Method::SetVisibility);
    content.bytes_of(&Sharing::id_bytes(&thing.key()));
    let tenants: Vec<&TenantId> = match visibility {
        Visibility::Private => {
            content.code(1);
            Vec::new()
        }
        Visibility::Named(tenants) => {
            content.code(2);
            tenants.iter().collect()
        }
        Visibility::All => {
            content.code(3);
            Vec::new()
        }
    };
    for tenant in tenants {
        content.text(tenant.as_str());
    }
    content.text(reason);
    content
}
