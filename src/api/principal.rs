//! Principals and their keys.

use super::convert::principal as convert;
use super::convert::total;
use super::{Api, ApiError, RequestContext};
use crate::domain::identity::Caller;
use crate::metrics::MutationLabel;
use crate::service::{Principals, VersionedPrincipal};
use crate::wire::v1;

impl Api {
    /// Creates a principal.
    ///
    /// # Errors
    /// If the request is not valid, the caller may not grant what it grants, an id or a credential is taken, or the change
    /// cannot be stored.
    pub async fn create_principal(
        &self,
        request: v1::CreatePrincipalRequest,
        context: &RequestContext,
    ) -> Result<v1::Principal, ApiError> {
        self.mutate(MutationLabel::CreatePrincipal, async {
            let principals = self.principals()?;
            let (new, mutation) = convert::new_principal(request, context)?;
            new.check_grants(context.caller.tenant())?;
            new.check_name(context.caller.tenant())?;
            Ok(self.shown(&principals.create(&new, &mutation).await?))
        })
        .await
    }

    /// Reads a principal.
    ///
    /// # Errors
    /// If there is none with this id.
    pub async fn get_principal(
        &self,
        request: v1::GetPrincipalRequest,
        context: &RequestContext,
    ) -> Result<v1::Principal, ApiError> {
        let principals = self.principals()?;
        let id = convert::wanted(&request)?;
        self.refresh().await;
        let managed = principals.check_managed(context.caller.tenant(), &id).await;
        managed.map_err(ApiError::of_a_read)?;
        let found = principals.get(&id).await.map_err(ApiError::of_a_read)?;
        let identities = &self.0.services.identities;
        let uses = principals.last_uses(identities, std::slice::from_ref(&found)).await;
        Ok(convert::principal(&found, |key| uses.of(key)))
    }

    /// Lists principals.
    ///
    /// # Errors
    /// If the page is not valid.
    pub async fn list_principals(
        &self,
        request: v1::ListPrincipalsRequest,
        context: &RequestContext,
    ) -> Result<v1::ListPrincipalsResponse, ApiError> {
        let principals = self.principals()?;
        let page = convert::listed(request);
        self.refresh().await;
        let list = principals.list(context.caller.tenant(), &page)?;
        let identities = &self.0.services.identities;
        let uses = principals.last_uses(identities, &list.principals).await;
        let shown = |found: &VersionedPrincipal| convert::principal(found, |key| uses.of(key));
        Ok(v1::ListPrincipalsResponse {
            principals: list.principals.iter().map(shown).collect(),
            next_page_token: list.next_page_token,
            total_size: total(list.total),
        })
    }

    /// Changes a principal.
    ///
    /// # Errors
    /// If the request is not valid, a credential is taken, no administrator would be left, or the change cannot be stored.
    pub async fn update_principal(
        &self,
        request: v1::UpdatePrincipalRequest,
        context: &RequestContext,
    ) -> Result<v1::Principal, ApiError> {
        self.mutate(MutationLabel::UpdatePrincipal, async {
            let principals = self.principals()?;
            let (id, change, mutation) = convert::change(request, context)?;
            principals.check_managed(context.caller.tenant(), &id).await?;
            Ok(self.shown(&principals.update(&id, &change, &mutation).await?))
        })
        .await
    }

    /// Adds a key to a principal.
    ///
    /// # Errors
    /// If the request is not valid, the id of the key is taken, two keys are valid, or the change cannot be stored.
    pub async fn add_key(
        &self,
        request: v1::AddKeyRequest,
        context: &RequestContext,
    ) -> Result<v1::Principal, ApiError> {
        self.mutate(MutationLabel::AddKey, async {
            let principals = self.principals()?;
            let added = convert::new_key_of(&request, context)?;
            principals
                .check_managed(context.caller.tenant(), &added.principal)
                .await?;
            let key = (&added.key, added.others_expire_at);
            Ok(self.shown(&principals.add_key(&added.principal, key, &added.mutation).await?))
        })
        .await
    }

    /// Revokes a key.
    ///
    /// # Errors
    /// If there is no such key, no administrator would be left, or the change cannot be stored.
    pub async fn revoke_key(
        &self,
        request: v1::RevokeKeyRequest,
        context: &RequestContext,
    ) -> Result<v1::Principal, ApiError> {
        self.mutate(MutationLabel::RevokeKey, async {
            let principals = self.principals()?;
            let (key, reason, mutation) = convert::revocation(request, context)?;
            principals.check_managed_key(context.caller.tenant(), key).await?;
            Ok(self.shown(&principals.revoke_key(key, &reason, &mutation).await?))
        })
        .await
    }

    /// Says who the server takes the caller for.
    ///
    /// # Errors
    /// None: [`Api::authorize`] has refused a caller that is nobody.
    pub fn get_caller(
        &self,
        _request: v1::GetCallerRequest,
        context: &RequestContext,
    ) -> Result<v1::GetCallerResponse, ApiError> {
        match &context.caller {
            Caller::Open => Ok(v1::GetCallerResponse {
                open: true,
                ..v1::GetCallerResponse::default()
            }),
            Caller::Nobody | Caller::Unchecked => Err(ApiError::unauthenticated()),
            Caller::Known(known) => Ok(convert::caller(known)),
        }
    }

    /// A principal after its change, without another look at the store: with the uses of its keys at this instance.
    fn shown(&self, principal: &VersionedPrincipal) -> v1::Principal {
        convert::principal(principal, |key| self.0.services.identities.last_used(key))
    }

    /// Principals, once the index is loaded.
    fn principals(&self) -> Result<&Principals, ApiError> {
        Ok(&self.ready()?.principals)
    }
}
