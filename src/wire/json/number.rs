//! Numbers in JSON: as numbers, and as texts of the same form (RFC 8259 section 6).

use std::fmt;

use serde::de::{Error, Visitor};

use crate::wire::duration::is_digits;

/// The most digits of a 64-bit integer.
const MAX_DIGITS: usize = 20;
/// From here on (2^53), several integers become the same double.
const INEXACT: f64 = 9_007_199_254_740_992.0;

/// A whole number, of any integer type of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WholeNumber(pub(super) i128);

/// Reads a whole number, which may be written as `50`, `50.0`, `5e1` or as one of these texts.
pub(super) struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = WholeNumber;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_u64<E>(self, number: u64) -> Result<WholeNumber, E> {
        Ok(WholeNumber(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<WholeNumber, E> {
        Ok(WholeNumber(number.into()))
    }

    /// A number with a fraction or an exponent. A large one is refused, since its digits are not exact any more; as a text
    /// it is read exactly.
    fn visit_f64<E: Error>(self, number: f64) -> Result<WholeNumber, E> {
        if number.abs() >= INEXACT || number.fract() != 0.0 {
            return Err(E::custom("not a whole number"));
        }
        let digits = format!("{number:.0}");
        digits.parse().map(WholeNumber).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<WholeNumber, E> {
        let whole = Written::split(text).and_then(|written| written.whole());
        whole.map(WholeNumber).ok_or_else(|| E::custom("not a whole number"))
    }
}

/// Reads a double, which may be a text too: that of a number, `NaN`, `Infinity` or `-Infinity`.
pub(super) struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    #[expect(clippy::cast_precision_loss, reason = "a double has no more digits")]
    fn visit_u64<E>(self, number: u64) -> Result<f64, E> {
        Ok(number as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "a double has no more digits")]
    fn visit_i64<E>(self, number: i64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_f64<E>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        let number = match text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => Written::split(text)
                .and_then(|_| text.parse().ok())
                .filter(|number: &f64| number.is_finite()),
        };
        number.ok_or_else(|| E::custom("not a number"))
    }
}

/// The parts of a number as it is written.
struct Written<'a> {
    is_negative: bool,
    /// The digits before the point.
    whole: &'a str,
    /// The digits after the point.
    fraction: &'a str,
    exponent: &'a str,
}

impl<'a> Written<'a> {
    /// Splits a text that is a number of JSON.
    fn split(text: &'a str) -> Option<Self> {
        let (is_negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (rest, exponent) = match rest.split_once(['e', 'E']) {
            Some((rest, exponent)) => (rest, exponent),
            None => (rest, "0"),
        };
        let (whole, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
        let exponent_digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let has_leading_zero = whole.len() > 1 && whole.starts_with('0');
        let is_number = !has_leading_zero && [whole, fraction, exponent_digits].into_iter().all(is_digits);
        is_number.then_some(Self {
            is_negative,
            whole,
            fraction,
            exponent,
        })
    }

    /// The number, if it is whole and not longer than a 64-bit integer.
    fn whole(&self) -> Option<i128> {
        let digits = format!("{}{}", self.whole, self.fraction);
        let digits = digits.trim_start_matches('0');
        let significant = digits.trim_end_matches('0');
        if significant.is_empty() {
            return Some(0);
        }
        // An exponent that does not fit is out of range, in either direction.
        let exponent: i64 = self.exponent.parse().ok()?;
        let cut = i64::try_from(digits.len() - significant.len()).ok()?;
        let zeros = exponent
            .checked_add(cut)?
            .checked_sub(i64::try_from(self.fraction.len()).ok()?)?;
        let zeros = u32::try_from(zeros).ok()?;
        let length = significant.len().checked_add(usize::try_from(zeros).ok()?)?;
        if length > MAX_DIGITS {
            return None;
        }
        let number = significant.parse::<i128>().ok()? * 10_i128.pow(zeros);
        Some(if self.is_negative { -number } else { number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_exactly() {
        for (text, number) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("50", Some(50)),
            ("50.0", Some(50)),
            ("5e1", Some(50)),
            ("5E+1", Some(50)),
            ("0.5e2", Some(50)),
            ("500e-1", Some(50)),
            ("-50.00", Some(-50)),
            ("18446744073709551615", Some(18_446_744_073_709_551_615)),
            ("1.8446744073709551615e19", Some(18_446_744_073_709_551_615)),
            ("9007199254740993.0", Some(9_007_199_254_740_993)),
            ("0e536870000", Some(0)),
            ("1e536870000", None),
            ("1e-536870000", None),
            ("1e99999999999999999999", None),
            ("1.5e-9223372036854775808", None),
            ("10e9223372036854775807", None),
            ("50.5", None),
            ("5e-1", None),
            ("123456789012345678901", None),
            ("", None),
            ("-", None),
            ("+1", None),
            ("01", None),
            ("-01", None),
            (" 1", None),
            ("1 ", None),
            ("1.", None),
            (".5", None),
            ("1e", None),
            ("1e+", None),
            ("0x10", None),
            ("1_000", None),
            ("12\u{8c37}34", None),
            ("NaN", None),
        ] {
            let read = IntegerVisitor.visit_str::<serde::de::value::Error>(text);
            assert_eq!(read.ok(), number.map(WholeNumber), "{text}");
        }
    }

    #[test]
    fn a_double_is_a_whole_number_while_it_is_exact() {
        let read = |number| IntegerVisitor.visit_f64::<serde::de::value::Error>(number).ok();
        assert_eq!(read(4_294_967_295.0), Some(WholeNumber(4_294_967_295)));
        assert_eq!(read(-0.0), Some(WholeNumber(0)));
        assert_eq!(read(INEXACT - 1.0), Some(WholeNumber((1 << 53) - 1)));
        // The texts `9007199254740992.0` and `9007199254740993.0` become the same double.
        for number in [INEXACT, -INEXACT, 0.5, 1e18, f64::NAN, f64::INFINITY] {
            assert_eq!(read(number), None, "{number}");
        }
    }
}
