//! A list in one body. A gRPC client sends it as a stream.

use futures_util::stream;
use serde::de::MapAccess;

use super::items::{Parts, ReadParts};
use super::json;
use super::request::{Decoded, ResponseFuture, RoutedRequest};
use crate::api::ApiError;
use crate::wire::json::{JsonMessage, JsonValue, keep};
use crate::wire::v1;
use crate::wire::v1::replace_list_request::Part;

/// The body.
#[derive(Debug, Default)]
struct NewList {
    head: v1::ListHead,
    entries: Parts<v1::ListEntry>,
}

impl JsonMessage for NewList {
    const FIELDS: &'static [&'static str] = &["head", "entries"];
    const ONEOFS: &'static [u64] = &[];

    fn position(name: &str) -> Option<usize> {
        Self::FIELDS.iter().position(|field| *field == name)
    }

    fn read<'de, A: MapAccess<'de>>(&mut self, position: usize, value: JsonValue<'_, A>) -> Result<bool, A::Error> {
        Ok(match position {
            0 => keep(value.one()?, &mut self.head),
            _ => keep(value.read(ReadParts::new())?, &mut self.entries),
        })
    }
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
        let parts = self.entries.into_parts();
        let entries = parts.map(|entries| Part::Entries(v1::ListEntries { entries }));
        std::iter::once(Part::Head(self.head))
            .chain(entries)
            .map(|part| v1::ReplaceListRequest { part: Some(part) })
    }
}
