//! Makes texts safe to print on a terminal, and counts easy to read.

/// Replaces control characters by spaces, so that no report can control the terminal that shows it.
pub(super) fn clean(text: &str) -> String {
    let is_unsafe = |c: char| c.is_control() || changes_direction(c) || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if is_unsafe(c) { ' ' } else { c }).collect()
}

/// Whether a character changes the direction of the text around it (Unicode Standard Annex 9, section 2). It could
/// reorder what stands beside it on the terminal.
fn changes_direction(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
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
        assert_eq!(clean("a\u{1b}[31mb\r\nc"), "a [31mb  c");
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{2028}d é"), "a b c d é");
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(2_730_245), "2,730,245");
    }
}
