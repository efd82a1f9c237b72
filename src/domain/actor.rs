//! The author of a change, kept with every change.

use super::identity::PrincipalId;
use super::ids::NameError;

/// The author of a change: an analyst, a program or a feed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor(Box<str>);

impl Actor {
    /// The most bytes of an actor's name.
    pub const MAX_BYTES: usize = 128;

    /// Checks a name; an empty one is `anonymous`.
    ///
    /// # Errors
    /// If the name is too long or holds control characters.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::anonymous());
        }
        if text.len() > Self::MAX_BYTES {
            return Err(NameError::TooLong {
                max_bytes: Self::MAX_BYTES,
            });
        }
        if text.chars().any(char::is_control) {
            return Err(NameError::Character {
                allowed: "visible characters",
            });
        }
        Ok(Self(text.into()))
    }

    /// The actor of a request that names none.
    #[must_use]
    pub fn anonymous() -> Self {
        Self("anonymous".into())
    }

    /// The actor of reports that name no feed.
    #[must_use]
    pub fn reporters() -> Self {
        Self("reporters".into())
    }

    /// The actor of a refold of all evidence by the program itself.
    #[must_use]
    pub fn migration() -> Self {
        Self("migration".into())
    }

    /// The actor of the program when it drops what is too old.
    #[must_use]
    pub fn retention() -> Self {
        Self("retention".into())
    }

    /// The actor of the first administrator's creation, by the program itself.
    #[must_use]
    pub fn bootstrap() -> Self {
        Self("bootstrap".into())
    }

    /// Whether this is the name of an actor that the program makes itself, in upper or lower case.
    #[must_use]
    pub fn is_of_program(name: &str) -> bool {
        let own = [
            Self::anonymous(),
            Self::reporters(),
            Self::migration(),
            Self::retention(),
            Self::bootstrap(),
        ];
        own.iter().any(|actor| actor.as_str().eq_ignore_ascii_case(name))
    }

    /// The actor of a principal's changes.
    #[must_use]
    pub fn of(principal: &PrincipalId) -> Self {
        Self(principal.as_str().into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
