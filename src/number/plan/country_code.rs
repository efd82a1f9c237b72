//! Country codes: which one-, two- and three-digit codes are in use.
//!
//! No code is the beginning of another, so the first match is the only one.

/// `code,first region` a line, after comment lines.
const TABLE: &[u8] = include_bytes!("../data/country_codes.csv");

/// Longest country code, in digits.
const DIGITS_MAX: u32 = 3;

/// One bit for each number below 1,000: set if it is a country code in use.
const ASSIGNED: [u64; 16] = assigned(TABLE);

/// Country codes without a plan that the ITU has assigned or reserved for somebody: Vatican City, groups of countries, a
/// trial, and Kazakhstan (List of ITU-T Recommendation E.164 assigned country codes).
const ASSIGNED_WITHOUT_PLAN: [&[u8]; 4] = [b"379", b"388", b"991", b"997"];

/// Whether digits may begin with a country code of somebody. No country code begins with 0; digits that do are another
/// way to write a number.
pub(in crate::number) fn may_be_in_use(digits: &[u8]) -> bool {
    digits.first() == Some(&b'0')
        || split(digits).is_some()
        || ASSIGNED_WITHOUT_PLAN.iter().any(|code| digits.starts_with(code))
}

/// Whether `code` is a country code in use.
pub(super) fn is_assigned(code: u16) -> bool {
    ASSIGNED
        .get(usize::from(code >> 6))
        .is_some_and(|word| word >> (code & 63) & 1 == 1)
}

/// The country code that begins a number of `len` digits, and how many digits it has.
pub(in crate::number) fn leading(digits: u64, len: u32) -> Option<(u16, u32)> {
    (1..=DIGITS_MAX.min(len)).find_map(|code_len| {
        let code = u16::try_from(digits / 10_u64.pow(len - code_len)).ok()?;
        is_assigned(code).then_some((code, code_len))
    })
}

/// The country code that begins ASCII digits, and the digits after it.
pub(super) fn split(digits: &[u8]) -> Option<(u16, &[u8])> {
    let (mut code, mut rest) = (0, digits);
    for _ in 0..DIGITS_MAX {
        let (first, after) = rest.split_first()?;
        code = code * 10 + u16::try_from(char::from(*first).to_digit(10)?).ok()?;
        rest = after;
        if code == 0 || is_assigned(code) {
            break;
        }
    }
    is_assigned(code).then_some((code, rest))
}

/// Whether digits are a country code in use, or the beginning of one.
pub(in crate::number) fn is_covered(prefix: u64) -> bool {
    let begins_with = |code: u16| {
        let mut code = u64::from(code);
        while code > prefix {
            code /= 10;
        }
        code == prefix
    };
    prefix > 0 && prefix < 1_000 && (1..1_000).any(|code| is_assigned(code) && begins_with(code))
}

/// Reads the table at compile time.
#[expect(
    clippy::indexing_slicing,
    reason = "a const fn cannot use iterators; an index out of bounds stops the compiler"
)]
const fn assigned(table: &[u8]) -> [u64; 16] {
    let mut bits = [0; 16];
    let mut at = 0;
    while at < table.len() {
        let mut code = 0;
        while at < table.len() && table[at].is_ascii_digit() {
            code = code * 10 + (table[at] - b'0') as usize;
            at += 1;
        }
        if code > 0 {
            bits[code >> 6] |= 1 << (code & 63);
        }
        while at < table.len() && table[at] != b'\n' {
            at += 1;
        }
        at += 1;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_plan_is_in_the_table_and_no_other() {
        let known: Vec<u16> = (0..1_000)
            .filter(|code| phonenumber::metadata::DATABASE.by_code(code).is_some())
            .collect();
        let listed: Vec<u16> = (0..1_000).filter(|&code| is_assigned(code)).collect();
        assert_eq!(listed, known);
        assert!(!is_assigned(u16::MAX));
    }

    #[test]
    fn a_prefix_covers_codes_that_it_begins() {
        for prefix in [1, 2, 4, 44, 7, 35, 353] {
            assert!(is_covered(prefix), "{prefix}");
        }
        for prefix in [0, 441, 999, 3_531, 1_415, 14] {
            assert!(!is_covered(prefix), "{prefix}");
        }
    }

    #[test]
    fn no_code_begins_another() {
        for code in (1..1_000_u16).filter(|&code| is_assigned(code)) {
            assert!(!is_assigned(code / 10), "{code}");
            assert!(!is_assigned(code / 100), "{code}");
        }
    }

    #[test]
    fn some_codes_belong_to_nobody() {
        for nobody in ["999123456789", "2101234567", "8301234567", "8391234567", "2591234567"] {
            assert!(!may_be_in_use(nobody.as_bytes()), "{nobody}");
        }
        for somebody in [
            "14155550199",
            "0301234567",
            "37912345678",
            "388312345",
            "9911234567",
            "9971234567",
        ] {
            assert!(may_be_in_use(somebody.as_bytes()), "{somebody}");
        }
        assert!(ASSIGNED_WITHOUT_PLAN.iter().all(|code| split(code).is_none()));
    }

    #[test]
    fn finds_codes_of_each_length() {
        assert_eq!(leading(14_155_550_199, 11), Some((1, 1)));
        assert_eq!(leading(49_301_234, 8), Some((49, 2)));
        assert_eq!(leading(4_232_342_090, 10), Some((423, 3)));
        assert_eq!(leading(210_123_456, 9), None);
        assert_eq!(leading(21, 2), None);
        assert_eq!(split(b"4232342090"), Some((423, &b"2342090"[..])));
        assert_eq!(split(b"1"), Some((1, &b""[..])));
        for none in [&b""[..], b"42", b"0491", b"210123456", b"a49"] {
            assert_eq!(split(none), None);
        }
    }
}
