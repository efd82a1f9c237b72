//! Files of keys: one key a line, in hexadecimal digits.

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;
/// The most keys: the one in use and those before it.
pub(super) const MAX_KEYS: usize = 32;

/// The errors of a file of keys. None shows a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// There is no key.
    #[error("there is no key in it: a line of 64 hexadecimal digits")]
    Empty,
    /// A line is not a key.
    #[error("line {line} is not a key: 64 hexadecimal digits")]
    Line {
        /// Which line, from 1.
        line: usize,
    },
    /// A key occurs twice.
    #[error("line {line} holds a key that stands there before")]
    Twice {
        /// Which line, from 1.
        line: usize,
    },
    /// There are too many keys.
    #[error("there are more than {MAX_KEYS} keys in it")]
    TooMany,
}

/// Reads the keys of a file, in its order. Blank lines and lines that begin with `#` are ignored. `read` makes a key of a line,
/// `is_same` tells whether two are one key.
pub(super) fn keys<K>(
    text: &str,
    read: impl Fn(&str) -> Option<K>,
    is_same: impl Fn(&K, &K) -> bool,
) -> Result<Vec<K>, KeyFileError> {
    let mut keys: Vec<K> = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let (line, written) = (place + 1, line.trim());
        if written.is_empty() || written.starts_with('#') {
            continue;
        }
        let key = read(written).ok_or(KeyFileError::Line { line })?;
        if keys.iter().any(|other| is_same(other, &key)) {
            return Err(KeyFileError::Twice { line });
        }
        if keys.len() == MAX_KEYS {
            return Err(KeyFileError::TooMany);
        }
        keys.push(key);
    }
    if keys.is_empty() {
        return Err(KeyFileError::Empty);
    }
    Ok(keys)
}

/// The key in a line of hexadecimal digits.
pub(super) fn unhex(text: &str) -> Option<[u8; KEY_BYTES]> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16)?).ok();
    let mut key = [0; KEY_BYTES];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != KEY_BYTES || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in key.iter_mut().zip(pairs) {
        *byte = (digit(*high)? << 4) | digit(*low)?;
    }
    Some(key)
}
