//! A list as one body: what a client of gRPC sends as a stream.

use futures_util::stream;
use serde::Deserialize;

use super::call::{Answering, Pending};
use super::json;
use crate::wire::v1;
use crate::wire::v1::replace_list_request::Part;

/// As many entries as a part of the stream may hold.
const PART_ENTRIES: usize = 5_000;

/// The body.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NewList {
    head: v1::ListHead,
    entries: Vec<v1::ListEntry>,
}

/// Puts a list in the place of another.
pub(super) fn replace(pending: Pending) -> Answering {
    Box::pin(async move {
        let api = pending.api.clone();
        let request = pending.request(|list: NewList| list, |list| Some(&mut list.head.list_id));
        let parts = stream::iter(request.await?.into_inner().parts().map(Ok));
        json::respond(api.replace_list_of(parts).await?.get_ref())
    })
}

impl NewList {
    /// What a client of gRPC would send.
    fn parts(self) -> impl Iterator<Item = v1::ReplaceListRequest> {
        let mut rest = self.entries.into_iter();
        let entries = std::iter::from_fn(move || {
            let entries: Vec<_> = rest.by_ref().take(PART_ENTRIES).collect();
            (!entries.is_empty()).then_some(Part::Entries(v1::ListEntries { entries }))
        });
        std::iter::once(Part::Head(self.head))
            .chain(entries)
            .map(|part| v1::ReplaceListRequest { part: Some(part) })
    }
}
