//! The blocks of a document.

use std::ops::Range;

/// Marks the block after it as not run, with the reason.
const NOT_RUN: &str = "<!-- not run: ";
/// Begins a command in a block `console`.
const PROMPT: &str = "$ ";
/// In a block `console`: the reader stops the server that was started last.
const INTERRUPT: &str = "^C";

/// A block of code.
pub(super) struct Block {
    /// The word after the fence.
    pub(super) language: String,
    /// The number of the first line after the fence, from 1.
    pub(super) line: usize,
    /// The spaces before the fence, in a list of the document.
    pub(super) indent: usize,
    /// The lines, without the indent.
    pub(super) lines: Vec<String>,
    /// Whether it is marked as not run.
    pub(super) not_run: bool,
}

/// A command and its output.
pub(super) struct Step {
    /// `None` for the interruption of a server.
    pub(super) command: Option<String>,
    /// The lines of the block that hold the output.
    pub(super) output: Range<usize>,
}

/// All blocks of a document, in their order.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    let mut before = "";
    for (at, line) in text.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (open.as_mut(), fence) {
            (None, Some(language)) => {
                open = Some(Block {
                    language: language.to_owned(),
                    line: at + 2,
                    indent: line.len() - line.trim_start().len(),
                    lines: Vec::new(),
                    not_run: is_not_run(before),
                });
            }
            (Some(_), Some(_)) => {
                found.extend(open.take());
                before = "";
            }
            (Some(block), None) => block
                .lines
                .push(line.get(block.indent..).unwrap_or_default().to_owned()),
            (None, None) if !line.trim().is_empty() => before = line.trim(),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block has no end");
    found
}

/// Whether the line before a block marks it as not run, with a reason.
fn is_not_run(line: &str) -> bool {
    let reason = line.strip_prefix(NOT_RUN).and_then(|rest| rest.strip_suffix("-->"));
    reason.is_some_and(|reason| !reason.trim().is_empty())
}

/// The commands of a block `console`.
pub(super) fn steps(block: &Block) -> Vec<Step> {
    let lines = &block.lines;
    let mut steps = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let command = if let Some(first) = lines[at].strip_prefix(PROMPT) {
            let mut command = first.to_owned();
            while is_open(&command) {
                at += 1;
                command.push('\n');
                command.push_str(&lines[at]);
            }
            Some(command)
        } else {
            assert_eq!(lines[at], INTERRUPT, "line {}: it is no command", block.line + at);
            None
        };
        at += 1;
        let begin = at;
        while at < lines.len() && !lines[at].starts_with(PROMPT) && lines[at] != INTERRUPT {
            at += 1;
        }
        steps.push(Step {
            command,
            output: begin..at,
        });
    }
    steps
}

/// Whether a command goes on in the next line: after a `\`, within quotation marks, or within a here-document.
fn is_open(command: &str) -> bool {
    if let Some((_, rest)) = command.split_once("<<") {
        let (word, text) = rest.split_once('\n').unwrap_or((rest, ""));
        let word = word
            .split([' ', '>', '|'])
            .next()
            .unwrap_or_default()
            .trim_matches('\'');
        return !text.lines().any(|line| line == word);
    }
    command.ends_with('\\') || command.matches('\'').count() % 2 == 1
}

mod tests {
    use super::*;

    const DOCUMENT: &str = "
1. A list:

   ```console
   $ cat > a <<'END'
   text
   $ no command
   END
   $ one 'and
   two' \\
     three
   output

   ^C
   $ last
   ```

<!-- not run: it needs root -->

```sh
install
```

<!-- not run: -->
```sh
other
```
";

    #[test]
    fn commands_go_on_to_their_end() {
        let blocks = blocks(DOCUMENT);
        let found: Vec<_> = steps(&blocks[0])
            .into_iter()
            .map(|step| (step.command, blocks[0].lines[step.output].to_vec()))
            .collect();
        let command = |text: &str| Some(text.to_owned());
        let file = command("cat > a <<'END'\ntext\n$ no command\nEND");
        let long = command("one 'and\ntwo' \\\n  three");
        let output = ["output".to_owned(), String::new()].to_vec();
        let expected = [
            (file, vec![]),
            (long, output),
            (None, vec![]),
            (command("last"), vec![]),
        ];
        assert_eq!(found, expected);
        assert_eq!((blocks[0].line, blocks[0].indent), (5, 3));
    }

    #[test]
    fn only_a_mark_with_a_reason_counts() {
        let marks: Vec<_> = blocks(DOCUMENT).iter().map(|block| block.not_run).collect();
        assert_eq!(marks, [false, true, false]);
    }
}
