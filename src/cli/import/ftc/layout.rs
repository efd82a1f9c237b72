//! The two column layouts of FTC complaints, told apart by the header.

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

/// The headers, for people.
const EXPECTED: &[&str] = &[
    "created_date,number,consumer_area_code",
    "Company_Phone_Number,Created_Date,Violation_Date,Consumer_City,Consumer_State,Consumer_Area_Code,Subject,\
     Recorded_Message_Or_Robocall",
];

/// How the columns of a file are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `created_date,number,consumer_area_code`.
    ThreeColumns,
    /// The FTC's own: number, dates, place, subject, recorded or not.
    EightColumns,
}

impl Layout {
    /// The layout whose columns a header names, without regard to case and white space.
    ///
    /// # Errors
    /// If it names others.
    pub fn of_header(header: &ByteRecord) -> Result<Self, ImportError> {
        if names(header, &THREE) {
            Ok(Self::ThreeColumns)
        } else if names(header, &EIGHT) {
            Ok(Self::EightColumns)
        } else {
            Err(ImportError::UnknownHeader { expected: EXPECTED })
        }
    }

    /// The data set that reports of this layout name.
    #[must_use]
    pub const fn feed(self) -> &'static str {
        match self {
            Self::ThreeColumns => "ftc-3col",
            Self::EightColumns => "ftc-8col",
        }
    }

    /// How many columns a row has.
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
