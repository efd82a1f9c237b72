//! The comparison of the output of a command with the one in the document.

use regex::Regex;

/// Any text within a line; as a line of its own, any number of lines.
const ANYTHING: &str = "...";

/// Texts that differ from run to run, and their replacements.
const MASKS: [(&str, &str); 6] = [
    // A decision id holds random bits, and is encrypted.
    (r#"(decision +|decision_?[iI]d"?: ?"?)[\w-]+"#, "${1}ID"),
    // A page token holds a random nonce.
    (r#"(--page-token |PageToken"?: ?"?)[\w-]+"#, "${1}TOKEN"),
    // Ids that a program makes at random, such as that of a store.
    (r"\b[0-9a-f]{32}\b", "ID"),
    // The minutes and seconds since the document was started: its clock begins at this hour.
    (r"2026-11-23(T| )12:\d\d(:\d\d(\.\d+)?)?", "2026-11-23${1}12:MM"),
    // The speed of an import.
    (r"\d+\.\d s, [\d,]+ rows per second", "TIME"),
    // The time that a lookup took.
    (r#""latency_us":\d+"#, r#""latency_us":TIME"#),
];

/// How the output differs from the expected lines; `None` if it does not. With `goes_on`, more output may follow.
pub(super) fn differences(expected: &[String], output: &str, goes_on: bool) -> Option<String> {
    let mut expected = masked(&expected.join("\n"));
    if goes_on {
        expected.push(ANYTHING.to_owned());
    }
    let output = masked(output);
    if matches(&expected, &output) {
        return None;
    }
    let mut text = String::new();
    for (sign, line) in difference(&expected, &output) {
        text.push(sign);
        text.push_str(line);
        text.push('\n');
    }
    Some(text)
}

/// The lines of a text with masks, without spaces at their ends, and without empty lines before and after them.
fn masked(text: &str) -> Vec<String> {
    let text = MASKS.iter().fold(text.to_owned(), |text, (pattern, replacement)| {
        let pattern = Regex::new(pattern).unwrap();
        pattern.replace_all(&text, *replacement).into_owned()
    });
    let text: Vec<_> = text.lines().map(str::trim_end).collect();
    text.join("\n").trim_matches('\n').lines().map(str::to_owned).collect()
}

/// Whether the lines are those that are expected.
fn matches(expected: &[String], output: &[String]) -> bool {
    match expected.split_first() {
        None => output.is_empty(),
        Some((first, rest)) if first.trim() == ANYTHING => {
            (0..=output.len()).any(|skipped| matches(rest, &output[skipped..]))
        }
        Some((first, rest)) => output
            .split_first()
            .is_some_and(|(line, others)| line_matches(first, line) && matches(rest, others)),
    }
}

/// Whether a line is the one that is expected, where `...` stands for any text.
fn line_matches(expected: &str, line: &str) -> bool {
    let Some((begin, mut rest)) = expected.split_once(ANYTHING) else {
        return expected == line;
    };
    let Some(mut line) = line.strip_prefix(begin) else {
        return false;
    };
    while let Some((piece, others)) = rest.split_once(ANYTHING) {
        let Some(at) = line.find(piece) else {
            return false;
        };
        line = &line[at + piece.len()..];
        rest = others;
    }
    line.ends_with(rest)
}

/// The lines that are missing (`-`), new (`+`) and equal (a space), by the longest common subsequence.
fn difference<'a>(expected: &'a [String], output: &'a [String]) -> Vec<(char, &'a str)> {
    let (rows, columns) = (expected.len(), output.len());
    let mut common = vec![vec![0_usize; columns + 1]; rows + 1];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            common[row][column] = if line_matches(&expected[row], &output[column]) {
                common[row + 1][column + 1] + 1
            } else {
                common[row + 1][column].max(common[row][column + 1])
            };
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut lines = Vec::new();
    while row < rows || column < columns {
        if row < rows && column < columns && line_matches(&expected[row], &output[column]) {
            lines.push((' ', output[column].as_str()));
            row += 1;
            column += 1;
        } else if column == columns || (row < rows && common[row + 1][column] >= common[row][column + 1]) {
            lines.push(('-', expected[row].as_str()));
            row += 1;
        } else {
            lines.push(('+', output[column].as_str()));
            column += 1;
        }
    }
    lines
}

mod tests {
    use super::*;

    fn same(expected: &str, output: &str) -> bool {
        let expected: Vec<_> = expected.lines().map(str::to_owned).collect();
        differences(&expected, output, false).is_none()
    }

    #[test]
    fn dots_stand_for_text_and_for_lines() {
        assert!(same("a ... b", "a long text b"));
        assert!(same("a...", "a"));
        assert!(same("1\n...\n4", "1\n2\n3\n4"));
        assert!(same("1\n ...\n2", "1\n2"));
        assert!(!same("a ... b", "a long text c"));
        assert!(!same("1\n...\n5", "1\n2\n3\n4"));
        assert!(!same("1", "1\n2"));
    }

    #[test]
    fn only_what_differs_from_run_to_run_is_masked() {
        assert!(same("2026-11-23 12:00 UTC", "2026-11-23 12:07 UTC"));
        assert!(!same("2026-11-23 11:00 UTC", "2026-11-23 12:00 UTC"));
        assert!(same("decision  AbcDef-12", "decision  AxyDef-97"));
        assert!(!same("score 67.9", "score 67.8"));
    }

    #[test]
    fn a_difference_names_the_lines() {
        let expected = ["same".to_owned(), "old".to_owned()];
        let text = differences(&expected, "same\nnew\n", false).unwrap();
        assert_eq!(text, " same\n-old\n+new\n");
    }
}
