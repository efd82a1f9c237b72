//! Digits of all scripts, and characters that mean nothing.

/// The zero of every set of decimal digits, ascending; the other nine digits follow it (Unicode 16, general category
/// Nd).
const ZEROS: [char; 73] = [
    '0',
    '\u{660}',
    '\u{6F0}',
    '\u{7C0}',
    '\u{966}',
    '\u{9E6}',
    '\u{A66}',
    '\u{AE6}',
    '\u{B66}',
    '\u{BE6}',
    '\u{C66}',
    '\u{CE6}',
    '\u{D66}',
    '\u{DE6}',
    '\u{E50}',
    '\u{ED0}',
    '\u{F20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17E0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19D0}',
    '\u{1A80}',
    '\u{1A90}',
    '\u{1B50}',
    '\u{1BB0}',
    '\u{1C40}',
    '\u{1C50}',
    '\u{A620}',
    '\u{A8D0}',
    '\u{A900}',
    '\u{A9D0}',
    '\u{A9F0}',
    '\u{AA50}',
    '\u{ABF0}',
    '\u{FF10}',
    '\u{104A0}',
    '\u{10D30}',
    '\u{10D40}',
    '\u{11066}',
    '\u{110F0}',
    '\u{11136}',
    '\u{111D0}',
    '\u{112F0}',
    '\u{11450}',
    '\u{114D0}',
    '\u{11650}',
    '\u{116C0}',
    '\u{116D0}',
    '\u{116DA}',
    '\u{11730}',
    '\u{118E0}',
    '\u{11950}',
    '\u{11C50}',
    '\u{11D50}',
    '\u{11DA0}',
    '\u{11F50}',
    '\u{16A60}',
    '\u{16AC0}',
    '\u{16B50}',
    '\u{16D70}',
    '\u{1CCF0}',
    '\u{1D7CE}',
    '\u{1D7D8}',
    '\u{1D7E2}',
    '\u{1D7EC}',
    '\u{1D7F6}',
    '\u{1E140}',
    '\u{1E2F0}',
    '\u{1E4F0}',
    '\u{1E950}',
    '\u{1FBF0}',
];

/// The ASCII digit that a character of any script stands for.
#[must_use]
pub fn ascii_digit(char: char) -> Option<u8> {
    if char.is_ascii() {
        return u8::try_from(char).ok().filter(u8::is_ascii_digit);
    }
    let zero = *ZEROS.get(ZEROS.partition_point(|&zero| zero <= char).checked_sub(1)?)?;
    let value = u32::from(char).checked_sub(u32::from(zero))?;
    u8::try_from(value)
        .ok()
        .filter(|value| *value < 10)
        .map(|value| b'0' + value)
}

/// Whether a character is a plus sign.
pub(in crate::number) fn is_plus(char: char) -> bool {
    matches!(char, '+' | '\u{FF0B}')
}

/// A character with digits of all scripts mapped to ASCII digits, and plus signs to `+`.
pub(in crate::number) fn fold(char: char) -> char {
    match ascii_digit(char) {
        Some(digit) => char::from(digit),
        None if is_plus(char) => '+',
        None => char,
    }
}

/// Whether a character is invisible and means nothing in a number: control characters, marks of writing direction,
/// joiners, the byte-order mark.
pub(in crate::number) fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
        )
}

/// Whether a character shows that a text is damaged: a control character other than white space.
pub(in crate::number) fn is_corrupt(char: char) -> bool {
    char.is_control() && !char.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_all_scripts() {
        assert!(ZEROS.is_sorted());
        for (char, digit) in [
            ('0', b'0'),
            ('9', b'9'),
            ('\u{665}', b'5'),
            ('\u{FF19}', b'9'),
            ('\u{1D7FF}', b'9'),
        ] {
            assert_eq!(ascii_digit(char), Some(digit), "{char}");
        }
        for char in ['a', '/', ':', '\u{66A}', '\u{FF1A}', '²', 'Ⅷ', '一', char::MAX] {
            assert_eq!(ascii_digit(char), None, "{char}");
        }
    }

    #[test]
    fn every_set_of_digits_is_numeric_to_the_standard_library() {
        for zero in ZEROS {
            let nine = char::from_u32(u32::from(zero) + 9).unwrap();
            assert!(zero.is_numeric() && nine.is_numeric(), "{:X}", u32::from(zero));
            assert_eq!(fold(nine), '9');
        }
    }
}
