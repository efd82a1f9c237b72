//! The form of the dates in a file. It is found from all dates of the file, or named by the user, and never guessed.

use clap::ValueEnum;

use super::super::date::{DayOrder, FileDate, OrderShown};
use super::super::form::form_of;
use super::super::mapping_error::MappingError;
use super::super::row_fault::RowFault;
use super::zone::Zone;

/// Seconds since 1970 in 2001 and 2286: Unix times in between have ten digits.
const UNIX_DIGITS: usize = 10;

/// The same in milliseconds.
const MILLIS_DIGITS: usize = 13;

/// The form of all dates of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Dates {
    /// The year first, as in 2021-07-06
    Iso,
    /// Day, month, year, as in 6.7.2021
    Dmy,
    /// Month, day, year, as in 7/6/2021
    Mdy,
    /// Seconds since 1970, or milliseconds if they have 13 digits
    Unix,
}

impl Dates {
    /// The moment of a date, in seconds since 1970.
    ///
    /// # Errors
    /// If the text has another form, or if there is no such time.
    pub(super) fn seconds(self, text: &str, zone: Zone) -> Result<i64, RowFault> {
        let order = match self {
            Self::Unix => return unix(text).ok_or_else(|| self.other_form(&form_of(text))),
            Self::Iso if FileDate::order_shown(text.as_bytes()).is_some() => {
                return Err(self.other_form(&form_of(text)));
            }
            Self::Iso | Self::Dmy => DayOrder::DayFirst,
            Self::Mdy => DayOrder::MonthFirst,
        };
        let date = FileDate::parse_as(text.as_bytes(), order).map_err(|fault| {
            if let RowFault::DateForm(form) = &fault {
                self.other_form(form)
            } else {
                fault
            }
        })?;
        date.seconds_in(|local| zone.to_utc(local))
    }

    /// The fault of a date in another form: 9 stands for a digit, `A` and `a` for letters.
    fn other_form(self, form: &str) -> RowFault {
        RowFault::Entry {
            column: "date",
            problem: format!("it has the form {form:?}; expected {}", self.shown()),
        }
    }

    /// The form in words.
    pub(super) const fn shown(self) -> &'static str {
        match self {
            Self::Iso => "year-month-day",
            Self::Dmy => "day/month/year",
            Self::Mdy => "month/day/year",
            Self::Unix => "seconds since 1970",
        }
    }
}

fn unix(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    match text.len() {
        ..=UNIX_DIGITS => Some(number),
        MILLIS_DIGITS => Some(number.div_euclid(1_000)),
        _ => None,
    }
}

/// The lines of the first date of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DatesFound {
    day_first: Option<u64>,
    month_first: Option<u64>,
    either: Option<u64>,
}

impl DatesFound {
    /// Looks at a date.
    pub(super) fn add(&mut self, text: &str, line: u64) {
        let place = match FileDate::order_shown(text.as_bytes()) {
            Some(OrderShown::DayFirst) => &mut self.day_first,
            Some(OrderShown::MonthFirst) => &mut self.month_first,
            Some(OrderShown::Either) => &mut self.either,
            None => return,
        };
        place.get_or_insert(line);
    }

    /// The form of all dates, and the line that decided.
    ///
    /// # Errors
    /// If the dates may be read in two ways, or if they contradict each other.
    pub(super) fn form(self) -> Result<(Dates, Option<u64>), MappingError> {
        match (self.day_first, self.month_first, self.either) {
            (Some(line), None, _) => Ok((Dates::Dmy, Some(line))),
            (None, Some(line), _) => Ok((Dates::Mdy, Some(line))),
            (Some(day_first), Some(month_first), _) => Err(MappingError::MixedDates { day_first, month_first }),
            (None, None, Some(line)) => Err(MappingError::DateOrder { line }),
            (None, None, None) => Ok((Dates::Iso, None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(dates: &[&str]) -> Result<(Dates, Option<u64>), MappingError> {
        let mut found = DatesFound::default();
        for (line, date) in (2..).zip(dates) {
            found.add(date, line);
        }
        found.form()
    }

    #[test]
    fn one_date_above_twelve_decides_for_the_file() {
        assert_eq!(form(&["6.7.2021", "13.7.2021"]), Ok((Dates::Dmy, Some(3))));
        assert_eq!(form(&["7/13/2021", "7/6/2021"]), Ok((Dates::Mdy, Some(2))));
        assert_eq!(form(&["2021-07-06", ""]), Ok((Dates::Iso, None)));
        assert_eq!(form(&["x", "7/6/2021"]), Err(MappingError::DateOrder { line: 3 }));
        let mixed = MappingError::MixedDates {
            day_first: 2,
            month_first: 3,
        };
        assert_eq!(form(&["13/7/2021", "7/13/2021"]), Err(mixed));
    }

    #[test]
    fn dates_have_one_form() {
        let seconds = |dates: Dates, text| dates.seconds(text, Zone::UTC).ok();
        assert_eq!(seconds(Dates::Dmy, "6.7.2021 11:48"), Some(1_625_572_080));
        assert_eq!(seconds(Dates::Mdy, "7.6.2021 11:48"), Some(1_625_572_080));
        assert_eq!(seconds(Dates::Iso, "2021-07-06 11:48"), Some(1_625_572_080));
        let other = Dates::Iso.seconds("7/6/2021", Zone::UTC).unwrap_err().to_string();
        assert_eq!(other, "date: it has the form \"9/9/9999\"; expected year-month-day");
        let other = Dates::Dmy.seconds("6.7.21", Zone::UTC).unwrap_err().to_string();
        assert_eq!(other, "date: it has the form \"9.9.99\"; expected day/month/year");
        for text in ["1625572080", "1625572080123"] {
            assert_eq!(seconds(Dates::Unix, text), Some(1_625_572_080));
        }
        assert_eq!(seconds(Dates::Unix, "2021-07-06"), None);
    }
}
