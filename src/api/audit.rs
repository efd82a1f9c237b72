//! Audit events: listed for those who check what was done.

use super::convert::audit as convert;
use super::{Api, ApiError, RequestContext};
use crate::domain::audit::{AuditChange, AuditMethod, AuditSubject};
use crate::domain::tenant::TenantId;
use crate::service::{ServiceError, TenantServices};
use crate::wire::v1;

impl Api {
    /// Lists audit events: of the caller's tenant, or, for an administrator of the default tenant, of another one.
    ///
    /// # Errors
    /// If the request is not valid, or the store cannot be read.
    pub async fn list_audit_events(
        &self,
        request: v1::ListAuditEventsRequest,
        context: &RequestContext,
    ) -> Result<v1::ListAuditEventsResponse, ApiError> {
        let own = context.caller.tenant();
        let tenant = convert::audited_tenant(&request.tenant, own)?;
        let (filter, page) = convert::filter(request)?;
        let services = if tenant == own {
            Some(self.tenant(context)?)
        } else {
            self.ready()?.of_known(tenant)
        };
        let Some(TenantServices { audit, .. }) = services else {
            return Ok(v1::ListAuditEventsResponse::default());
        };
        let list = audit.list(&filter, &page).await.map_err(ApiError::of_a_read)?;
        Ok(convert::list(&list))
    }

    /// Records a read of personal text, beside the read itself.
    pub(super) async fn record_read(
        &self,
        context: &RequestContext,
        method: AuditMethod,
        subject: Option<AuditSubject>,
    ) {
        self.record_told(context, method, subject, Vec::new()).await;
    }

    /// Records a read of personal text that may belong to another tenant, which the event names. It is in the log of the
    /// reader.
    pub(super) async fn record_read_of(
        &self,
        owner: Option<TenantId>,
        context: &RequestContext,
        method: AuditMethod,
        subject: Option<AuditSubject>,
    ) {
        let changes = owner.map(|owner| AuditChange::new("tenant", "", owner.as_str()));
        self.record_told(context, method, subject, changes.into_iter().collect())
            .await;
    }

    async fn record_told(
        &self,
        context: &RequestContext,
        method: AuditMethod,
        subject: Option<AuditSubject>,
        told: Vec<AuditChange>,
    ) {
        if let Ok(services) = self.0.services.of(context.caller.tenant()) {
            let by = context.requested_by();
            services.audit.record_end(&by, method, subject, told).await;
        }
    }

    /// Records that an export has been sent as a whole. An export without this event was not finished.
    pub(super) async fn record_end_of_export(
        &self,
        context: &RequestContext,
        subject: Option<AuditSubject>,
        sent: u64,
    ) {
        let told = vec![
            AuditChange::new("export", "", "complete"),
            AuditChange::new("reports sent", "", &sent.to_string()),
        ];
        self.record_told(context, AuditMethod::ExportReports, subject, told)
            .await;
    }

    /// Records an export or an import before it begins.
    ///
    /// # Errors
    /// If it cannot be recorded: then it must not begin.
    pub(super) async fn record(
        &self,
        context: &RequestContext,
        method: AuditMethod,
        subject: Option<AuditSubject>,
        changes: Vec<AuditChange>,
    ) -> Result<(), ServiceError> {
        let by = context.requested_by();
        let services = self.0.services.of(context.caller.tenant())?;
        services.audit.record(&by, method, subject, changes).await
    }
}
