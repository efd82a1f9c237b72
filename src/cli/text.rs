//! Makes texts safe to print on a terminal, and counts easy to read.

use std::borrow::Cow;

use crate::domain::visible;

/// The text of a user in one line: each character that does not show, or that could control the terminal, is written as its
/// code, such as `\u{1b}`.
pub(super) fn clean(text: &str) -> String {
    visible::shown(text)
}

/// A text for a terminal, with the styles that this program writes, but without any other control: all that is printed passes
/// here, so that a text of a user can neither move the cursor nor reorder a line nor set a title, wherever it came from.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n');
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let style = style_length(rest);
        let length = style.unwrap_or(c.len_utf8());
        let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if style.is_some() || matches!(c, '\n' | '\t') || !visible::hides(c) {
            safe.push_str(part);
        } else {
            safe.extend(c.escape_unicode());
        }
        rest = after;
    }
    Cow::Owned(safe)
}

/// The bytes of the style that a text begins with, if it begins with one: `ESC [`, digits and semicolons, `m` (ECMA-48,
/// section 8.3.117).
fn style_length(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters.get(end..)?.starts_with('m').then_some(2 + end + 1)
}

/// JSON whose characters all show: the others are escaped, which changes nothing of what it says (RFC 8259, section 7).
pub(super) fn visible_json(json: String) -> String {
    if !json.chars().any(needs_escape) {
        return json;
    }
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if needs_escape(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Outside its texts, JSON has line breaks and no other such character.
fn needs_escape(c: char) -> bool {
    visible::hides(c) && c != '\n'
}

/// A count with commas, such as `2,730,245`.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\r\nc"), "a\\u{1b}[31mb  c");
        assert_eq!(clean("a\u{202e}b\u{2028}d é"), "a\\u{202e}b\\u{2028}d é");
    }

    #[test]
    fn styles_pass_and_no_other_control_does() {
        let styled = "\u{1b}[1mbold\u{1b}[0m\n\u{1b}[38;5;9mé\u{1b}[m";
        assert_eq!(harmless(styled), styled);
        for (text, safe) in [
            ("\u{1b}[2Jx", "\\u{1b}[2Jx"),
            ("\u{1b}[1;1Hx", "\\u{1b}[1;1Hx"),
            ("\u{1b}]8;;http://x\u{1b}\\y", "\\u{1b}]8;;http://x\\u{1b}\\y"),
            ("\u{1b}[1", "\\u{1b}[1"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("a\rb\u{8}", "a\\u{d}b\\u{8}"),
            ("a\u{202e}b\u{200b}", "a\\u{202e}b\\u{200b}"),
        ] {
            assert_eq!(harmless(text), safe, "{safe}");
        }
    }

    #[test]
    fn json_says_the_same_with_visible_characters() {
        let text = "a\u{9b}2J\u{202e}\u{e0041}é\n\u{1b}";
        let json = visible_json(serde_json::to_string(text).unwrap());
        assert!(!json.chars().any(visible::hides), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        let plain = serde_json::to_string("é").unwrap();
        assert_eq!(visible_json(plain.clone()), plain);
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(2_730_245), "2,730,245");
    }
}
