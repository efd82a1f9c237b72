//! Workbooks (XLSX): one worksheet is written as CSV into a nameless temporary file, so that all imports read it as they
//! read any other file. A row of the sheet is a line of the CSV, so that the lines in messages are those of the sheet.
//!
//! - A whole number is written with all its digits: a telephone number in a cell of numbers stays one.
//! - A date is written as `2026-01-31`, or `2026-01-31T14:05:00` if it has a time. It has no offset from UTC.
//! - Line breaks in a cell become spaces.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, Write};

use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx, XlsxError};

/// The first bytes of a zip file, which a workbook is.
pub(super) const ZIP_MAGIC: [u8; 4] = *b"PK\x03\x04";

/// The first bytes of a workbook of Excel 97 to 2003 (MS-CFB, section 2.2).
pub(super) const OLD_EXCEL_MAGIC: [u8; 4] = [0xd0, 0xcf, 0x11, 0xe0];

/// Largest file, in bytes.
const FILE_BYTES_MAX: u64 = 128 * 1_024 * 1_024;

/// Largest size of all parts when they are decompressed, in bytes. The texts of the cells are kept in memory.
const CONTENT_BYTES_MAX: u64 = 1_024 * 1_024 * 1_024;

/// Most columns that are read.
const COLUMNS_MAX: u32 = 1_000;

/// Largest whole number whose digits a floating-point number keeps all: 2^53.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Writes a worksheet as CSV: the one of this name, or the first.
///
/// # Errors
/// If the file is no workbook, is too large, or has no such worksheet.
pub(super) fn to_csv(mut file: File, sheet: Option<&str>) -> io::Result<File> {
    check_size(&mut file)?;
    let mut workbook = Xlsx::new(BufReader::new(file)).map_err(|error| not_read(&error))?;
    let names = workbook.sheet_names();
    let name = match sheet {
        Some(wanted) => names.iter().find(|name| name.as_str() == wanted),
        None => names.first(),
    };
    let Some(name) = name else {
        let known = names.join(", ");
        return Err(invalid(format!("the workbook has no such worksheet; it has: {known}")));
    };
    let mut out = BufWriter::new(tempfile::tempfile()?);
    write_sheet(&mut workbook, name, &mut out)?;
    let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(file)
}

/// Checks the real size of all parts, because the sizes that a zip file names may be wrong.
fn check_size(file: &mut File) -> io::Result<()> {
    if file.metadata()?.len() > FILE_BYTES_MAX {
        return Err(invalid(format!(
            "the workbook is larger than {FILE_BYTES_MAX} bytes; save the sheet as CSV"
        )));
    }
    let mut parts = zip::ZipArchive::new(&mut *file).map_err(|error| invalid(format!("damaged workbook: {error}")))?;
    let mut left = CONTENT_BYTES_MAX;
    for place in 0..parts.len() {
        let part = parts
            .by_index(place)
            .map_err(|error| invalid(format!("damaged workbook: {error}")))?;
        left -= io::copy(&mut part.take(left), &mut io::sink())?;
        if left == 0 {
            return Err(invalid(format!(
                "the workbook has more than {CONTENT_BYTES_MAX} bytes; save the sheet as CSV"
            )));
        }
    }
    file.rewind()
}

fn write_sheet(workbook: &mut Xlsx<BufReader<File>>, name: &str, out: &mut impl Write) -> io::Result<()> {
    let mut cells = workbook
        .worksheet_cells_reader(name)
        .map_err(|error| not_read(&error))?;
    let mut row = Row::default();
    while let Some(cell) = cells.next_cell().map_err(|error| not_read(&error))? {
        let (at, column) = cell.get_position();
        let text = text(cell.get_value());
        if column >= COLUMNS_MAX || text.is_empty() {
            continue;
        }
        if at < row.number {
            return Err(invalid("the rows of the worksheet are not in order".to_owned()));
        }
        if at > row.number {
            row.end(out)?;
            // Rows without content are empty lines.
            for _ in row.number + 1..at {
                out.write_all(b"\n")?;
            }
            row.number = at;
        }
        row.set(column, text);
    }
    row.end(out)
}

/// A row of the worksheet, while it is read.
#[derive(Default)]
struct Row {
    /// Its number, from 0.
    number: u32,
    cells: Vec<String>,
    /// Number of columns of the first row. Shorter rows are filled up with empty cells.
    width: usize,
}

impl Row {
    fn set(&mut self, column: u32, text: String) {
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = text;
        }
    }

    fn end(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.cells.is_empty() {
            return out.write_all(b"\n");
        }
        if self.width == 0 {
            self.width = self.cells.len();
        }
        if self.cells.len() < self.width {
            self.cells.resize(self.width, String::new());
        }
        let cells = self.cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>();
        self.cells.clear();
        writeln!(out, "{}", cells.join(","))
    }
}

/// A field of CSV. A field that would show another separator to the reader is quoted.
fn quoted(text: &str) -> String {
    let is_plain = !text.contains([',', ';', '\t', '|', '"']);
    if is_plain {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('"', "\"\""))
    }
}

fn text(value: &DataRef<'_>) -> String {
    let text = match value {
        DataRef::Empty => String::new(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number_text(*number),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(is_true) => is_true.to_string(),
        DataRef::DateTime(time) if time.is_datetime() => date_text(time),
        DataRef::DateTime(duration) => number_text(duration.as_f64()),
        DataRef::Error(error) => format!("{error:?}"),
    };
    text.replace(['\r', '\n'], " ").trim().to_owned()
}

fn number_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < WHOLE_MAX {
        format!("{number:.0}")
    } else {
        number.to_string()
    }
}

fn date_text(time: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) {
        date
    } else {
        format!("{date}T{hour:02}:{minute:02}:{second:02}")
    }
}

fn not_read(error: &XlsxError) -> io::Error {
    invalid(format!("the workbook cannot be read as XLSX: {error}"))
}

fn invalid(problem: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}
