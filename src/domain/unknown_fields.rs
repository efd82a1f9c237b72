//! Fields of a newer release, kept unread.

/// The bytes that a newer release wrote after the fields that this release knows. They are written back unchanged, so
/// that two releases can share one store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnknownFields(Box<[u8]>);

impl UnknownFields {
    /// Keeps these bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}
