//! A list in one body. A gRPC client sends it as a stream.

use futures_util::stream;
use serde::Deserialize;

use super::json;
use super::request::{Decoded, ResponseFuture, RoutedRequest};
use crate::api::{ApiError, MAX_PART_ENTRIES};
use crate::wire::v1;
use crate::wire::v1::replace_list_request::Part;

/// The body.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NewList {
    head: v1::ListHead,
    entries: Vec<v1::ListEntry>,
}

/// Replaces a list.
pub(super) fn replace(request: RoutedRequest) -> ResponseFuture {
    Box::pin(async move {
        let decoded = request.decode(|list: NewList| list, |list| Some(&mut list.head.list_id));
        let Decoded { api, message, context } = decoded.await?;
        let parts = stream::iter(message.parts().map(Ok::<_, ApiError>));
        json::respond(&api.replace_list(parts, &context).await?)
    })
}

impl NewList {
    /// The parts that a gRPC client would send.
    fn parts(self) -> impl Iterator<Item = v1::ReplaceListRequest> {
        let mut rest = self.entries.into_iter();
        let entries = std::iter::from_fn(move || {
            let entries: Vec<_> = rest.by_ref().take(MAX_PART_ENTRIES).collect();
            (!entries.is_empty()).then_some(Part::Entries(v1::ListEntries { entries }))
        });
        std::iter::once(Part::Head(self.head))
            .chain(entries)
            .map(|part| v1::ReplaceListRequest { part: Some(part) })
    }
}
