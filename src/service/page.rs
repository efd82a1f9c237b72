//! Pages of lists: their sizes, and tokens that only the instances of this store can make.

use super::ServiceError;
use super::content::RequestContent;
use crate::domain::tenant::TenantId;

/// Items of a page when the client does not say.
const DEFAULT_SIZE: usize = 50;
/// The most items of a page.
const MAX_SIZE: usize = 1_000;
/// Bytes of the texts of a page. A page whose items have more ends early, and its token leads on.
const MAX_TEXT_BYTES: usize = 1 << 20;
/// Bytes of a token's signature.
const MAC_BYTES: usize = 16;
/// The longest token that is checked, in characters.
const MAX_TOKEN_CHARS: usize = 1_024;

/// A request for a page of a list.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    /// The number of items, at most 1,000; 0 means 50.
    pub size: u32,
    /// The token that the page before gave; empty for the first page.
    pub token: String,
}

/// The key that signs page tokens; all instances of a store share it.
#[derive(Clone)]
pub(super) struct PageKey([u8; 32]);

impl PageRequest {
    /// Checks the number of items.
    ///
    /// # Errors
    /// If there are too many.
    pub fn check(&self) -> Result<(), ServiceError> {
        self.limit().map(|_| ())
    }

    /// The number of items.
    pub(super) fn limit(&self) -> Result<usize, ServiceError> {
        match usize::try_from(self.size) {
            Ok(0) => Ok(DEFAULT_SIZE),
            Ok(size) if size <= MAX_SIZE => Ok(size),
            _ => Err(ServiceError::field("page_size", format!("must be at most {MAX_SIZE}"))),
        }
    }

    /// The cursor at the end of the page before; none for the first page. `list` names the list and its filters.
    pub(super) fn cursor(&self, key: &PageKey, list: &RequestContent) -> Result<Option<Vec<u8>>, ServiceError> {
        if self.token.is_empty() {
            return Ok(None);
        }
        key.open(list, &self.token).map(Some).ok_or_else(foreign_token)
    }
}

/// How many of the first items fit on a page, by the bytes of their texts; the first one always fits.
pub(super) fn count_that_fits<T>(items: &[T], bytes_of: impl Fn(&T) -> usize) -> usize {
    let mut texts = PageTexts::default();
    let fitting = items.iter().take_while(|item| texts.fits(bytes_of(item)));
    fitting.count().max(1)
}

/// The texts of a page that is being filled.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PageTexts {
    /// Their bytes; none on an empty page.
    bytes: Option<usize>,
}

impl PageTexts {
    /// Adds the texts of an item. Whether it fits: the first one always does, and none after one that does not.
    pub(super) fn fits(&mut self, bytes: usize) -> bool {
        let before = self.bytes.replace(self.bytes.unwrap_or(0).saturating_add(bytes));
        before.is_none_or(|before| before.saturating_add(bytes) <= MAX_TEXT_BYTES)
    }
}

/// The error for a token that this list did not give.
pub(super) fn foreign_token() -> ServiceError {
    ServiceError::field("page_token", "is not a token that this list gave")
}

impl PageKey {
    /// The key of a tenant, from that of the store: a token of one tenant is not valid for another.
    pub(super) fn of_tenant(key: [u8; 32], tenant: TenantId) -> Self {
        if tenant == TenantId::DEFAULT {
            return Self(key);
        }
        Self(*blake3::keyed_hash(&key, tenant.as_bytes()).as_bytes())
    }

    /// A token that leads to the items after `cursor`. `list` names the list and its filters: a token of one list does
    /// not open another.
    pub(super) fn seal(&self, list: &RequestContent, cursor: &[u8]) -> String {
        let mut token = hex(cursor);
        token.push_str(&hex(&self.mac(list, cursor)));
        token
    }

    /// The token that leads on after the last item shown; empty if no item is left.
    pub(super) fn next(&self, list: &RequestContent, last_of_more: Option<Vec<u8>>) -> String {
        last_of_more.map_or_else(String::new, |cursor| self.seal(list, &cursor))
    }

    fn open(&self, list: &RequestContent, token: &str) -> Option<Vec<u8>> {
        let bytes = unhex(token)?;
        let (cursor, found) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
        let found = <[u8; MAC_BYTES]>::try_from(found).ok()?;
        // Integers are compared in constant time.
        (u128::from_le_bytes(self.mac(list, cursor)) == u128::from_le_bytes(found)).then(|| cursor.to_vec())
    }

    fn mac(&self, list: &RequestContent, cursor: &[u8]) -> [u8; MAC_BYTES] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        let list = list.bytes();
        hasher
            .update(&(list.len() as u64).to_le_bytes())
            .update(list)
            .update(cursor);
        let mut mac = [0; MAC_BYTES];
        hasher.finalize_xof().fill(&mut mac);
        mac
    }
}

impl std::fmt::Debug for PageKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PageKey")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || text.len() > MAX_TOKEN_CHARS {
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
    use crate::service::content::Method;

    #[test]
    fn tokens_open_only_for_their_own_list_and_store() {
        let key = PageKey::of_tenant([1; 32], TenantId::DEFAULT);
        let (numbers, cases) = (
            RequestContent::of(Method::ListNumbers),
            RequestContent::of(Method::ListCases),
        );
        let token = key.seal(&numbers, b"cursor");
        assert_eq!(key.open(&numbers, &token).unwrap(), b"cursor");
        assert_eq!(key.open(&cases, &token), None);
        assert_eq!(
            PageKey::of_tenant([2; 32], TenantId::DEFAULT).open(&numbers, &token),
            None
        );
        for bad in ["", "zz", "00", "+1", &format!("00{token}")] {
            assert_eq!(key.open(&numbers, bad), None, "{bad}");
        }
    }

    /// A client may use a token that another release gave.
    #[test]
    fn tokens_are_frozen() {
        let mut list = RequestContent::of(Method::ListNumbers);
        list.text("1415");
        let token = PageKey::of_tenant([1; 32], TenantId::DEFAULT).seal(&list, b"cursor");
        assert_eq!(token, "637572736f7215f09b3b6d5e720ccbc7eab4cf3cfc28");
    }

    #[test]
    fn a_page_ends_early_and_is_never_empty() {
        let fits = |items: &[usize]| count_that_fits(items, |bytes| *bytes);
        assert_eq!(fits(&[MAX_TEXT_BYTES / 2; 5]), 2);
        assert_eq!(fits(&[2 * MAX_TEXT_BYTES, 1]), 1);
        assert_eq!(fits(&[1, 2, 3]), 3);
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
