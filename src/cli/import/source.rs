//! The file of an import: plain or gzip, on disk or from standard input; a text in any usual encoding, or a workbook.

mod encoding;
mod workbook;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use flate2::bufread::GzDecoder;
use xxhash_rust::xxh3::Xxh3;

pub use encoding::{TextEncoding, UnknownEncoding};

use crate::app::FileIdentity;

/// The first bytes of every gzip file (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Size of the read buffer, in bytes.
const BUFFER_BYTES: usize = 256 * 1_024;

/// How a file is read.
#[derive(Args, Clone, Debug, Default)]
pub struct FileForm {
    /// Encoding of the text, such as windows-1252 [default: its byte-order mark, or else UTF-8]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<TextEncoding>,
    /// Worksheet of an XLSX file [default: the first]
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
}

/// An open file whose bytes can be hashed before it is read.
#[derive(Debug)]
pub struct SourceFile {
    file: File,
    bytes: u64,
    is_gzip: bool,
    encoding: Option<TextEncoding>,
    /// The hash of a workbook; `file` is its worksheet as CSV.
    hash: Option<String>,
    /// The file that the user gave.
    identity: Option<FileIdentity>,
}

impl SourceFile {
    /// Opens a file. `-` is standard input. It is copied to a nameless temporary file first, because it is read twice.
    ///
    /// # Errors
    /// If the file cannot be opened, read or, for standard input, written.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::open_as(path, &FileForm::default())
    }

    /// As [`Self::open`], in this encoding and with this worksheet.
    ///
    /// # Errors
    /// As [`Self::open`], and if a workbook cannot be read.
    pub fn open_as(path: &Path, form: &FileForm) -> io::Result<Self> {
        if path == Path::new("-") {
            let mut file = tempfile::tempfile()?;
            io::copy(&mut io::stdin().lock(), &mut file)?;
            file.rewind()?;
            let identity = identity_of(&File::from(io::stdin().as_fd().try_clone_to_owned()?));
            return Ok(Self {
                identity,
                ..Self::of_file(file, form)?
            });
        }
        Self::of_file(File::open(path)?, form)
    }

    /// The identity of the file that the user gave, or that stands behind standard input.
    pub(super) fn identity(&self) -> Option<FileIdentity> {
        self.identity
    }

    /// The 128-bit XXH3 of the bytes of the file, compressed or not, in hex: the default `import_id`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn hash(&mut self) -> io::Result<String> {
        match &self.hash {
            Some(hash) => Ok(hash.clone()),
            None => hash_of(&mut self.file),
        }
    }

    /// The same file, to be read once more. Read one to its end, or drop it, before the other: they share a position.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn again(&self) -> io::Result<Self> {
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        Ok(Self {
            file,
            hash: self.hash.clone(),
            ..*self
        })
    }

    /// Size of the file, in bytes, compressed or not.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.bytes
    }

    /// Whether the file is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// The decompressed content as UTF-8, and the position in the file. An error of the first bytes comes with the
    /// first read.
    #[must_use]
    pub fn read(self) -> (Box<dyn Read + Send>, Position) {
        let position = Position::default();
        let counted = CountingFile {
            file: self.file,
            position: position.clone(),
        };
        let content: Box<dyn Read + Send> = if self.is_gzip {
            Box::new(GzipParts::new(BufReader::with_capacity(BUFFER_BYTES, counted)))
        } else {
            Box::new(counted)
        };
        let content = encoding::as_utf8(content, self.encoding).unwrap_or_else(|error| Box::new(Failed(Some(error))));
        (content, position)
    }

    /// The decompressed bytes, as they are; a workbook is read as CSV.
    #[must_use]
    pub fn unpacked(self) -> Box<dyn Read + Send> {
        if self.is_gzip {
            Box::new(GzipParts::new(BufReader::with_capacity(BUFFER_BYTES, self.file)))
        } else {
            Box::new(self.file)
        }
    }

    fn of_file(mut file: File, form: &FileForm) -> io::Result<Self> {
        let identity = identity_of(&file);
        let mut magic = Vec::new();
        file.by_ref().take(4).read_to_end(&mut magic)?;
        file.rewind()?;
        if magic == workbook::OLD_EXCEL_MAGIC {
            let problem = "this is a workbook of an old Excel (.xls); save it as .xlsx or as CSV";
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        let mut hash = None;
        if magic == workbook::ZIP_MAGIC {
            hash = Some(hash_of(&mut file)?);
            file = workbook::to_csv(file, form.sheet.as_deref())?;
        }
        Ok(Self {
            bytes: file.metadata()?.len(),
            is_gzip: magic.starts_with(&GZIP_MAGIC),
            // A worksheet is written as UTF-8.
            encoding: form.encoding.filter(|_| hash.is_none()),
            hash,
            identity,
            file,
        })
    }
}

