//! Compares the index of the server with its store.

use super::convert::comparison as convert;
use super::{Api, ApiError, RequestContext};
use crate::domain::audit::AuditMethod;
use crate::domain::tenant::TenantId;
use crate::service::ServiceError;
use crate::wire::v1;

/// The most comparisons at a time. Only one of them works: a comparison reads the store, and keeps the server busy.
pub(super) const MAX_COMPARISONS: usize = 2;
/// How long a client should wait if others are in progress.
const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(5);

impl Api {
    /// Compares shards of the index with the store.
    ///
    /// # Errors
    /// If the request is not valid, the caller is of a named tenant, the index is being loaded, or two comparisons are in
    /// progress.
    pub async fn get_index_comparison(
        &self,
        request: v1::GetIndexComparisonRequest,
        context: &RequestContext,
    ) -> Result<v1::GetIndexComparisonResponse, ApiError> {
        if context.caller.tenant() != TenantId::DEFAULT {
            return Err(ApiError::of_all_tenants());
        }
        let services = self.ready()?;
        let shards = convert::shards(&request)?;
        let busy = ServiceError::Exhausted {
            retry_after: RETRY_AFTER,
        };
        let _admitted = self.0.comparisons.try_acquire().map_err(|_full| busy)?;
        if request.include_ids {
            // Before the read, which must not happen without it.
            let recorded = self.record(context, AuditMethod::GetIndexComparison, None, Vec::new());
            recorded.await.map_err(ApiError::of_a_read)?;
        }
        let mut checked = Vec::with_capacity(shards.len());
        for shard in shards {
            let check = services.compare_shard(shard).await?;
            checked.push(convert::check(check, request.include_ids));
        }
        Ok(v1::GetIndexComparisonResponse {
            store_id: services.store_id(),
            shards: checked,
        })
    }
}
