//! What a tenant lets other tenants decide on its calls: set, and read.

use super::content::{Method, RequestContent};
use super::writer::{Done, Mutation, Outcome};
use super::{ServiceError, Sharings};
use crate::domain::acceptance::{Acceptance, AcceptedKinds, MAX_ACCEPTANCES};
use crate::domain::audit::AuditMethod;
use crate::domain::requests::Requests;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::unknown_fields::UnknownFields;
use crate::store::Version;

/// What is accepted from one tenant, with the version of its record.
#[derive(Clone, Debug)]
pub struct VersionedAcceptance {
    /// The record.
    pub acceptance: Acceptance,
    /// Its version.
    pub version: Version,
}

impl Sharings {
    /// Says what the tenant accepts from another one from now on. The other one need not exist yet.
    ///
    /// # Errors
    /// If the other one is the tenant itself, there are too many, the expected version is old, or the store cannot be written.
    pub async fn accept(
        &self,
        (from, kinds): (TenantId, AcceptedKinds),
        reason: &str,
        mutation: &Mutation,
    ) -> Result<VersionedAcceptance, ServiceError> {
        let deadline = self.writer.deadline(1);
        let content = content(from, kinds, reason);
        let request = self
            .writer
            .recall(&mutation.scoped_request(), &content, deadline)
            .await?;
        if request.is_new() {
            self.writer.refresh().await;
            self.check_acceptance(from)?;
        }
        let fingerprint = request.fingerprint();
        let author = mutation.author(AuditMethod::SetAcceptance, reason);
        let now = self.writer.now();
        let work = self
            .writer
            .change_record(&from, author, deadline, |found: Option<Acceptance>, version| {
                let mut acceptance = found.unwrap_or_else(|| never_accepted(from, now));
                if request.is_done() || !mutation.check(acceptance.requests.seen(fingerprint), version)? {
                    return Ok((acceptance, Done::unchanged(())));
                }
                acceptance.kinds = kinds;
                acceptance.changed_at = now;
                acceptance.requests.remember(fingerprint);
                Ok((acceptance, Done::written(())))
            });
        let done = |_: &_| Outcome::Done(Vec::new());
        let changed = self.writer.carry_out(&request, Box::pin(work), done).await?;
        Ok(VersionedAcceptance {
            acceptance: changed.record,
            version: changed.version,
        })
    }

    fn check_acceptance(&self, from: TenantId) -> Result<(), ServiceError> {
        if from == self.writer.tenant() {
            return Err(ServiceError::field("tenant", "must not be the own tenant"));
        }
        let index = self.writer.index();
        if index.acceptance(from).is_none() && index.acceptance_count() >= MAX_ACCEPTANCES {
            let text = format!("there are {MAX_ACCEPTANCES} tenants in the acceptance already, which is the limit");
            return Err(ServiceError::Precondition(text));
        }
        Ok(())
    }

    /// What the tenant accepts from another one.
    #[must_use]
    pub fn accepted_from(&self, from: TenantId) -> AcceptedKinds {
        let accepted = self.writer.index().accepted();
        accepted.get(&from).copied().unwrap_or_default()
    }
}

fn never_accepted(from: TenantId, now: Timestamp) -> Acceptance {
    Acceptance {
        from,
        kinds: AcceptedKinds::default(),
        changed_at: now,
        requests: Requests::default(),
        unknown_fields: UnknownFields::default(),
    }
}

fn content(from: TenantId, kinds: AcceptedKinds, reason: &str) -> RequestContent {
    let mut content = RequestContent::of(Method::SetAcceptance);
    content.text(from.as_str()).code(kinds.bits()).text(reason);
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::acceptance::SharedKind;

    /// A retry is recognised across releases.
    #[test]
    fn the_content_of_requests_is_frozen() {
        let kinds = [SharedKind::Statuses, SharedKind::Cases].into_iter().collect();
        let content = content(TenantId::parse("pots").unwrap(), kinds, "agreed");
        let hex: String = content.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "150764656661756c7404706f74731406616772656564");
    }
}
