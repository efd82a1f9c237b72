//! Why the columns or the values of a file have no clear meaning. Nothing was sent.

use thiserror::Error;

/// Why a file cannot be mapped.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MappingError {
    /// There is no field of this name.
    #[error("there is no field {field:?}; the fields are {known}")]
    UnknownField {
        /// The name that the user gave.
        field: String,
        /// The names of all fields.
        known: String,
    },
    /// The user maps a field twice.
    #[error("the field {field:?} is mapped twice")]
    FieldTwice {
        /// Name of the field.
        field: String,
    },
    /// The file has no column of this name.
    #[error("the file has no column {column:?}: it has {met:?}")]
    NoColumn {
        /// The name that the user gave.
        column: String,
        /// The columns that the file has. A field that is no name is shown by its form.
        met: String,
    },
    /// Several columns have this name.
    #[error("several columns of the file have the name {column:?}")]
    TwiceInHeader {
        /// The name that the user gave.
        column: String,
    },
    /// Several columns may be the field.
    #[error("several columns may be the field {field}: {columns}")]
    SeveralColumns {
        /// Name of the field.
        field: &'static str,
        /// The columns.
        columns: String,
    },
    /// A field is needed, and no column is known to be it.
    #[error("no column of the file is known to be the field {field}: it has {met:?}")]
    Missing {
        /// Name of the field.
        field: &'static str,
        /// The columns that the file has.
        met: String,
        /// The option that gives one value for all rows; none if there is no such option.
        option: Option<&'static str>,
    },
    /// The file has no line.
    #[error("the file is empty")]
    Empty,
    /// A file of numbers has several columns, and none is named.
    #[error("the file has several columns, or none: {met:?}")]
    NoNumbers {
        /// The columns that the file has.
        met: String,
    },
    /// A file of numbers has a number in place of the name of the column.
    #[error("the first line of the file is a number and no header: it has {met:?}")]
    HeaderIsNumber {
        /// The columns that the file has, by their forms.
        met: String,
    },
    /// The first line is a header, and the user says that there is none.
    #[error("the first line of the file is a header and no row: it has {met:?}")]
    RowIsHeader {
        /// The columns that the file has.
        met: String,
    },
    /// A line is not UTF-8.
    #[error("line {line} of the file is not UTF-8; such files are often Windows-1252")]
    NotUtf8 {
        /// The first such line.
        line: u64,
    },
    /// The dates may be read in two ways.
    #[error(
        "the dates of the file may begin with the day or with the month: line {line} is the first such date, and no date decides"
    )]
    DateOrder {
        /// The first line with a date that ends with its year.
        line: u64,
    },
    /// Some dates begin with the day, others with the month.
    #[error(
        "the dates of the file have no order: line {day_first} begins with the day, line {month_first} with the month"
    )]
    MixedDates {
        /// A line with a date that can only begin with the day.
        day_first: u64,
        /// A line with a date that can only begin with the month.
        month_first: u64,
    },
    /// Some values mean no category.
    #[error("{rows} rows of the column {column:?} have a value that is no category: {values}")]
    Values {
        /// Name of the column.
        column: String,
        /// Number of rows.
        rows: u64,
        /// The most frequent values, with their counts.
        values: String,
    },
    /// The file of values is not valid.
    #[error("line {line} of the file of values: {problem}")]
    ValuesFile {
        /// The line.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
}

impl MappingError {
    /// What the user can do.
    pub(in crate::cli) fn next_step(&self) -> Option<String> {
        Some(match self {
            Self::UnknownField { .. } | Self::FieldTwice { .. } => return None,
            Self::NoColumn { .. } => "name a column of the file, or #1 for the first".to_owned(),
            Self::TwiceInHeader { .. } => "name the column by its place, such as #2".to_owned(),
            Self::SeveralColumns { field, .. } => format!("choose one with --map {field}=COLUMN"),
            Self::Missing {
                field, option: None, ..
            } => format!(
                "name it with --map {field}=COLUMN; a file without a header needs --no-header and columns such as #1"
            ),
            Self::Missing {
                field,
                option: Some(option),
                ..
            } => format!("name it with --map {field}=COLUMN, or give one value for all rows with {option}"),
            Self::Empty => "it is probably a failed export: get the file again".to_owned(),
            Self::NoNumbers { .. } => "name the column of the numbers with --column".to_owned(),
            Self::HeaderIsNumber { .. } => "give --no-header: then the first line is a row".to_owned(),
            Self::RowIsHeader { .. } => "leave out --no-header: then the first line names the columns".to_owned(),
            Self::NotUtf8 { .. } => {
                "give its encoding, such as --encoding windows-1252, or save the file as UTF-8".to_owned()
            }
            Self::DateOrder { .. } | Self::MixedDates { .. } => {
                "give --dates dmy if the day is first, or --dates mdy if the month is first".to_owned()
            }
            Self::Values { column, .. } => format!(
                "give a file --values FILE with the line column,value,category and a line such as \
                 {column},VALUE,BANK_IMPERSONATION for each value, or --category CATEGORY for all of them"
            ),
            Self::ValuesFile { .. } => "the file has the columns column,value,category".to_owned(),
        })
    }
}
