//! Masks: signs in place of digits that are not shown, as in `+1415555****`, `415-555-XXXX` and `+33 1 62 xx xx xx`.
//!
//! Letters are masks only where they spell no word of a keypad: a group of the letters `x`, `y`, `z` and `n` with an
//! `x` among them, or one letter again and again. So `1-800-EXXON-00` has no mask.

use super::gap::gaps;

/// Signs that people and programs write in place of digits.
const SIGNS: &str = "*#?_%~•·∙●○◦◯×✕✖✗…⋯█▓▒░■□▪＊＃？＿∗✱⁎\u{FFFD}";

/// Signs that stand for several digits.
const ELLIPSES: [char; 2] = ['…', '⋯'];

/// Letters of placeholders: `x` in Latin, fullwidth, Greek and Cyrillic script, and those that stand beside it, as in `XYZ` and
/// `NXX`.
const LETTERS: [char; 7] = ['x', 'х', 'ｘ', 'χ', 'y', 'z', 'n'];

/// A placeholder holds at least one of these letters.
const KEY_LETTERS: [char; 4] = ['x', 'х', 'ｘ', 'χ'];

/// From this many on, one letter again and again spells no word.
const SAME_LETTER_MIN: usize = 4;

/// From this many on, dots or hyphens stand for digits.
const DOTS_MIN: usize = 3;

/// Most digits of an extension behind an `x`.
const EXTENSION_MAX: usize = 9;

/// Most digits of an extension without a number, as in `x1234`: a mask in front of so few digits is not looked for.
const EXTENSION_ALONE_MAX: usize = 6;

/// Where the masks of a text stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::number) enum Masks<'t> {
    /// There are none.
    None,
    /// Among the digits, or between a plus sign and the first digit.
    Inside,
    /// Only before the first digit or behind the last one. This is the text between them.
    Around(&'t str),
    /// Perhaps one behind the last digit, an `x` that may also be the sign of an extension. This is the text before it.
    Perhaps(&'t str),
}

/// The masks in a text with ASCII digits.
pub(in crate::number) fn find(text: &str) -> Masks<'_> {
    let Some(digits) = Span::of_digits(text) else {
        return Masks::None;
    };
    let (mut begin, mut masked) = (0, false);
    for group in groups(text).filter(|group| group.is_mask(text, digits)) {
        masked = true;
        if group.end <= digits.start {
            if text.get(..group.start).is_some_and(|before| before.contains('+')) {
                return Masks::Inside;
            }
            begin = group.end;
        } else if group.start < digits.end {
            return Masks::Inside;
        }
    }
    let mut perhaps = false;
    for gap in gaps(text) {
        perhaps |= gap.is_lone_x();
        if gap.hides(text) {
            if !gap.last {
                return Masks::Inside;
            }
            masked = true;
        }
    }
    match text.get(begin..digits.end) {
        Some(between) if masked => Masks::Around(between),
        Some(between) if perhaps => Masks::Perhaps(between),
        _ => Masks::None,
    }
}

/// Whether a character is a sign in place of a digit.
pub(super) fn is_sign(char: char) -> bool {
    SIGNS.contains(char)
}

/// Whether an `x` stands directly between two digits: a mask, or the sign of an extension.
pub(in crate::number) fn has_x_between_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes
        .windows(3)
        .any(|three| matches!(three, [before, b'x' | b'X', after] if before.is_ascii_digit() && after.is_ascii_digit()))
}

/// Whether a character may be a part of a mask.
pub(in crate::number) fn may_mask(char: char) -> bool {
    SIGNS.contains(char) || char.to_lowercase().any(|letter| LETTERS.contains(&letter))
}

/// A part of a text, in bytes.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
}

/// Consecutive characters of one kind.
#[derive(Clone, Copy, Debug)]
struct Group {
    start: usize,
    end: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sign,
    Letter,
    Dot,
    Hyphen,
    Other,
}

impl Kind {
    fn of(char: char) -> Self {
        match char {
            '.' => Self::Dot,
            '-' | '\u{2010}'..='\u{2015}' => Self::Hyphen,
            '0'..='9' | '+' | ' ' | '(' | ')' => Self::Other,
            _ if char.is_alphabetic() => Self::Letter,
            _ if SIGNS.contains(char) => Self::Sign,
            _ => Self::Other,
        }
    }
}

impl Span {
    /// From the first digit to behind the last one.
    fn of_digits(text: &str) -> Option<Self> {
        let is_digit = |char: char| char.is_ascii_digit();
        let start = text.find(is_digit)?;
        let end = text.rfind(is_digit)? + 1;
        Some(Self { start, end })
    }
}

/// The groups of signs, letters, dots and hyphens.
fn groups(text: &str) -> impl Iterator<Item = Group> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let kind = Kind::of(rest.chars().next()?);
        let len = rest.find(|char| Kind::of(char) != kind).unwrap_or(rest.len());
        let start = at;
        at += len;
        Some(Group { start, end: at, kind })
    })
    .filter(|group| group.kind != Kind::Other)
}

impl Group {
    fn is_mask(self, text: &str, digits: Span) -> bool {
        let before = text.get(..self.start).unwrap_or_default();
        let group = text.get(self.start..self.end).unwrap_or_default();
        let after = text.get(self.end..).unwrap_or_default();
        let behind_digit = before.ends_with(|char: char| char.is_ascii_digit());
        let before_digit = after.starts_with(|char: char| char.is_ascii_digit());
        let leads = before_digit && self.end == digits.start && count_digits(after) > EXTENSION_ALONE_MAX;
        let mut chars = group.chars();
        match (self.kind, chars.next(), chars.next()) {
            (Kind::Dot | Kind::Hyphen, ..) => self.start > digits.start && group.chars().count() >= DOTS_MIN,
            (Kind::Sign, Some(sign), None) if ELLIPSES.contains(&sign) => true,
            (Kind::Sign, Some(sign), None) => {
                leads && is_leading_sign(sign)
                    || is_single_sign(sign, text, behind_digit, before_digit, self.start >= digits.end)
            }
            (Kind::Sign, Some(first), Some(_)) => !is_dial_code(first, group, before),
            (Kind::Letter, Some(letter), None) => {
                is_key_letter(letter) && (leads || behind_digit && !begins_extension(after))
            }
            (Kind::Letter, ..) => is_placeholder(group) || is_one_letter(text),
            _ => false,
        }
    }
}

