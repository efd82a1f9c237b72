//! Writes new output into a document.

use std::ops::Range;

use super::block::{Block, Step};

/// New output of a command.
pub(super) struct Change {
    /// The lines of the document that it replaces, from 0.
    lines: Range<usize>,
    new: Vec<String>,
}

impl Change {
    /// The output of this command, in place of the old one. Empty lines after the old one stay.
    pub(super) fn new(block: &Block, step: &Step, output: &str) -> Self {
        let old = &block.lines[step.output.clone()];
        let kept = old.iter().rev().take_while(|line| line.is_empty()).count();
        let first = block.line - 1;
        let indent = " ".repeat(block.indent);
        let new = output.trim_matches('\n').lines();
        Self {
            lines: first + step.output.start..first + step.output.end - kept,
            new: new
                .map(|line| format!("{indent}{line}").trim_end().to_owned())
                .collect(),
        }
    }
}

/// The document with these changes, which are in its order.
pub(super) fn with_changes(text: &str, changes: &[Change]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for change in changes.iter().rev() {
        lines.splice(change.lines.clone(), change.new.iter().cloned());
    }
    lines.join("\n") + "\n"
}
