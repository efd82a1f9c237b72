//! The violations of an uploaded list: the first ones with their lines, and how many there are.

use crate::service::{ServiceError, Violation};

/// The most violations that one error names. The others are counted.
pub(super) const MAX_VIOLATIONS: usize = 20;

/// The first violations, and how many there are.
#[derive(Debug, Default)]
pub(super) struct UploadViolations {
    first: Vec<Violation>,
    count: usize,
}

/// The position of an entry: its line in the file if there is one, or else its index in the upload.
#[derive(Clone, Copy)]
pub(super) enum EntryPosition {
    Line(u32),
    Entry(usize),
}

/// The position of the entry with this index and line.
pub(super) fn position_of(index: usize, line: u32) -> EntryPosition {
    if line > 0 {
        EntryPosition::Line(line)
    } else {
        EntryPosition::Entry(index)
    }
}

impl EntryPosition {
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Line(line) => format!("line {line}"),
            Self::Entry(index) => format!("entries[{index}]"),
        }
    }

    fn field(&self, field: &str) -> String {
        match self {
            Self::Line(_) => format!("{}: {field}", self.shown()),
            Self::Entry(_) => format!("{}.{field}", self.shown()),
        }
    }
}

impl UploadViolations {
    pub(super) fn add(&mut self, position: EntryPosition, violations: Vec<Violation>) {
        self.count += violations.len();
        let room = MAX_VIOLATIONS.saturating_sub(self.first.len());
        self.first
            .extend(violations.into_iter().take(room).map(|violation| Violation {
                field: position.field(&violation.field),
                ..violation
            }));
    }

    pub(super) fn finish(mut self) -> Result<(), ServiceError> {
        if self.count == 0 {
            return Ok(());
        }
        if self.count > self.first.len() {
            let more = self.count - self.first.len();
            self.first
                .push(Violation::new("entries", format!("have {more} more violations")));
        }
        Err(ServiceError::Invalid(self.first))
    }
}

/// The violations of an error.
pub(super) fn violations(error: ServiceError) -> Vec<Violation> {
    if let ServiceError::Invalid(violations) = error {
        violations
    } else {
        vec![Violation::new("entry", error.to_string())]
    }
}
