//! Runs a program on digits: tries its ways in order.

use super::program::{Program, Step};

/// Most groups that are recorded; the plan's patterns have at most 6.
const GROUPS_MAX: usize = 8;

/// Where a program matched: from the start to `end`, with its groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::number) struct Match {
    /// The position after the match.
    pub(in crate::number) end: usize,
    marks: [Option<usize>; 2 * GROUPS_MAX],
}

impl Match {
    /// The digits of group `number` (1 is the first) in `text`, if it took part in the match.
    pub(in crate::number) fn group<'t>(&self, number: usize, text: &'t [u8]) -> Option<&'t [u8]> {
        let slot = 2 * number.checked_sub(1)?;
        let start = (*self.marks.get(slot)?)?;
        let end = (*self.marks.get(slot + 1)?)?;
        text.get(start..end)
    }
}

impl Program {
    /// The first match at the start of `text`; any text may follow it.
    pub(in crate::number) fn match_start(&self, text: &[u8]) -> Option<Match> {
        let mut found = Match::default();
        found.end = self.run(0, 0, text, false, &mut found)?;
        Some(found)
    }

    /// The first match of all of `text`.
    pub(in crate::number) fn match_all(&self, text: &[u8]) -> Option<Match> {
        let mut found = Match::default();
        found.end = self.run(0, 0, text, true, &mut found)?;
        Some(found)
    }

    /// The end of the first match that begins at step `at` and position `position`. The recursion is at most as deep as
    /// the program is long: every way forks at a later step.
    fn run(&self, mut at: usize, mut position: usize, text: &[u8], all: bool, found: &mut Match) -> Option<usize> {
        loop {
            match *self.steps.get(at)? {
                Step::Digit(set) => {
                    let digit = text.get(position)?.checked_sub(b'0')?;
                    if set.checked_shr(u32::from(digit))? & 1 == 0 {
                        return None;
                    }
                    position += 1;
                    at += 1;
                }
                Step::Either(first, second) => {
                    if let Some(end) = self.run(first, position, text, all, found) {
                        return Some(end);
                    }
                    at = second;
                }
                Step::Goto(to) => at = to,
                Step::Mark(slot) => {
                    let before = found.marks.get(slot).copied().flatten();
                    set_mark(found, slot, Some(position));
                    let end = self.run(at + 1, position, text, all, found);
                    if end.is_none() {
                        set_mark(found, slot, before);
                    }
                    return end;
                }
                Step::End if position < text.len() => return None,
                Step::End => at += 1,
                Step::Accept => return (!all || position == text.len()).then_some(position),
            }
        }
    }
}

fn set_mark(found: &mut Match, slot: usize, to: Option<usize>) {
    if let Some(mark) = found.marks.get_mut(slot) {
        *mark = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(pattern: &str, text: &str) -> Option<(usize, Vec<Option<String>>)> {
        let program = Program::new(pattern).unwrap();
        let found = program.match_start(text.as_bytes())?;
        let groups = (1..=program.groups())
            .map(|group| found.group(group, text.as_bytes()))
            .map(|group| group.map(|digits| String::from_utf8(digits.to_vec()).unwrap()))
            .collect();
        Some((found.end, groups))
    }

    #[test]
    fn takes_the_first_alternative_that_matches() {
        assert_eq!(groups("0|01", "012"), Some((1, vec![])), "not the longest");
        assert_eq!(groups(r"\d{1,2}2", "12"), Some((2, vec![])), "gives back what it took");
        assert_eq!(groups("12", "13"), None);
        assert_eq!(groups("", "13"), Some((0, vec![])));
    }

    #[test]
    fn captures_groups() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(groups(r"([2-9]\d{6})$|1", "2345678"), Some((7, vec![some("2345678")])));
        assert_eq!(groups(r"([2-9]\d{6})$|1", "12345678"), Some((1, vec![None])));
        assert_eq!(groups(r"([2-9]\d{6})$|1", "23456789"), None, "more follows");
        assert_eq!(
            groups(r"0?(?:(11)|(2)(3)?)", "0112"),
            Some((3, vec![some("11"), None, None]))
        );
        assert_eq!(groups(r"(1)?2", "2"), Some((1, vec![None])));
        assert_eq!(
            groups(r"(?:(1)2|13)", "13"),
            Some((2, vec![None])),
            "a way that failed leaves no group"
        );
    }

    #[test]
    fn matches_the_whole_text_or_not() {
        let program = Program::new("1|12").unwrap();
        assert_eq!(program.match_all(b"12").map(|found| found.end), Some(2));
        assert_eq!(program.match_all(b"123"), None);
        assert_eq!(program.match_all(b"1a"), None);
        assert!(Program::prefix("12").unwrap().match_all(b"12999").is_some());
    }
}