/// Whether a sign alone is a mask. Behind a star or a number sign at the beginning it belongs to a code that is dialled.
fn is_single_sign(sign: char, text: &str, behind_digit: bool, before_digit: bool, last: bool) -> bool {
    let is_code = text.trim_start().starts_with(['*', '#']);
    match sign {
        '*' | '%' | '＊' | '∗' | '✱' | '⁎' => !is_code && (behind_digit || last),
        '#' | '~' | '＃' => false,
        '?' | '？' => behind_digit && before_digit,
        '×' => behind_digit,
        _ => behind_digit && last,
    }
}

/// Whether a sign alone, directly before the first digit, is a mask. Stars and number signs begin codes that are
/// dialled, and a tilde says "about".
fn is_leading_sign(sign: char) -> bool {
    !matches!(sign, '*' | '%' | '＊' | '∗' | '✱' | '⁎' | '#' | '~' | '＃')
}

fn count_digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Whether signs are the beginning of a code that is dialled, such as `**21*`.
fn is_dial_code(first: char, group: &str, before: &str) -> bool {
    matches!(first, '*' | '#') && group.len() == 2 && before.trim_start().is_empty()
}

/// Whether what follows an `x` is the end of the text and digits of an extension.
fn begins_extension(after: &str) -> bool {
    let digits = after.trim_start_matches([':', '.', ' ', '-']).trim_end_matches('#');
    (1..=EXTENSION_MAX).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_key_letter(letter: char) -> bool {
    letter.to_lowercase().any(|letter| KEY_LETTERS.contains(&letter))
}

/// Whether several letters are a placeholder: `xx`, `XYZ`, `NXX`.
fn is_placeholder(letters: &str) -> bool {
    letters.chars().any(is_key_letter)
        && letters
            .chars()
            .flat_map(char::to_lowercase)
            .all(|letter| LETTERS.contains(&letter))
}

/// Whether all letters of a text are the same.
fn is_one_letter(text: &str) -> bool {
    let mut letters = text
        .chars()
        .filter(|char| char.is_alphabetic())
        .flat_map(char::to_lowercase);
    let Some(first) = letters.next() else {
        return false;
    };
    let (mut count, mut same) = (1, true);
    for letter in letters {
        count += 1;
        same &= letter == first;
    }
    same && count >= SAME_LETTER_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_masks_in_place_of_digits() {
        for text in [
            "+33 1 62 xx xx 12",
            "+33 6 6X XX XX 83",
            "+1415***0199",
            "+1415*5550123",
            "415-5?5-0199",
            "+XX 415 555 0199",
            "+1 (xxx) 555-0199",
            "415...0199",
            "1-800-XXX-CARS2",
            "+7 495 ххх-12-34",
            "415x555x0199",
            "+X4155550199",
        ] {
            assert_eq!(find(text), Masks::Inside, "{text}");
        }
        for (text, between) in [
            ("415-555-XXXX", "415-555"),
            ("+1415555****", "+1415555"),
            ("+49 30 90XXXX", "+49 30 90"),
            ("+1 415 555 ••••", "+1 415 555"),
            ("+1 415 555 01…", "+1 415 555 01"),
            ("415-555-01x", "415-555-01"),
            ("415-555-NNNN", "415-555"),
            ("+91 78787 87xyz", "+91 78787 87"),
            ("415-555-01__", "415-555-01"),
            ("0171 1234...", "0171 1234"),
            ("XXX-XXX-0199", "-0199"),
            ("*** 0199", " 0199"),
            ("+1415555*", "+1415555"),
            ("+14155550199x", "+14155550199"),
            ("+14155550199?", "+14155550199"),
            ("415-555-01QQ", "415-555-01"),
            ("+1 415 555 x x x x", "+1 415 555"),
            ("X155550199", "155550199"),
            ("?155550199", "155550199"),
            ("_155550199", "155550199"),
            ("x4155550199", "4155550199"),
        ] {
            assert_eq!(find(text), Masks::Around(between), "{text}");
        }
    }

    #[test]
    fn an_x_that_stands_apart_may_be_a_mask() {
        assert_eq!(find("+1 415 555 019 x"), Masks::Perhaps("+1 415 555 019"));
        assert_eq!(find("+1 415 555 0199 x 7"), Masks::None);
    }

    #[test]
    fn other_signs_and_letters_are_no_masks() {
        for text in [
            "",
            "xxxx",
            "__________",
            "+14155550199",
            "+1 (415) 555-0199",
            "1-800-FLOWERS",
            "1-800-EXXON-00",
            "1-800-X-FILES",
            "1-800-NY-TIMES",
            "1-800-AAA-HELP",
            "1-800-FedEx",
            "415-555-0199 x77",
            "4155550199x77",
            "4155550199x 77#",
            "4155550199,,123#",
            "+1 415 555 0199 #77",
            "x1234",
            "*5287",
            "**5287",
            "#155550199",
            "~4155550199",
            "*21*4155550199#",
            "911#",
            "01·23·45·67",
            "415-555-0199 ext. 7",
        ] {
            assert_eq!(find(text), Masks::None, "{text}");
        }
    }
}
