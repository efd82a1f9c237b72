//! Lists: uploaded as a stream, all or nothing, and read in pages.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use tokio::time::timeout;

use super::convert::list as convert;
use super::convert::list_dry_run::foreseen as foreseen_list;
use super::rates::RequestClass;
use super::{Api, ApiError, RequestContext};
use crate::domain::visibility::SharedThing;
use crate::metrics::MutationLabel;
use crate::wire::v1;

/// Complete lists that are replaced at the same time; further ones wait for their turn. Any number may be on their way: the
/// edges count what they hold.
pub(super) const MAX_REPLACED_AT_ONCE: usize = 2;
/// How long an upload may take, until it is complete.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(60);
/// Entries of an upload that cost as much of the quota as a request.
const ENTRIES_OF_A_REQUEST: usize = 1_000;
/// The longest pause between two parts of an upload.
const PART_TIMEOUT: Duration = Duration::from_secs(10);

impl Api {
    /// Replaces a list by the parts of a stream: first its head, then its entries.
    ///
    /// # Errors
    /// If the list is not valid, other uploads are in progress, the stream fails, or the change cannot be stored.
    pub async fn replace_list<E: From<ApiError>>(
        &self,
        parts: impl Stream<Item = Result<v1::ReplaceListRequest, E>> + Unpin,
        context: &RequestContext,
    ) -> Result<v1::ReplaceListResponse, E> {
        let mut context = context.clone();
        let received = tokio::select! {
            biased;
            () = self.0.draining.cancelled() => return Err(ApiError::draining().into()),
            received = self.receive(parts, &mut context) => received?,
        };
        if let Ok(upload) = &received
            && upload.dry_run
        {
            self.refresh().await;
            let foreseen = self
                .lists(&context)?
                .try_replace(&upload.head, Arc::clone(&upload.entries));
            return Ok(foreseen_list(&foreseen.map_err(ApiError::from)?));
        }
        let replaced = self.mutate(MutationLabel::ReplaceList, async {
            let upload = received?;
            let _turn = self.0.replacing.acquire().await;
            self.readmit(&mut context)?;
            let replaced = self.lists(&context)?.replace(&upload.head, upload.entries).await?;
            Ok(convert::replaced(&replaced))
        });
        Ok(replaced.await?)
    }

    /// Reads one page of a list.
    ///
    /// # Errors
    /// If the list does not exist, or the page is not valid.
    pub async fn get_list(
        &self,
        request: v1::GetListRequest,
        context: &RequestContext,
    ) -> Result<v1::GetListResponse, ApiError> {
        let named = request.tenant.clone();
        let (id, page) = convert::wanted(request)?;
        let is_current = self.refresh().await;
        let asked = SharedThing::List(id.clone());
        let (services, _) = self.owner(&named, Some(&asked), context, is_current)?;
        let page = services.lists.page(&id, &page).await;
        Ok(convert::list(page.map_err(ApiError::of_a_read)?))
    }

    /// Reads the names and sizes of all lists.
    ///
    /// # Errors
    /// If the index is being loaded.
    pub async fn list_lists(
        &self,
        _request: v1::ListListsRequest,
        context: &RequestContext,
    ) -> Result<v1::ListListsResponse, ApiError> {
        let lists = self.lists(context)?;
        self.refresh().await;
        Ok(v1::ListListsResponse {
            lists: lists.all().iter().map(convert::summary).collect(),
        })
    }

    /// Receives a whole list. The outer error is the stream's own and is not counted as a mutation.
    async fn receive<E>(
        &self,
        parts: impl Stream<Item = Result<v1::ReplaceListRequest, E>> + Unpin,
        context: &mut RequestContext,
    ) -> Result<Result<convert::Complete, ApiError>, E> {
        if let Err(loading) = self.lists(context) {
            return Ok(Err(loading));
        }
        timeout(UPLOAD_TIMEOUT, self.read(parts, context))
            .await
            .unwrap_or_else(|_elapsed| Ok(Err(too_slow())))
    }

    /// Reads the parts of an upload. Each thousand entries cost as much as a request.
    async fn read<E>(
        &self,
        mut parts: impl Stream<Item = Result<v1::ReplaceListRequest, E>> + Unpin,
        context: &mut RequestContext,
    ) -> Result<Result<convert::Complete, ApiError>, E> {
        let Ok(head) = timeout(PART_TIMEOUT, parts.next()).await else {
            return Ok(Err(too_slow()));
        };
        let mut upload = match convert::Upload::begin(head.transpose()?, context) {
            Ok(upload) => upload,
            Err(error) => return Ok(Err(error.into())),
        };
        loop {
            let Ok(part) = timeout(PART_TIMEOUT, parts.next()).await else {
                return Ok(Err(too_slow()));
            };
            let Some(part) = part.transpose()? else { break };
            if let Err(ended) = self.readmit(context) {
                return Ok(Err(ended));
            }
            let before = upload.entries() / ENTRIES_OF_A_REQUEST;
            if let Err(error) = upload.add(part) {
                return Ok(Err(error.into()));
            }
            let units = upload.entries() / ENTRIES_OF_A_REQUEST - before;
            if let Err(error) = self.charge(context, RequestClass::Other, units) {
                return Ok(Err(error));
            }
            tokio::task::consume_budget().await; // other requests must have their turn
        }
        Ok(upload.finish().map_err(ApiError::from))
    }
}

/// The error of an upload that takes too long as a whole, or has a part that does not arrive.
fn too_slow() -> ApiError {
    tracing::info!("the upload of a list took too long and was stopped");
    ApiError::unfinished()
}
