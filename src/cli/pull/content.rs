//! Looks at a downloaded file before it is imported: it must be whole, of bounded size, and no web page.

use std::io::{self, Read as _};
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

use super::PullError;
use crate::cli::import::{FileForm, SourceFile};

const BUFFER_BYTES: usize = 64 * 1_024;

/// Byte-order marks of UTF-8 and UTF-16.
const MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];

/// The content of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// 128-bit XXH3 of the unpacked bytes, in hex.
    pub(super) hash: String,
    /// Whether anything follows the first line, which is the header.
    pub(super) has_rows: bool,
}

impl Content {
    /// Reads a file, and unpacks it piece by piece: nothing is kept but its hash. A workbook is read as CSV.
    ///
    /// # Errors
    /// If the file is damaged, empty, a web page, or has more than `max` bytes when it is unpacked.
    pub(super) fn of(path: &Path, form: &FileForm, max: u64, url: &str) -> Result<Self, PullError> {
        let url = || url.to_owned();
        let damaged = |error: io::Error| PullError::Damaged {
            url: url(),
            problem: error.to_string(),
        };
        let mut content = SourceFile::open_as(path, form).map_err(damaged)?.unpacked();
        let mut hasher = Xxh3::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        let (mut bytes, mut is_after_header, mut has_rows) = (0, false, false);
        loop {
            let read = match content.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other.map_err(damaged)?,
            };
            let part = buffer.get(..read).unwrap_or_default();
            if part.is_empty() {
                break;
            }
            if bytes == 0 && is_page(part) {
                return Err(PullError::WebPage { url: url() });
            }
            bytes += read as u64;
            if bytes > max {
                return Err(PullError::TooLargeUnpacked { url: url(), max });
            }
            hasher.update(part);
            if !has_rows {
                (is_after_header, has_rows) = rows_in(part, is_after_header);
            }
        }
        if bytes == 0 {
            return Err(PullError::Empty { url: url() });
        }
        Ok(Self {
            hash: format!("{:032x}", hasher.digest128()),
            has_rows,
        })
    }
}

/// Whether a text begins as HTML or XML does. No header of a table begins with `<`.
fn is_page(start: &[u8]) -> bool {
    let mark = MARKS.iter().find_map(|mark| start.strip_prefix(*mark));
    let mut text = mark.unwrap_or(start).iter().filter(|byte| !is_blank(byte));
    text.next() == Some(&b'<')
}

/// Whether the header has ended, and whether rows have begun, after this part of a file.
fn rows_in(part: &[u8], is_after_header: bool) -> (bool, bool) {
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let start = if is_after_header {
        Some(0)
    } else {
        part.iter().position(is_end)
    };
    let rest = start.and_then(|start| part.get(start..)).unwrap_or_default();
    (start.is_some(), rest.iter().any(|byte| !is_blank(byte)))
}

/// White space. In UTF-16 every other byte of a plain text is zero.
fn is_blank(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || *byte == 0
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn content(bytes: &[u8], max: u64) -> Result<Content, PullError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        Content::of(file.path(), &FileForm::default(), max, "u")
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_hash_is_that_of_the_unpacked_bytes() {
        let plain = content(b"number\n1\n", 100).unwrap();
        assert_eq!(content(&gzip(b"number\n1\n"), 100).unwrap(), plain);
        assert_ne!(content(b"number\n2\n", 100).unwrap().hash, plain.hash);
        assert!(plain.has_rows);
        for header in [b"number\n".as_slice(), b"number", b"number\r\n\n", b"n\0\r\0\n\0"] {
            assert!(!content(header, 100).unwrap().has_rows, "{header:?}");
        }
    }

    #[test]
    fn a_file_is_bounded_whole_and_no_page() {
        let bomb = gzip(&vec![b'x'; 1_000_000]);
        assert!(bomb.len() < 10_000);
        assert!(matches!(
            content(&bomb, 10_000),
            Err(PullError::TooLargeUnpacked { max: 10_000, .. })
        ));
        assert!(content(b"12345", 5).is_ok());
        let cut = &bomb[..bomb.len() - 4];
        assert!(matches!(content(cut, 2_000_000), Err(PullError::Damaged { .. })));
        assert!(matches!(content(b"", 5), Err(PullError::Empty { .. })));
        assert!(matches!(content(&gzip(b""), 5), Err(PullError::Empty { .. })));
        for page in ["<html>", "\u{feff}\n  <!DOCTYPE html>", "<?xml version=\"1.0\"?>"] {
            let found = content(page.as_bytes(), 100);
            assert!(matches!(found, Err(PullError::WebPage { .. })), "{page}");
        }
    }
}
