//! The two layouts of FTC complaints. The header of a file shows its layout, and the place of each column.

use csv::ByteRecord;

use super::exported::ExportedColumns;
use crate::cli::import::ImportError;
use crate::cli::import::form::columns_of;

const THREE: [&str; 3] = ["created_date", "number", "consumer_area_code"];

/// The columns of the FTC, with which an export of reports begins, too.
pub const EIGHT: [&str; 8] = [
    "Company_Phone_Number",
    "Created_Date",
    "Violation_Date",
    "Consumer_City",
    "Consumer_State",
    "Consumer_Area_Code",
    "Subject",
    "Recorded_Message_Or_Robocall",
];

/// The valid headers, for error messages.
const EXPECTED: &[&str] = &[
    "created_date,number,consumer_area_code",
    "Company_Phone_Number,Created_Date,Violation_Date,Consumer_City,Consumer_State,Consumer_Area_Code,Subject,\
     Recorded_Message_Or_Robocall",
];

/// The layout of the columns of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `created_date,number,consumer_area_code`.
    ThreeColumns,
    /// The layout of the FTC: number, dates, place, subject, and whether the call was recorded.
    EightColumns,
}

/// The places of the columns in a file.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) layout: Layout,
    /// The place of each column of the layout, in the order of the layout.
    places: Vec<usize>,
    /// The columns of an export of reports, if the file is one.
    pub(super) exported: Option<ExportedColumns>,
    /// Number of columns in a row, with those that the layout does not know.
    count: usize,
}

impl Columns {
    /// The columns of a file with this header. Their order does not matter, nor do case, spaces, hyphens and underscores
    /// in their names. Other columns are left out.
    ///
    /// # Errors
    /// If a column is missing or is there twice.
    pub(super) fn of_header(header: &ByteRecord) -> Result<Self, ImportError> {
        let found: Vec<String> = header
            .iter()
            .map(|name| plain(&String::from_utf8_lossy(name)))
            .collect();
        for layout in [Layout::EightColumns, Layout::ThreeColumns] {
            let places = layout.names().iter().map(|name| place(&found, &plain(name)));
            if let Some(places) = places.collect::<Option<Vec<usize>>>() {
                return Ok(Self {
                    layout,
                    places,
                    exported: ExportedColumns::of_header(&found).filter(|_| layout == Layout::EightColumns),
                    count: header.len(),
                });
            }
        }
        Err(ImportError::UnknownHeader {
            expected: EXPECTED,
            met: columns_of(header),
        })
    }

    /// The fields of a row in the order of the layout; none if the row has another number of columns.
    pub(super) fn fields<'a>(&self, row: &'a ByteRecord) -> Option<Vec<&'a [u8]>> {
        let fields = self.places.iter().map(|place| row.get(*place).unwrap_or_default());
        (row.len() == self.count).then(|| fields.collect())
    }
}

impl Layout {
    /// Name of the feed for reports of this layout.
    #[must_use]
    pub const fn feed(self) -> &'static str {
        match self {
            Self::ThreeColumns => "ftc-3col",
            Self::EightColumns => "ftc-8col",
        }
    }

    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::ThreeColumns => &THREE,
            Self::EightColumns => &EIGHT,
        }
    }
}

/// A name in lower case, without spaces, hyphens and underscores.
pub(super) fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'));
    letters.flat_map(char::to_lowercase).collect()
}

/// The place of a name that is there once.
pub(super) fn place(names: &[String], wanted: &str) -> Option<usize> {
    let mut places = names.iter().enumerate().filter(|(_, name)| *name == wanted);
    let (place, _) = places.next()?;
    places.next().is_none().then_some(place)
}
