//! Characters that do not show, or that change how the text around them shows.
//!
//! A name with one of them looks like another name, and a terminal that prints one may move, hide or colour what stands
//! beside it. Names may not hold them; other texts are shown with them escaped.

/// The first character of a text that does not show, or that changes how others show. A line break and a tab count too.
///
/// Joiners (U+200C, U+200D) and variation selectors change the form of the character before them, and many languages and
/// emoji need them. They count only where that character has no such forms.
#[must_use]
pub fn hidden_in(text: &str) -> Option<char> {
    let mut before = None;
    text.chars().find(|c| {
        let hides = hides(*c) || (is_form(*c) && !has_forms(before));
        before = Some(*c);
        hides
    })
}

/// A text in which every character shows: each that does not is written as its code, such as `\u{202e}`. Line breaks and tabs
/// become spaces.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = None;
    for c in text.chars() {
        if matches!(c, '\n' | '\r' | '\t') {
            shown.push(' ');
        } else if hides(c) || (is_form(c) && !has_forms(before)) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
        before = Some(c);
    }
    shown
}

/// Whether a character never shows: controls of terminals (C0, DEL and C1), characters that change the direction of the text
/// around them (Unicode Standard Annex 9, section 2), separators of lines, blanks without width, and others that Unicode calls
/// default-ignorable.
#[must_use]
pub const fn hides(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1F}'
            | '\u{7F}'..='\u{9F}'
            | '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180E}'
            | '\u{200B}'
            | '\u{200E}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Whether a character only chooses the form of the one before it.
const fn is_form(c: char) -> bool {
    matches!(c, '\u{200C}'..='\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{180B}'..='\u{180D}' | '\u{180F}')
}

/// Whether a character has several forms: letters of scripts that join them, and pictures.
fn has_forms(c: Option<char>) -> bool {
    c.is_some_and(|c| c >= '\u{600}' && !hides(c)) || matches!(c, Some('0'..='9' | '#' | '*' | '\u{A9}' | '\u{AE}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_do_not_show_are_found_and_escaped() {
        for (text, escaped) in [
            ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
            ("\u{1b}]8;;http://x\u{7}link", "\\u{1b}]8;;http://x\\u{7}link"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
            ("pay\u{200b}pal", "pay\\u{200b}pal"),
            ("pay\u{200d}pal", "pay\\u{200d}pal"),
            ("pay\u{fe0f}pal", "pay\\u{fe0f}pal"),
            ("\u{feff}x\u{ad}y", "\\u{feff}x\\u{ad}y"),
            ("a\u{e0041}", "a\\u{e0041}"),
            ("a\u{2028}b", "a\\u{2028}b"),
        ] {
            assert!(hidden_in(text).is_some(), "{escaped}");
            assert_eq!(shown(text), escaped);
        }
        assert_eq!(shown("a\r\n\tb"), "a   b");
        assert_eq!(hidden_in("a\tb"), Some('\t'));
    }

    #[test]
    fn texts_of_all_languages_stay_as_they_are() {
        for text in [
            "Bäckerei Müller & Söhne",
            "שלום",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "❤\u{fe0f} 👨\u{200d}👩\u{200d}👧 1\u{fe0f}\u{20e3}",
            "日本語、한국어",
            "",
        ] {
            assert_eq!(hidden_in(text), None, "{text}");
            assert_eq!(shown(text), text);
        }
    }
}
