//! Decimal numbers: spreadsheets and scripts write telephone numbers so when they take them for amounts.

/// Fewest digits before the decimal sign, unless only zeros follow: fewer may be an area code, as in `030.901820`.
const INTEGER_DIGITS_MIN: usize = 5;

/// From this many digits on, two digits behind a dot are no group of a telephone number.
const WHOLE_NUMBER_MIN: usize = 9;

/// From this many digits on, zeros behind the decimal sign are no group of a telephone number.
const LONG_FRACTION: usize = 5;

/// Whether a text is a decimal number, not a telephone number: `631627197.0`, `4155550199,00`, `6.31627197E8`. Its
/// digits may be rounded, and a `0` behind the decimal sign would be read as one more digit.
pub(in crate::number) fn is_decimal(text: &str) -> bool {
    let text = text.trim();
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (integer, fraction) = match mantissa.split_once(['.', ',']) {
        Some((integer, fraction)) => (integer, Some(fraction)),
        None => (mantissa, None),
    };
    if !is_digits(integer) || !fraction.is_none_or(is_digits) {
        return false;
    }
    match (exponent, fraction) {
        (Some(exponent), _) => is_exponent(exponent),
        (None, None) => false,
        (None, Some("0" | "00")) => integer.len() > 1,
        (None, Some(fraction)) => integer.len() >= INTEGER_DIGITS_MIN && is_fraction(mantissa, fraction, integer),
    }
}

/// Whether digits behind a decimal sign are no group of a telephone number. A comma before another digit than 0 is a
/// pause before an extension.
fn is_fraction(mantissa: &str, fraction: &str, integer: &str) -> bool {
    let zeros = fraction.bytes().all(|digit| digit == b'0');
    match fraction.len() {
        1 => zeros || !mantissa.contains(','),
        2 => zeros || (integer.len() >= WHOLE_NUMBER_MIN && !mantissa.contains(',')),
        len => zeros && len >= LONG_FRACTION,
    }
}

fn is_exponent(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    (1..=2).contains(&digits.len()) && is_digits(digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_amounts_from_numbers() {
        for text in [
            "631627197.0",
            "+14155550199.0",
            " 4155550199,00 ",
            "4155550199.000000",
            "4155550199.5",
            "6.31627197E8",
            "6,31627197e+08",
            "4.15556E+09",
            "63E7",
            "4155550199.50",
            "911.0",
            "2001.0",
        ] {
            assert!(is_decimal(text), "{text}");
        }
        for text in [
            "",
            ".0",
            "4155550199",
            "030.901820",
            "030.9",
            "415.555.0199",
            "415555.0199",
            "4155550199,5",
            "4155550199,,0",
            "+1.4155550199",
            "089.12340.0",
            "41555E50199",
            "1-800-FLOWERS",
        ] {
            assert!(!is_decimal(text), "{text}");
        }
    }
}
