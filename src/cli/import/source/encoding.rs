//! The encoding of a text: recognised by its first bytes, or named by the user. What comes out is UTF-8.

use std::io::{self, Read};
use std::str::FromStr;

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use thiserror::Error;

/// Number of bytes that are looked at to recognise an encoding.
const MARK_BYTES: u64 = 4;

/// Size of the buffers, in bytes.
const BUFFER_BYTES: usize = 64 * 1_024;

/// The name of an encoding, such as `windows-1252`, as browsers know them (WHATWG Encoding Standard).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextEncoding(&'static Encoding);

/// The text names no encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "no such encoding; known ones are utf-8, utf-16le, utf-16be, windows-1252, iso-8859-15, windows-1251, shift_jis and others"
)]
pub struct UnknownEncoding;

impl FromStr for TextEncoding {
    type Err = UnknownEncoding;

    fn from_str(name: &str) -> Result<Self, UnknownEncoding> {
        Encoding::for_label(name.trim().as_bytes())
            .map(Self)
            .ok_or(UnknownEncoding)
    }
}

/// The content as UTF-8. A byte-order mark decides, then the given encoding, then the zero bytes of UTF-16 without a
/// mark. Any other content is left as it is: the reader of rows names those that are not UTF-8.
///
/// # Errors
/// If the first bytes cannot be read.
pub(super) fn as_utf8(
    mut content: Box<dyn Read + Send>,
    given: Option<TextEncoding>,
) -> io::Result<Box<dyn Read + Send>> {
    let mut mark = Vec::new();
    content.by_ref().take(MARK_BYTES).read_to_end(&mut mark)?;
    let encoding = Encoding::for_bom(&mark)
        .map(|(encoding, _)| encoding)
        .or_else(|| given.map(|given| given.0))
        .or_else(|| without_mark(&mark));
    let content = io::Cursor::new(mark).chain(content);
    Ok(match encoding {
        None => Box::new(content),
        Some(encoding) if encoding == UTF_8 => Box::new(content),
        Some(encoding) => Box::new(Transcoded::new(content, encoding)),
    })
}

/// UTF-16 without a mark: every second byte of two Latin letters is zero.
fn without_mark(mark: &[u8]) -> Option<&'static Encoding> {
    match mark {
        [1..=255, 0, 1..=255, 0] => Some(UTF_16LE),
        [0, 1..=255, 0, 1..=255] => Some(UTF_16BE),
        _ => None,
    }
}

/// A text in another encoding, read as UTF-8.
struct Transcoded<R> {
    content: R,
    decoder: Decoder,
    name: &'static str,
    input: Vec<u8>,
    /// The bytes of `input` that are not decoded yet.
    waiting: std::ops::Range<usize>,
    output: Vec<u8>,
    /// The bytes of `output` that are not read yet.
    ready: std::ops::Range<usize>,
    is_at_end: bool,
    is_done: bool,
}

impl<R: Read> Transcoded<R> {
    fn new(content: R, encoding: &'static Encoding) -> Self {
        Self {
            content,
            decoder: encoding.new_decoder_with_bom_removal(),
            name: encoding.name(),
            input: vec![0; BUFFER_BYTES],
            waiting: 0..0,
            output: vec![0; BUFFER_BYTES],
            ready: 0..0,
            is_at_end: false,
            is_done: false,
        }
    }

    /// Decodes the next bytes into the output.
    fn decode(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() && !self.is_at_end {
            let read = self.content.read(&mut self.input)?;
            self.waiting = 0..read;
            self.is_at_end = read == 0;
        }
        let input = self.input.get(self.waiting.clone()).unwrap_or_default();
        let (result, read, written) =
            self.decoder
                .decode_to_utf8_without_replacement(input, &mut self.output, self.is_at_end);
        self.waiting.start += read;
        self.ready = 0..written;
        match result {
            DecoderResult::Malformed(..) => {
                let problem = format!("the text is not {}", self.name);
                Err(io::Error::new(io::ErrorKind::InvalidData, problem))
            }
            DecoderResult::InputEmpty => {
                self.is_done = self.is_at_end;
                Ok(())
            }
            DecoderResult::OutputFull => Ok(()),
        }
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && !self.is_done {
            self.decode()?;
        }
        let ready = self.output.get(self.ready.clone()).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        let (Some(to), Some(from)) = (buffer.get_mut(..count), ready.get(..count)) else {
            return Ok(0);
        };
        to.copy_from_slice(from);
        self.ready.start += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], given: Option<&str>) -> io::Result<String> {
        let given = given.map(|name| name.parse().unwrap());
        let mut text = String::new();
        as_utf8(Box::new(io::Cursor::new(bytes.to_vec())), given)?.read_to_string(&mut text)?;
        Ok(text)
    }

    fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn marks_and_zero_bytes_show_utf16() {
        let text = "phone;name\n1;Zo\u{eb} \u{1f600}\n";
        for bytes in [
            utf16(&format!("\u{feff}{text}"), u16::to_le_bytes),
            utf16(&format!("\u{feff}{text}"), u16::to_be_bytes),
            utf16(text, u16::to_le_bytes),
            utf16(text, u16::to_be_bytes),
        ] {
            assert_eq!(read(&bytes, None).unwrap(), text);
        }
        let long = text.repeat(20_000);
        assert_eq!(read(&utf16(&long, u16::to_le_bytes), None).unwrap(), long);
    }

    #[test]
    fn a_named_encoding_is_read_and_a_mark_is_stronger() {
        assert_eq!(
            read(b"Andr\xe9 \x80", Some("windows-1252")).unwrap(),
            "Andr\u{e9} \u{20ac}"
        );
        assert_eq!(
            read("\u{feff}Andr\u{e9}".as_bytes(), Some("latin1")).unwrap(),
            "\u{feff}Andr\u{e9}"
        );
        assert_eq!(read(b"a", None).unwrap(), "a");
        assert_eq!(read(b"", Some("utf-16le")).unwrap(), "");
        assert_eq!("klingon".parse::<TextEncoding>(), Err(UnknownEncoding));
    }

    #[test]
    fn a_text_that_is_cut_is_an_error() {
        let mut bytes = utf16("\u{feff}phone", u16::to_le_bytes);
        bytes.pop();
        assert!(read(&bytes, None).unwrap_err().to_string().contains("not UTF-16LE"));
    }
}
