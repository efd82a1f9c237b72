//! What a tenant shares with others, and the things of others that are shared with it.

use super::convert::sharing as convert;
use super::convert::sharing::NamedThing;
use super::convert::total;
use super::{Api, ApiError, RequestContext};
use crate::domain::identity::{Role, Roles};
use crate::domain::tenant::TenantId;
use crate::domain::visibility::{SharedThing, Visibility};
use crate::metrics::MutationLabel;
use crate::service::{ServiceError, TenantServices, ThingInput};
use crate::wire::v1;

impl Api {
    /// Says which tenants may see a thing.
    ///
    /// # Errors
    /// If the request is not valid, the thing does not exist, the caller may not share it, or the change cannot be stored.
    pub async fn set_visibility(
        &self,
        request: v1::SetVisibilityRequest,
        context: &RequestContext,
    ) -> Result<v1::SetVisibilityResponse, ApiError> {
        self.mutate(MutationLabel::SetVisibility, async {
            let services = self.tenant(context)?;
            let wanted = convert::new_visibility(request, context)?;
            let thing = match wanted.thing {
                NamedThing::Note(on, id) => ThingInput::Note(services.notes.subject(&on).await?, id),
                NamedThing::Other(thing) => thing,
            };
            if thing.is_of_whole_tenant() && !context.caller.may_act_as(Role::Admin) {
                return Err(ApiError::role_required(Roles::of(&[Role::Admin])));
            }
            let change = (&thing, &wanted.visibility);
            let sharing = services.sharings.set(change, &wanted.reason, &wanted.mutation).await?;
            let named = match &wanted.visibility {
                Visibility::Named(tenants) => tenants.iter().copied().collect(),
                Visibility::Private | Visibility::All => Vec::new(),
            };
            Ok(v1::SetVisibilityResponse {
                sharing: Some(convert::sharing(&sharing)),
                unknown_tenants: self.unknown_of(named)?.iter().map(ToString::to_string).collect(),
            })
        })
        .await
    }

    /// Says what the tenant of the caller accepts from another.
    ///
    /// # Errors
    /// If the request is not valid, or the change cannot be stored.
    pub async fn set_acceptance(
        &self,
        request: v1::SetAcceptanceRequest,
        context: &RequestContext,
    ) -> Result<v1::SetAcceptanceResponse, ApiError> {
        self.mutate(MutationLabel::SetAcceptance, async {
            let services = self.tenant(context)?;
            let wanted = convert::new_acceptance(request, context)?;
            let change = (wanted.from, wanted.kinds);
            let done = services
                .sharings
                .accept(change, &wanted.reason, &wanted.mutation)
                .await?;
            Ok(v1::SetAcceptanceResponse {
                tenant: done.acceptance.from.to_string(),
                kinds: convert::kinds(done.acceptance.kinds),
                version: done.version,
                tenant_is_unknown: !self.unknown_of(vec![wanted.from])?.is_empty(),
            })
        })
        .await
    }

    /// Of these tenants, those that have no principal and no data.
    fn unknown_of(&self, tenants: Vec<TenantId>) -> Result<Vec<TenantId>, ApiError> {
        let services = self.ready()?;
        let is_unknown = |tenant: &TenantId| {
            *tenant != TenantId::DEFAULT
                && services.of_known(*tenant).is_none()
                && services.principals.of_tenant(*tenant).is_empty()
        };
        Ok(tenants.into_iter().filter(is_unknown).collect())
    }

    /// Lists what the tenant of the caller shares.
    ///
    /// # Errors
    /// If the page is not valid.
    pub async fn list_sharings(
        &self,
        request: v1::ListSharingsRequest,
        context: &RequestContext,
    ) -> Result<v1::ListSharingsResponse, ApiError> {
        let services = self.tenant(context)?;
        let page = convert::listed(request);
        self.refresh().await;
        let list = services.sharings.list(&page)?;
        Ok(v1::ListSharingsResponse {
            sharings: list.sharings.iter().map(convert::sharing).collect(),
            next_page_token: list.next_page_token,
            total_size: total(list.total),
        })
    }

    /// Lists what another tenant shares with the tenant of the caller.
    ///
    /// # Errors
    /// If the tenant or the page is not valid.
    pub async fn list_shared_with_me(
        &self,
        request: v1::ListSharedWithMeRequest,
        context: &RequestContext,
    ) -> Result<v1::ListSharedWithMeResponse, ApiError> {
        let (tenant, page) = convert::shared_with_me(request)?;
        self.refresh().await;
        let own = &self.tenant(context)?.sharings;
        let accepted = convert::kinds(own.accepted_from(tenant));
        // A tenant that does not exist shares nothing, as one that shares nothing: the answer does not tell which.
        let Some(services) = self.ready()?.of_known(tenant) else {
            own.nothing_shared(&page)?;
            return Ok(v1::ListSharedWithMeResponse {
                accepted,
                ..v1::ListSharedWithMeResponse::default()
            });
        };
        let (things, next_page_token) = services.sharings.shared_with(context.caller.tenant(), &page)?;
        Ok(v1::ListSharedWithMeResponse {
            things: things.iter().map(convert::thing).collect(),
            next_page_token,
            accepted,
        })
    }

    /// The services over the owner of a thing: the caller's tenant, or the named one if it shares the thing. The second value
    /// is the caller's tenant if the thing belongs to another. `is_current` says whether the index has been brought up to
    /// date.
    ///
    /// # Errors
    /// If the named tenant does not share the thing with the caller's tenant: as if it did not exist. If the index is not
    /// current, it may be shared all the same, or the tenant be a new one; which of these it is, is not told.
    pub(super) fn owner(
        &self,
        named: &str,
        thing: Option<&SharedThing>,
        context: &RequestContext,
        is_current: bool,
    ) -> Result<(&TenantServices, Option<TenantId>), ApiError> {
        let viewer = context.caller.tenant();
        let Some(owner) = convert::sharer(named)?.filter(|owner| *owner != viewer) else {
            return Ok((self.tenant(context)?, None));
        };
        let services = self.ready()?.of_known(owner);
        let sees = |services: &&TenantServices| thing.is_none_or(|thing| services.sharings.allows(thing, viewer));
        let resource = match thing {
            Some(SharedThing::List(_)) => "list",
            Some(SharedThing::Note(_)) | None => "note",
            Some(SharedThing::Case(_) | SharedThing::Reports | SharedThing::Statuses) => "case",
        };
        let services = services.filter(sees).ok_or_else(|| unseen(resource, is_current))?;
        Ok((services, Some(viewer)))
    }
}

/// The error for what the index does not show of another tenant.
pub(super) fn unseen(resource: &'static str, is_current: bool) -> ApiError {
    if is_current {
        ServiceError::NotFound { resource }.into()
    } else {
        ApiError::of_a_read(ServiceError::StoreUnavailable)
    }
}
