//! The kinds of records.

/// The kinds of records. Their integers stand in keys and entries of stores; 3 and 4 are used for records without an
/// entry in the change log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A number.
    Number = 1,
    /// A case.
    Case = 2,
    /// A list of numbers and prefixes.
    List = 5,
}

impl Kind {
    /// The kind with this integer.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Number),
            2 => Some(Self::Case),
            5 => Some(Self::List),
            _ => None,
        }
    }
}
