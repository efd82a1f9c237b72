//! The name of an owner inside a sentence.

/// The most characters of a name in advice.
const CHARS_MAX: usize = 60;

/// The name of an owner, safe to stand inside a sentence of any language: without control characters and without
/// characters that change the direction of the text around them (Unicode Standard Annex 9), and at most 60 characters
/// long. Empty if nothing is left.
#[must_use]
pub fn owner_in_sentence(name: &str) -> String {
    let safe = name.chars().filter(|c| !c.is_control() && !changes_direction(*c));
    let safe: String = safe.collect();
    let safe = safe.trim();
    if safe.chars().count() <= CHARS_MAX {
        return safe.to_owned();
    }
    let cut: String = safe.chars().take(CHARS_MAX - 1).collect();
    format!("{}…", cut.trim_end())
}

/// Whether a character changes the direction of the text around it, or breaks the line.
const fn changes_direction(c: char) -> bool {
    matches!(
        c,
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_keep_their_place() {
        assert_eq!(
            owner_in_sentence(" U.S. Department of Energy "),
            "U.S. Department of Energy"
        );
        assert_eq!(owner_in_sentence("\u{202e}knaB\u{2066} AG\u{200f}"), "knaB AG");
        assert_eq!(owner_in_sentence("\u{202e}\u{202c}"), "");
        assert_eq!(owner_in_sentence("भारतीय स्टेट बैंक"), "भारतीय स्टेट बैंक");
        let long = owner_in_sentence(&"x".repeat(120));
        assert!(long.chars().count() == CHARS_MAX && long.ends_with('…'), "{long}");
        assert_eq!(owner_in_sentence(&"x".repeat(CHARS_MAX)), "x".repeat(CHARS_MAX));
    }
}
