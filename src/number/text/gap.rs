//! Gaps of a number: the text between two of its digits, or behind the last one. A gap hides digits if it holds a symbol
//! that no number has, one letter again and again, or a word for "hidden".

use super::written::is_separator;

/// Symbols that numbers, names and addresses have beside digits: quotation marks, brackets, pauses, joints, and what
/// libphonenumber takes for punctuation. A text that has them elsewhere is refused later.
const HARMLESS: &str = "\"'`´“”„‘’‚«»‹›<>{}（）,，、。;:&@\\_\u{2053}\u{223C}\u{FF5E}\u{FE0E}\u{FE0F}";

/// Symbols that are dialled or begin an extension. One of them alone hides nothing.
const DIALLED: &str = "*#~＊＃∗✱⁎";

/// Words in place of digits.
const WORDS: [&str; 32] = [
    "anonymized",
    "blank",
    "censored",
    "deleted",
    "digits",
    "dold",
    "gizli",
    "hidden",
    "hide",
    "mask",
    "masked",
    "masque",
    "masqué",
    "nan",
    "nascosto",
    "nil",
    "none",
    "null",
    "obscured",
    "oculta",
    "oculto",
    "omitted",
    "redacted",
    "removed",
    "skjult",
    "suppressed",
    "undefined",
    "unterdrückt",
    "verborgen",
    "versteckt",
    "withheld",
    "скрыт",
];

/// A gap of a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap<'t> {
    pub(super) text: &'t str,
    /// Whether no digit follows.
    pub(super) last: bool,
}

/// The gaps behind the first digit of a text.
pub(super) fn gaps(text: &str) -> impl Iterator<Item = Gap<'_>> {
    let is_digit = |char: char| char.is_ascii_digit();
    let first = text.find(is_digit).unwrap_or(text.len());
    let last = text.rfind(is_digit).map_or(text.len(), |last| last + 1);
    let inside = text.get(first..last).unwrap_or_default().split(is_digit);
    let inside = inside
        .filter(|text| !text.is_empty())
        .map(|text| Gap { text, last: false });
    let behind = text.get(last..).map(|text| Gap { text, last: true });
    inside.chain(behind)
}

impl Gap<'_> {
    /// Whether the gap hides digits of `text`.
    pub(super) fn hides(self, text: &str) -> bool {
        let letters = lower_letters(self.text);
        if !letters.is_empty() {
            let is_repeated =
                letters.chars().count() > 1 && is_one_letter(&letters) && is_one_letter(&behind_digits(text));
            return is_repeated || WORDS.contains(&letters.as_str()) || self.begins_with_symbol();
        }
        let symbols = self.text.chars().filter(|&char| self.is_symbol(char)).count();
        if !self.last {
            return symbols > 0;
        }
        let is_code = text.trim_start().starts_with(['*', '#']);
        let dialled = self.text.chars().filter(|&char| DIALLED.contains(char)).count();
        let points = self.text.chars().filter(|&char| is_point(char)).count();
        self.begins_with_symbol() || symbols + dialled > 1 && !is_code || points > 1 || self.text.contains(['?', '？'])
    }

    /// Whether the gap is only an `x` that stands apart: a digit, or the sign of an extension that is missing.
    pub(super) fn is_lone_x(self) -> bool {
        let is_blank = |char: char| char.is_whitespace() || is_separator(char) || matches!(char, ':' | ',');
        let rest = self.text.trim_matches(is_blank);
        self.last && matches!(rest, "x" | "X" | "х" | "Х" | "ｘ" | "Ｘ" | "χ" | "Χ" | "×")
    }

    /// Whether a symbol stands directly behind the digits, or behind a bracket that opens there.
    fn begins_with_symbol(self) -> bool {
        let rest = self.text.trim_start_matches([' ', '(', '[']);
        let is_bracket = self.text.trim_start().starts_with(['(', '[']);
        let is_direct = is_bracket || rest.len() == self.text.len();
        let mut chars = rest.chars();
        let is_query = |next: Option<char>| next.is_some_and(char::is_alphabetic);
        match (chars.next(), chars.next()) {
            (Some('?' | '？' | '='), next) if is_query(next) => false,
            (Some(first), _) => is_direct && self.is_symbol(first),
            (None, _) => false,
        }
    }

    /// Whether a character is a symbol that no number has in this place.
    fn is_symbol(self, char: char) -> bool {
        let is_punctuation =
            char.is_whitespace() || is_separator(char) || HARMLESS.contains(char) || DIALLED.contains(char);
        let is_left_to_signs = !self.last && super::masked::is_sign(char);
        !char.is_alphanumeric() && !is_punctuation && !is_left_to_signs && (self.last || char != '+')
    }
}

fn is_point(char: char) -> bool {
    matches!(char, '.' | '-' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn lower_letters(text: &str) -> String {
    text.chars()
        .filter(|char| char.is_alphabetic())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The letters of a text behind its first digit.
fn behind_digits(text: &str) -> String {
    lower_letters(text.trim_start_matches(|char: char| !char.is_ascii_digit()))
}

fn is_one_letter(letters: &str) -> bool {
    letters.chars().all(|letter| letters.starts_with(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hides(text: &str) -> bool {
        gaps(text).any(|gap| gap.hides(text))
    }

    #[test]
    fn symbols_repeated_letters_and_words_hide_digits() {
        for text in [
            "+1 415 555 x x x x",
            "+1415555-X-X-X-X",
            "415 555 X.X.X.X",
            "+33 1 62 X X 12",
            "415 555 n n n n",
            "415-555-01NN",
            "415-555-01QQ",
            "030 90182?",
            "+49 30 9018 (?)",
            "+49 30 9018[?]",
            "030 9018 ? ?",
            "030 9018 # #",
            "030 90182..",
            "030 9018!!",
            "+1415555$$$$",
            "+1415555^^",
            "+1415555=",
            "415|555|0199",
            "+1415555++++",
            "+1415555★☆",
            "+1 415 555 [4 digits]",
            "+331 58hidden",
            "415-555-NULL",
            "+1415555(redacted)",
        ] {
            assert!(hides(text), "{text}");
        }
        for text in [
            "+14155550199",
            "+14155550199.",
            "+14155550199,",
            "+14155550199 -",
            "+14155550199#",
            "+14155550199 \"home\"",
            "+14155550199 ext. 7",
            "415-555-0199 x302/x2303",
            "(415) 555-0199",
            "01·23·45·67",
            "1-800-AAA-HELP",
            "*21*4155550199#",
            "+1 415~555~0199",
            "030 901820 Anna",
            "+14155550199 +14155550123",
            "+14155550199?text=5",
        ] {
            assert!(!hides(text), "{text}");
        }
    }
}
