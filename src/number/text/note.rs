//! Short notes behind a number that hold digits themselves: `+14155550199 24/7`, `+14155550199 (2)`.

/// Notes on the hours in which a number answers.
const HOURS: [&str; 4] = ["24/7", "24h", "24 h", "24 hours"];

/// Most digits of a note.
const DIGITS_MAX: usize = 2;

/// The letters behind the digits of a note. Other letters may belong to the last group of a number.
const ENDINGS: [&str; 8] = ["am", "pm", "st", "nd", "rd", "th", "hrs", "uhr"];

/// The text before a note with digits.
pub(in crate::number) fn before(text: &str) -> Option<&str> {
    let text = text.trim_end();
    text.match_indices(' ').find_map(|(at, _)| {
        let (before, note) = text.split_at_checked(at)?;
        is_note(note.trim_start()).then_some(before)
    })
}

fn is_note(text: &str) -> bool {
    let inside = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let note = inside.unwrap_or(text).to_lowercase();
    if HOURS.contains(&note.as_str()) {
        return true;
    }
    let letters = note.trim_start_matches(|char: char| char.is_ascii_digit());
    let digits = note.len() - letters.len();
    if letters.is_empty() {
        return inside.is_some() && digits == 1;
    }
    (1..=DIGITS_MAX).contains(&digits) && ENDINGS.contains(&letters.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_stands_behind_a_space() {
        for note in ["24h", "24/7", "(2)", "(24 h)", "2nd", "5pm"] {
            assert_eq!(before(&format!("+14155550199 {note}")), Some("+14155550199"), "{note}");
        }
        for text in [
            "+14155550199",
            "415 555 0199",
            "415 555 01x",
            "24/7",
            "070 123 45 67 Axel",
            "1-800-24HOURS",
        ] {
            assert_eq!(before(text), None, "{text}");
        }
    }
}
