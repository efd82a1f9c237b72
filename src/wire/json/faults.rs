//! The wrong fields of a message that could not be read.

use std::borrow::Cow;
use std::cell::RefCell;

use super::{JsonMessage, message};

/// The most faults of one message that are kept.
const MAX_FAULTS: usize = 20;
/// The most characters of the name of an unknown field that an error repeats.
const MAX_NAME_CHARS: usize = 40;

/// The problem of a field that the message does not have.
pub(crate) const UNKNOWN_FIELD: &str = "is not a field of this message";

/// A wrong field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The field as the contract spells it, such as `reports[3].occurred_at`.
    pub(crate) field: String,
    /// The problem. It never repeats the value.
    pub(crate) problem: Cow<'static, str>,
}

/// Reads a message that could not be read in one pass once more: each field alone, so that the wrong ones are found. It ends
/// when as many are found as are kept: a long text of unknown fields would take long to read to its end.
///
/// # Errors
/// If the text is not JSON up to there, or not an object.
pub(crate) fn find_faults<M: JsonMessage>(body: &[u8]) -> Result<Vec<Fault>, serde_json::Error> {
    let faults = RefCell::default();
    let place = Place {
        faults: Some(&faults),
        step: Step::Top,
    };
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = message::<M, _>(&mut reader, place).and_then(|_| reader.end());
    if !place.has_enough() {
        read?;
    }
    Ok(faults.into_inner())
}

/// The place of a value in a message, and whether faults are collected.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place<'a> {
    /// The faults found so far; none if the first fault ends the reading.
    faults: Option<&'a RefCell<Vec<Fault>>>,
    step: Step<'a>,
}

/// The last step to a place.
#[derive(Clone, Copy, Debug, Default)]
enum Step<'a> {
    #[default]
    Top,
    Field(&'a Place<'a>, &'static str),
    Item(&'a Place<'a>, usize),
}

impl<'a> Place<'a> {
    /// Whether the reading goes on after a fault. Then the reader is that of `serde_json`.
    pub(super) const fn collects(&self) -> bool {
        self.faults.is_some()
    }

    /// Whether as many faults are found as are kept.
    pub(super) fn has_enough(&self) -> bool {
        self.faults.is_some_and(|faults| faults.borrow().len() >= MAX_FAULTS)
    }

    /// The place of a field of this message.
    pub(super) const fn field(&'a self, name: &'static str) -> Self {
        Self {
            faults: self.faults,
            step: Step::Field(self, name),
        }
    }

    /// The place of an item of this field.
    pub(super) const fn item(&'a self, position: usize) -> Self {
        Self {
            faults: self.faults,
            step: Step::Item(self, position),
        }
    }

    /// Refuses the value at this place: as an error that ends the reading, or as one more fault.
    pub(super) fn refuse(&self, problem: impl Into<Cow<'static, str>>) -> Result<(), Cow<'static, str>> {
        let problem = problem.into();
        let Some(faults) = self.faults else {
            return Err(problem);
        };
        self.keep(faults, "", problem);
        Ok(())
    }

    /// Refuses a field that this message does not have.
    pub(super) fn refuse_unknown(&self, name: &str) -> Result<(), String> {
        let Some(faults) = self.faults else {
            return Err(format!("unknown field `{name}`"));
        };
        self.keep(faults, name, UNKNOWN_FIELD.into());
        Ok(())
    }

    /// Refuses two fields of this message that exclude each other.
    pub(super) fn refuse_both(&self, one: &str, other: &str) -> Result<(), String> {
        let Some(faults) = self.faults else {
            return Err(format!("`{one}` and `{other}` are both set"));
        };
        for (field, beside) in [(one, other), (other, one)] {
            let problem = format!("cannot be set together with `{beside}`");
            self.keep(faults, field, problem.into());
        }
        Ok(())
    }

    /// Keeps a fault of this place, or of a field with a name at this place.
    fn keep(&self, faults: &RefCell<Vec<Fault>>, name: &str, problem: Cow<'static, str>) {
        let mut faults = faults.borrow_mut();
        if faults.len() >= MAX_FAULTS {
            return;
        }
        let mut field = self.path();
        if !field.is_empty() && !name.is_empty() {
            field.push('.');
        }
        field.push_str(name);
        faults.push(Fault { field, problem });
    }

    fn path(&self) -> String {
        match self.step {
            Step::Top => String::new(),
            Step::Field(parent, name) => {
                let parent = parent.path();
                let dot = if parent.is_empty() { "" } else { "." };
                format!("{parent}{dot}{name}")
            }
            Step::Item(parent, position) => format!("{}[{position}]", parent.path()),
        }
    }
}

/// The name of an unknown field as it was written, for an error: cut to a limit, and with escapes for control characters.
pub(crate) fn written_name(name: &str) -> String {
    let mut written = String::new();
    for letter in name.chars().take(MAX_NAME_CHARS) {
        if letter.is_control() {
            written.extend(letter.escape_default());
        } else {
            written.push(letter);
        }
    }
    written
}

/// The name of a field in the contract, as every error names it: `reporterId` becomes `reporter_id`.
pub(crate) fn contract_name(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars().take(MAX_NAME_CHARS) {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
