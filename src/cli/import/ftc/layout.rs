//! The two column layouts of FTC complaints. The header of a file shows its layout.

use csv::ByteRecord;

use super::identity;
use crate::cli::import::ImportError;

const THREE: [&str; 3] = ["created_date", "number", "consumer_area_code"];

const EIGHT: [&str; 8] = [
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

impl Layout {
    /// The layout with these columns. Case and white space do not matter.
    ///
    /// # Errors
    /// If no layout has these columns.
    pub fn of_header(header: &ByteRecord) -> Result<Self, ImportError> {
        if names(header, &THREE) {
            Ok(Self::ThreeColumns)
        } else if names(header, &EIGHT) {
            Ok(Self::EightColumns)
        } else {
            Err(ImportError::UnknownHeader { expected: EXPECTED })
        }
    }

    /// Name of the feed for reports of this layout.
    #[must_use]
    pub const fn feed(self) -> &'static str {
        match self {
            Self::ThreeColumns => "ftc-3col",
            Self::EightColumns => "ftc-8col",
        }
    }

    /// Number of columns in a row.
    #[must_use]
    pub const fn columns(self) -> usize {
        match self {
            Self::ThreeColumns => THREE.len(),
            Self::EightColumns => EIGHT.len(),
        }
    }
}

fn names(header: &ByteRecord, columns: &[&str]) -> bool {
    let is_named = |(field, column): (&[u8], &&str)| identity::trimmed(field).eq_ignore_ascii_case(column.as_bytes());
    header.len() == columns.len() && header.iter().zip(columns).all(is_named)
}
