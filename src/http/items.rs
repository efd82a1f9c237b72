//! The items of a body that a gRPC client would send as a stream.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::Deserializer;

use crate::api::MAX_PART_ENTRIES;
use crate::wire::json::{JsonField, LIST_PROBLEM, Place, Reading, read_items};

/// The most items in one body. A longer list goes over gRPC.
const MAX_ITEMS: usize = 100_000;

/// Items in parts, so that many of them are not copied while their number grows.
pub(super) struct Parts<T>(Vec<Vec<T>>);

impl<T> Parts<T> {
    /// The parts, in order. None is empty.
    pub(super) fn into_parts(self) -> impl Iterator<Item = Vec<T>> {
        self.0.into_iter()
    }

    fn push(&mut self, item: T) {
        match self.0.last_mut() {
            Some(part) if part.len() < MAX_PART_ENTRIES => part.push(item),
            _ => self.0.push(vec![item]),
        }
    }
}

impl<T> Default for Parts<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> fmt::Debug for Parts<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("parts", &self.0.len())
            .finish_non_exhaustive()
    }
}

/// Reads items as parts.
pub(super) struct ReadParts<T>(PhantomData<T>);

impl<T> ReadParts<T> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: JsonField> Reading for ReadParts<T> {
    type Value = Parts<T>;

    fn read<'de, D: Deserializer<'de>>(self, reader: D, place: Place<'_>) -> Result<Parts<T>, D::Error> {
        let mut parts = Parts::default();
        read_items(reader, place, MAX_ITEMS, |item| parts.push(item))?;
        Ok(parts)
    }

    fn problem(&self, _: &str) -> Cow<'static, str> {
        LIST_PROBLEM.into()
    }
}