/// The identity of an open file.
fn identity_of(file: &File) -> Option<FileIdentity> {
    file.metadata().ok().map(|metadata| FileIdentity::of(&metadata))
}

/// The hash of a file, from its start. Afterwards the file is at its start again.
fn hash_of(file: &mut File) -> io::Result<String> {
    let mut hasher = Xxh3::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = file.read(&mut buffer)?;
        match buffer.get(..read) {
            Some(part) if !part.is_empty() => hasher.update(part),
            _ => break,
        }
    }
    file.rewind()?;
    Ok(format!("{:032x}", hasher.digest128()))
}

/// A content that cannot be read.
struct Failed(Option<io::Error>);

impl Read for Failed {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Reads a file of one or several gzip parts, and nothing else behind them.
struct GzipParts<R> {
    /// The part that is being read; none at the end.
    part: Option<GzDecoder<R>>,
}

impl<R: BufRead> GzipParts<R> {
    fn new(content: R) -> Self {
        Self {
            part: Some(GzDecoder::new(content)),
        }
    }
}

impl<R: BufRead> Read for GzipParts<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(part) = &mut self.part {
            let read = part.read(buffer).map_err(named)?;
            if read > 0 {
                return Ok(read);
            }
            let Some(mut rest) = self.part.take().map(GzDecoder::into_inner) else {
                break;
            };
            let next = rest.fill_buf()?;
            if next.is_empty() {
                break;
            }
            if !next.starts_with(&GZIP_MAGIC) && !GZIP_MAGIC.starts_with(next) {
                let problem = "there is data behind the end of the gzip file";
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            }
            self.part = Some(GzDecoder::new(rest));
        }
        Ok(0)
    }
}

/// The error of a gzip file, with a plain text if the file ends too early.
fn named(error: io::Error) -> io::Error {
    let kind = error.kind();
    if kind == io::ErrorKind::UnexpectedEof {
        io::Error::new(kind, "the gzip file ends too early")
    } else {
        error
    }
}

/// The position in a file that is being read.
#[derive(Clone, Debug, Default)]
pub struct Position(Arc<AtomicU64>);

impl Position {
    /// Number of bytes read so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct CountingFile {
    file: File,
    position: Position,
}

impl Read for CountingFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.position.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn source(bytes: &[u8]) -> SourceFile {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        SourceFile::of_file(file, &FileForm::default()).unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn content(source: SourceFile) -> io::Result<String> {
        let mut text = String::new();
        source.read().0.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn gzip_is_recognised_by_its_first_bytes() {
        let parts = [gzip(b"one,"), gzip(b"two")].concat();
        let mut source = source(&parts);
        assert_eq!(source.len(), parts.len() as u64);
        source.hash().unwrap();
        let (mut reader, position) = source.read();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one,two");
        assert_eq!(position.bytes(), parts.len() as u64);
    }

    #[test]
    fn a_truncated_gzip_file_is_an_error() {
        let whole = gzip(b"some text that is long enough to be cut");
        assert!(content(source(&whole[..whole.len() - 9])).is_err());
    }

    #[test]
    fn data_behind_the_end_of_a_gzip_file_is_named() {
        for garbage in [b"x".as_slice(), b"\x1fx", b"\0", b"some more text behind the end"] {
            let error = content(source(&[&gzip(b"text"), garbage].concat())).unwrap_err();
            assert!(
                error.to_string().contains("data behind the end of the gzip file"),
                "{error}"
            );
        }
        let cut = content(source(&[&gzip(b"text"), GZIP_MAGIC.as_slice()].concat())).unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn the_hash_is_that_of_the_bytes_as_they_are() {
        assert_eq!(source(b"").hash().unwrap(), "99aa06d3014798d86001c324468d497f");
        assert_ne!(source(b"a").hash().unwrap(), source(&gzip(b"a")).hash().unwrap());
        assert_eq!(content(source(b"a")).unwrap(), "a");
        assert!(source(b"").is_empty());
    }
}
