//! Lists: taken in as a stream, all or nothing, and shown.

use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use tokio::time::timeout;
use tonic::{Request, Response, Status, Streaming};

use super::convert::list as convert;
use super::{Api, error, respond};
use crate::metrics::Mutation;
use crate::service::ServiceError;
use crate::wire::v1;
use crate::wire::v1::list_service_server::ListService;

/// Lists that are taken in at a time: each may hold some 30 MB while it comes.
pub(super) const MAX_UPLOADS: usize = 2;
/// How long a list may take to come in.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(60);
/// When to come back if others' lists are coming in.
const RETRY_AFTER: Duration = Duration::from_secs(5);

#[tonic::async_trait]
impl ListService for Api {
    async fn replace_list(
        &self,
        request: Request<Streaming<v1::ReplaceListRequest>>,
    ) -> Result<Response<v1::ReplaceListResponse>, Status> {
        self.replace_list_of(request.into_inner()).await
    }

    async fn get_list(&self, request: Request<v1::GetListRequest>) -> Result<Response<v1::GetListResponse>, Status> {
        respond(self.ready().and_then(|service| {
            let (id, page) = convert::wanted(request.into_inner())?;
            Ok(convert::list(service.list_page(&id, &page)?))
        }))
    }

    async fn list_lists(&self, _: Request<v1::ListListsRequest>) -> Result<Response<v1::ListListsResponse>, Status> {
        respond(self.ready().map(|service| v1::ListListsResponse {
            lists: service.lists().iter().map(convert::summary).collect(),
        }))
    }
}

impl Api {
    /// Replaces a list by what a stream of parts says, wherever it comes from.
    pub(crate) async fn replace_list_of(
        &self,
        parts: impl Stream<Item = Result<v1::ReplaceListRequest, Status>> + Unpin,
    ) -> Result<Response<v1::ReplaceListResponse>, Status> {
        let received = tokio::select! {
            biased;
            () = self.draining.cancelled() => return Err(error::draining()),
            received = self.receive(parts) => received?,
        };
        self.mutate(Mutation::ReplaceList, async {
            let (head, entries) = received?;
            Ok(convert::replaced(&self.ready()?.replace_list(&head, entries).await?))
        })
        .await
    }

    /// Takes a whole list in. The outer error is the stream's own.
    async fn receive(
        &self,
        parts: impl Stream<Item = Result<v1::ReplaceListRequest, Status>> + Unpin,
    ) -> Result<Result<convert::Complete, ServiceError>, Status> {
        let busy = || ServiceError::Exhausted {
            retry_after: RETRY_AFTER,
        };
        if let Err(loading) = self.ready() {
            return Ok(Err(loading));
        }
        let Ok(_place) = self.uploads.try_acquire() else {
            return Ok(Err(busy()));
        };
        timeout(UPLOAD_TIMEOUT, read(parts)).await.unwrap_or_else(|_elapsed| {
            tracing::info!("a list was given up, since it took too long to come in");
            Ok(Err(busy()))
        })
    }
}

async fn read(
    mut parts: impl Stream<Item = Result<v1::ReplaceListRequest, Status>> + Unpin,
) -> Result<Result<convert::Complete, ServiceError>, Status> {
    let mut upload = match convert::Upload::begin(parts.next().await.transpose()?) {
        Ok(upload) => upload,
        Err(fault) => return Ok(Err(fault)),
    };
    while let Some(part) = parts.next().await.transpose()? {
        if let Err(fault) = upload.add(part) {
            return Ok(Err(fault));
        }
        tokio::task::consume_budget().await; // others have questions
    }
    Ok(upload.finish())
}
