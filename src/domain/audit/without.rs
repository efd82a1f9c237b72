//! Takes a number out of free texts: out of the reason of its erasure, and out of the ids of requests.

use std::ops::Range;

use crate::number::{E164, ascii_digit};

/// The last digits of a number, by which it is found without its country code and area code.
const TOLD_DIGITS: usize = 7;
/// What stands in place of a number.
const IN_ITS_PLACE: &str = "(the number)";

/// A digit in a text, and its bytes there.
struct Written {
    digit: u8,
    bytes: Range<usize>,
}

/// A text without a number, however it is written: with digits of any script, and any signs between them that are no letters.
#[must_use]
pub fn text_without(text: &str, number: E164) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut end = 0;
    for found in mentions(text, number) {
        kept.push_str(text.get(end..found.start).unwrap_or_default());
        kept.push_str(IN_ITS_PLACE);
        end = found.end;
    }
    kept.push_str(text.get(end..).unwrap_or_default());
    kept
}

/// Where a text names a number.
fn mentions(text: &str, number: E164) -> Vec<Range<usize>> {
    let digits = number.digits().to_string().into_bytes();
    let mut found = Vec::new();
    let mut run: Vec<Written> = Vec::new();
    for (place, char) in text.char_indices() {
        if let Some(digit) = ascii_digit(char) {
            let bytes = place..place.saturating_add(char.len_utf8());
            run.push(Written { digit, bytes });
        } else if char.is_alphabetic() {
            find_in(&std::mem::take(&mut run), &digits, &mut found);
        }
    }
    find_in(&run, &digits, &mut found);
    for range in &mut found {
        let before = text.get(..range.start).unwrap_or_default();
        range.start = before.trim_end_matches(['+', '(', '\u{ff0b}']).len();
    }
    found
}

/// Adds the places in a run of digits that name the number: its last digits, with those before them that are its own.
fn find_in(run: &[Written], digits: &[u8], found: &mut Vec<Range<usize>>) {
    let told = digits.get(digits.len().saturating_sub(TOLD_DIGITS)..).unwrap_or(digits);
    let mut from = 0;
    while let Some(rest) = run.get(from..).filter(|rest| rest.len() >= told.len()) {
        let is_told = rest.iter().zip(told).all(|(written, digit)| written.digit == *digit);
        if !is_told {
            from += 1;
            continue;
        }
        let before = run.get(..from).unwrap_or_default().iter().rev();
        let of_number = digits.iter().rev().skip(told.len());
        let same = before
            .zip(of_number)
            .take_while(|(written, digit)| written.digit == **digit);
        let first = run.get(from.saturating_sub(same.count()));
        let last = run.get(from.saturating_add(told.len()).saturating_sub(1));
        if let (Some(first), Some(last)) = (first, last) {
            found.push(first.bytes.start..last.bytes.end);
        }
        from += told.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_no_form_of_the_number() {
        let number = E164::from_digits(14_155_550_199).unwrap();
        for (said, kept) in [
            (
                "the owner of +1 (415) 555-0199 asked",
                "the owner of (the number) asked",
            ),
            ("14155550199", "(the number)"),
            ("erase-14155550199", "erase-(the number)"),
            ("4155550199", "(the number)"),
            ("call 555 0199 or 555 0123", "call (the number) or 555 0123"),
            (
                "\u{ff14}\u{ff11}\u{ff15}\u{ff15}\u{ff15}\u{ff15}\u{ff10}\u{ff11}\u{ff19}\u{ff19}",
                "(the number)",
            ),
            ("415_555_0199, 415,555,0199", "(the number), (the number)"),
            ("415\u{2013}555\u{2013}0199", "(the number)"),
            (
                "\u{661}\u{664}\u{661}\u{665}\u{665}\u{665}\u{665}\u{660}\u{661}\u{669}\u{669}",
                "(the number)",
            ),
            ("on 2026-11-30: +14155550199", "on 2026-11-30: (the number)"),
            ("ticket 4711, 2026-11-30", "ticket 4711, 2026-11-30"),
            ("", ""),
        ] {
            assert_eq!(text_without(said, number), kept);
        }
    }
}
