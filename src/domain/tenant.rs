//! Tenants: every stored record, bucket and change-log entry belongs to one.

use std::fmt;

use super::ids::NameError;

/// The most tenants of a server, with the default one.
pub const MAX_TENANTS: usize = 64;

/// The name of a tenant: 1 to 32 letters, digits, `-` and `_`. A server that serves one organisation has the one tenant
/// [`TenantId::DEFAULT`]. Other tenants begin with their first principal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId {
    /// The name, and zeros after it.
    bytes: [u8; Self::MAX_BYTES],
    length: u8,
}

impl TenantId {
    /// The most bytes of a tenant's name.
    pub const MAX_BYTES: usize = 32;

    /// The tenant of the organisation that operates the server: `default`.
    pub const DEFAULT: Self = {
        let mut bytes = [0; Self::MAX_BYTES];
        let (name, _) = bytes.split_at_mut(7);
        name.copy_from_slice(b"default");
        Self { bytes, length: 7 }
    };

    /// Checks a name.
    ///
    /// # Errors
    /// If it is empty, longer than 32 bytes, or has another character than letters, digits, `-` and `_`.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            return Err(NameError::Character {
                allowed: "letters, digits, - and _",
            });
        }
        let too_long = NameError::TooLong {
            max_bytes: Self::MAX_BYTES,
        };
        let mut bytes = [0; Self::MAX_BYTES];
        let place = bytes.get_mut(..name.len()).ok_or(too_long)?;
        place.copy_from_slice(name.as_bytes());
        let length = u8::try_from(name.len()).map_err(|_| too_long)?;
        Ok(Self { bytes, length })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The bytes of the name, at most [`Self::MAX_BYTES`].
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// [`TenantId::DEFAULT`].
impl Default for TenantId {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tenant {}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert_eq!(TenantId::parse("default"), Ok(TenantId::DEFAULT));
        assert_eq!(TenantId::DEFAULT.as_str(), "default");
        let longest = "t".repeat(TenantId::MAX_BYTES);
        assert_eq!(TenantId::parse(&longest).unwrap().as_str(), longest);
        assert!(TenantId::parse(&format!("{longest}t")).is_err());
        for name in ["", "a:b", "{a}", "a b", "é"] {
            assert!(TenantId::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn names_are_ordered_as_their_texts() {
        let ids = ["a", "a-", "ab", "b"].map(|name| TenantId::parse(name).unwrap());
        assert!(ids.is_sorted());
    }
}
