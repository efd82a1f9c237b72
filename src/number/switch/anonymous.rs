//! Callers without a number: the texts that networks and switches send instead.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::super::plan;
use super::reading::INTERNATIONAL_PREFIX;

/// `word,digits,source` a line, after comment lines.
const TABLE: &str = include_str!("../data/anonymous.csv");

/// Hosts that name no network (RFC 3323 section 4.1.1.3, 3GPP TS 29.163).
const HOSTS: [&str; 2] = ["anonymous.invalid", "unknown.invalid"];

/// A number of this many zeros or more, and nothing else, is a placeholder; `000` may be an emergency number.
const ZEROS_MIN: usize = 4;

/// The words of the table. The table is our own: nobody can fill it with collisions.
type WordSet = HashSet<&'static str, foldhash::fast::RandomState>;

static WORDS: LazyLock<WordSet> = LazyLock::new(|| column(0));

static SPELLED: LazyLock<WordSet> = LazyLock::new(|| column(1));

/// Whether a text says that there is no number to show. White space, punctuation and case do not matter.
pub(super) fn is_word(text: &str) -> bool {
    if text.chars().any(char::is_numeric) {
        return false;
    }
    let letters: String = text
        .chars()
        .filter(|char| char.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    WORDS.contains(letters.as_str())
}

/// Whether a host name says that the caller's network is not known.
pub(super) fn is_host(host: &str) -> bool {
    HOSTS.iter().any(|none| none.eq_ignore_ascii_case(host))
}

/// Whether digits are a placeholder, valid or not: only zeros, with or without a plus sign; after one, or after the 00
/// that stands for it, also a country code and zeros, or a word spelled on the keypad.
pub(super) fn is_placeholder(plus: bool, digits: &str) -> bool {
    if plus {
        return is_zeros(digits) || is_international_placeholder(digits);
    }
    let behind_prefix = digits.strip_prefix(INTERNATIONAL_PREFIX);
    is_many_zeros(digits) || behind_prefix.is_some_and(is_international_placeholder)
}

fn is_international_placeholder(digits: &str) -> bool {
    is_spelled(digits) || plan::behind_country_code(digits).is_some_and(|(_, _, rest)| is_many_zeros(rest))
}

/// Whether digits spell a word of the table on the keypad.
pub(super) fn is_spelled(digits: &str) -> bool {
    SPELLED.contains(digits)
}

/// Whether a national number is only zeros.
pub(super) fn is_many_zeros(digits: &str) -> bool {
    digits.len() >= ZEROS_MIN && is_zeros(digits)
}

/// Whether a text is a plus sign and zeros, since no country code begins with 0, or a single zero.
pub(super) fn is_zeros_alone(text: &str) -> bool {
    let text = text.trim();
    text == "0"
        || text
            .strip_prefix('+')
            .is_some_and(|zeros| !zeros.is_empty() && is_zeros(zeros))
}

/// Whether digits that are no emergency number are the placeholder `000`.
pub(super) fn is_no_emergency_zeros(digits: &str) -> bool {
    digits == "000"
}

fn is_zeros(digits: &str) -> bool {
    digits.bytes().all(|digit| digit == b'0')
}

/// Builds the table that is otherwise built on the first caller without a number.
pub(super) fn warm_up() {
    LazyLock::force(&WORDS);
    LazyLock::force(&SPELLED);
}

fn column(index: usize) -> WordSet {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(',').nth(index))
        .filter(|text| !text.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::text::written::keypad_digit;
    use super::*;

    #[test]
    fn anonymous_words_in_any_form() {
        for text in [
            "anonymous",
            "\"Anonymous\"",
            "No Caller-ID",
            "OUT OF AREA",
            "Coin line/payphone",
            "_undef_",
            "P",
            "Número oculto",
            "UNTERDRÜCKT",
            "Номер скрыт",
            "非通知",
        ] {
            assert!(is_word(text), "{text}");
        }
        for text in ["", "alice", "anonymous1", "p2", "."] {
            assert!(!is_word(text), "{text}");
        }
    }

    #[test]
    fn placeholders_are_not_numbers() {
        assert!(is_placeholder(false, "0000000000"));
        assert!(is_placeholder(true, "266696687"));
        assert!(
            !is_placeholder(false, "7378742833"),
            "a Texan number, for all its letters"
        );
        assert!(!is_placeholder(false, "000"), "the Australian emergency number");
        assert!(!is_placeholder(true, "14155550199"));
        assert!(is_placeholder(true, "10000000000"));
        assert!(is_placeholder(true, "0"));
        assert!(!is_placeholder(true, "49000"), "too few zeros");
        assert!(is_zeros_alone(" +00") && is_zeros_alone("0"));
        assert!(!is_zeros_alone("+") && !is_zeros_alone("00"));
    }

    #[test]
    fn digits_of_the_table_spell_their_words() {
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<&str> = line.split(',').collect();
            let spelled: String = columns[0].chars().filter_map(keypad_digit).collect();
            assert!(columns[1].is_empty() || columns[1] == spelled, "{line}");
            let as_compared = |char: char| char.is_alphabetic() && char.to_lowercase().eq([char]);
            assert!(columns[0].chars().all(as_compared), "{line}");
            assert!(is_word(columns[0]), "{line}");
        }
    }
}
