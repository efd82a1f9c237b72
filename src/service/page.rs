//! Pages of lists: sizes with a limit, and tokens that only this store's instances can make.

use super::{Keys, ServiceError};

/// Items of a page when the client does not say.
const DEFAULT_SIZE: usize = 50;
/// The most items of a page.
const MAX_SIZE: usize = 1_000;
/// Bytes of a token's signature.
const MAC_BYTES: usize = 16;

/// Which page of a list is wanted.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    /// How many items; 0 means 50. At most 1,000.
    pub size: u32,
    /// The token that the page before gave; empty for the first page.
    pub token: String,
}

impl PageRequest {
    /// The number of items.
    pub(super) fn limit(&self) -> Result<usize, ServiceError> {
        match usize::try_from(self.size) {
            Ok(0) => Ok(DEFAULT_SIZE),
            Ok(size) if size <= MAX_SIZE => Ok(size),
            _ => Err(ServiceError::field("page_size", format!("must be at most {MAX_SIZE}"))),
        }
    }

    /// Where the page before ended; none for the first page.
    pub(super) fn cursor(&self, keys: &Keys, list: &str) -> Result<Option<Vec<u8>>, ServiceError> {
        if self.token.is_empty() {
            return Ok(None);
        }
        open(keys, list, &self.token)
            .map(Some)
            .ok_or_else(|| ServiceError::field("page_token", "is not a token that this list gave"))
    }
}

/// A token that leads to the items after `cursor`. `list` names the list and its filters: a token of one list is none
/// of another.
pub(super) fn seal(keys: &Keys, list: &str, cursor: &[u8]) -> String {
    let mut token = hex(cursor);
    token.push_str(&hex(&mac(keys, list, cursor)));
    token
}

fn open(keys: &Keys, list: &str, token: &str) -> Option<Vec<u8>> {
    let bytes = unhex(token)?;
    let (cursor, found) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
    let found = <[u8; MAC_BYTES]>::try_from(found).ok()?;
    // Compared as integers, in constant time for all that a token is worth.
    (u128::from_le_bytes(mac(keys, list, cursor)) == u128::from_le_bytes(found)).then(|| cursor.to_vec())
}

fn mac(keys: &Keys, list: &str, cursor: &[u8]) -> [u8; MAC_BYTES] {
    let mut hasher = blake3::Hasher::new_keyed(&keys.page);
    hasher.update(list.as_bytes()).update(&[0]).update(cursor);
    let mut mac = [0; MAC_BYTES];
    hasher.finalize_xof().fill(&mut mac);
    mac
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || text.len() > 1_024 {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_open_only_for_their_own_list_and_store() {
        let keys = Keys {
            slot: [0; 32],
            reporter: [0; 32],
            page: [1; 32],
        };
        let token = seal(&keys, "numbers", b"cursor");
        assert_eq!(open(&keys, "numbers", &token).unwrap(), b"cursor");
        assert_eq!(open(&keys, "cases", &token), None);
        assert_eq!(
            open(
                &Keys {
                    page: [2; 32],
                    ..keys.clone()
                },
                "numbers",
                &token
            ),
            None
        );
        for bad in ["", "zz", "00", "+1", &format!("00{token}")] {
            assert_eq!(open(&keys, "numbers", bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes_are_bounded() {
        let limit = |size| {
            PageRequest {
                size,
                token: String::new(),
            }
            .limit()
        };
        assert_eq!(limit(0).unwrap(), 50);
        assert_eq!(limit(1_000).unwrap(), 1_000);
        assert!(limit(1_001).is_err());
    }
}
