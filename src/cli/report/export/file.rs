//! The file of an export: plain or gzip. A regular file has a temporary name until it is complete. Other places, such as a
//! pipe, are written as they are.

mod place;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use csv::Writer;
use flate2::Compression;
use flate2::write::GzEncoder;

use self::place::Place;
use crate::cli::complaints::file_error;
use crate::cli::data_out::DataOut;
use crate::cli::error::CliError;

/// A CSV file that is being written, or standard output.
pub(super) enum ExportFile {
    /// Standard output.
    Output(Box<Writer<DataOut>>),
    /// A file.
    File {
        /// Its name, as the user gives it.
        path: PathBuf,
        writer: Box<Writer<Packed>>,
    },
}

/// The bytes of a file, compressed or not.
pub(super) enum Packed {
    Plain(BufWriter<Place>),
    Gzip(Box<GzEncoder<BufWriter<Place>>>),
}

impl ExportFile {
    /// Begins a file, or writes to standard output if there is no path.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub(super) fn create(path: Option<&Path>) -> Result<Self, CliError> {
        let Some(path) = path else {
            return Ok(Self::Output(Box::new(Writer::from_writer(DataOut::stdout()))));
        };
        let place = Place::open(path).map_err(|source| file_error(path, source))?;
        let file = BufWriter::new(place);
        let is_gzip = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        let packed = if is_gzip {
            Packed::Gzip(Box::new(GzEncoder::new(file, Compression::default())))
        } else {
            Packed::Plain(file)
        };
        Ok(Self::File {
            path: path.to_owned(),
            writer: Box::new(Writer::from_writer(packed)),
        })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn row<T: AsRef<[u8]>>(&mut self, fields: impl IntoIterator<Item = T>) -> Result<(), CliError> {
        match self {
            Self::Output(writer) => writer
                .write_record(fields)
                .map_err(|error| CliError::Output(io_error(error))),
            Self::File { path, writer } => writer
                .write_record(fields)
                .map_err(|error| file_error(path, io_error(error))),
        }
    }

    /// Completes the file. A regular file is written to the disk, and then gets its name.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn finish(self) -> Result<(), CliError> {
        match self {
            Self::Output(mut writer) => Ok(writer.flush()?),
            Self::File { path, writer } => complete(*writer).map_err(|source| file_error(&path, source)),
        }
    }
}

/// The error of the output itself: the reader of a pipe may have closed it.
fn io_error(error: csv::Error) -> io::Error {
    let text = error.to_string();
    if let csv::ErrorKind::Io(error) = error.into_kind() {
        return error;
    }
    io::Error::other(text)
}

fn complete(writer: Writer<Packed>) -> io::Result<()> {
    let packed = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    let buffer = match packed {
        Packed::Plain(buffer) => buffer,
        Packed::Gzip(encoder) => encoder.finish()?,
    };
    buffer.into_inner().map_err(io::IntoInnerError::into_error)?.finish()
}

impl Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Gzip(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Gzip(file) => file.flush(),
        }
    }
}
