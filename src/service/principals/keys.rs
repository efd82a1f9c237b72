//! Making, replacing and revoking keys.

use super::{NewKey, Principals, VersionedPrincipal, no_principal};
use crate::domain::audit::AuditMethod;
use crate::domain::identity::{KeyId, MAX_LIVE_KEYS, PrincipalId, PrincipalKey};
use crate::domain::time::Timestamp;
use crate::service::ServiceError;
use crate::service::content::{Method, RequestContent};
use crate::service::writer::{Mutation, Outcome};

impl Principals {
    /// Adds a key to a principal. If `others_end_at` is given, its other keys are valid until then at the latest, so that a
    /// client can change from one to the other.
    ///
    /// # Errors
    /// If there is no such principal, the key is not valid or its id is taken, two other keys are valid, or the store cannot be
    /// written.
    pub async fn add_key(
        &self,
        id: &PrincipalId,
        (key, others_end_at): (&NewKey, Option<Timestamp>),
        mutation: &Mutation,
    ) -> Result<VersionedPrincipal, ServiceError> {
        let deadline = self.writer.deadline(1);
        let content = key.content(id, others_end_at);
        let request_id = mutation.scoped_request();
        let request = self.writer.recall(&request_id, &content, deadline).await?;
        let now = self.writer.now();
        if request.is_new() {
            self.writer.refresh().await;
            self.check_key(key, now)?;
        }
        let work = self.change(id, &request, (mutation, AuditMethod::AddKey, ""), |principal| {
            if let Some(end) = others_end_at {
                let live = principal.keys.iter_mut().filter(|key| key.is_live(now));
                for other in live {
                    other.expires_at = Some(other.expires_at.map_or(end, |earlier| earlier.min(end)));
                }
            }
            if principal.add_key(key.made(now), now) {
                return Ok(());
            }
            Err(ServiceError::Precondition(format!(
                "the principal has {MAX_LIVE_KEYS} valid keys, which is the limit: revoke one first"
            )))
        });
        let changed = self
            .writer
            .carry_out(&request, Box::pin(work), |_| Outcome::Done(Vec::new()))
            .await?;
        Ok(self.versioned(changed))
    }

    /// Revokes a key: it is refused from now on, on every instance.
    ///
    /// # Errors
    /// If there is no such key, no administrator would be left, or the store cannot be read or written.
    pub async fn revoke_key(
        &self,
        key: KeyId,
        reason: &str,
        mutation: &Mutation,
    ) -> Result<VersionedPrincipal, ServiceError> {
        let mut content = RequestContent::of(Method::RevokeKey);
        content.text(&key.to_string()).text(reason);
        let deadline = self.writer.deadline(1);
        let request_id = mutation.scoped_request();
        let request = self.writer.recall(&request_id, &content, deadline).await?;
        let holders = self.holders_of(key).await?;
        if holders.is_empty() {
            return Err(ServiceError::NotFound { resource: "key" });
        }
        let now = self.writer.now();
        let work = async {
            let mut last = Err(ServiceError::NotFound { resource: "key" });
            for holder in &holders {
                let changed = self.change(
                    &holder.id,
                    &request,
                    (mutation, AuditMethod::RevokeKey, reason),
                    |principal| {
                        let mut keys = principal.keys.iter_mut();
                        let found = keys.find(|found| found.id == key).ok_or_else(no_principal)?;
                        found.revoked_at.get_or_insert(now);
                        Ok(())
                    },
                );
                last = Ok(changed.await?);
            }
            last
        };
        let changed = self
            .writer
            .carry_out(&request, Box::pin(work), |_| Outcome::Done(Vec::new()))
            .await?;
        Ok(self.versioned(changed))
    }
}

impl NewKey {
    /// The key as it is stored.
    pub(super) fn made(&self, now: Timestamp) -> PrincipalKey {
        PrincipalKey {
            id: self.id,
            hash: self.hash,
            created_at: now,
            not_before: self.not_before,
            expires_at: self.expires_at,
            revoked_at: None,
        }
    }

    pub(super) fn write(&self, content: &mut RequestContent) {
        content.text(&self.id.to_string()).text(&self.hash.text());
        content.time(self.not_before).time(self.expires_at);
    }

    fn content(&self, id: &PrincipalId, others_end_at: Option<Timestamp>) -> RequestContent {
        let mut content = RequestContent::of(Method::AddKey);
        content.text(id.as_str());
        self.write(&mut content);
        content.time(others_end_at);
        content
    }
}
