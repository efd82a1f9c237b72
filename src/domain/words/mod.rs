//! Words of answers in five languages, other than advice: reasons, the screen, decisions of the past, kinds of calls.
//!
//! The words are data, one file a [`Language`] in `data/`, so that a translator needs no Rust. A file that lacks a text is
//! refused, and a test compares the places for values. A reason is a code, points and one figure, and its sentence follows
//! from these: so a decision of the past is told in the words of the answer, in any language.

mod categories;
mod decision;
mod fill;
mod reasons;
mod remarks;
mod screen;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde::Deserialize;

use super::language::Language;
use categories::CategoryWords;
use decision::DecisionWords;
use reasons::ReasonWords;
use remarks::RemarkWords;
use screen::ScreenWords;

pub use categories::{CategoryText, category};
pub use decision::{Told, decision};
pub(super) use fill::fill;
pub use reasons::{Figure, MAX_FIGURE, ReasonFacts, owner_without_name, reason};
pub use remarks::{Remark, remark};
pub(super) use screen::screen;

static ENGLISH: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("data/en.toml")));
static GERMAN: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("data/de.toml")));
static SPANISH: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("data/es.toml")));
static FRENCH: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("data/fr.toml")));
static HINDI: LazyLock<Words> = LazyLock::new(|| Words::read(include_str!("data/hi.toml")));

/// All words of a language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    reasons: ReasonWords,
    display: ScreenWords,
    decision: DecisionWords,
    remarks: RemarkWords,
    categories: CategoryWords,
}

impl Words {
    /// The words of a language, read at its first use.
    fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::German => &GERMAN,
            Language::Spanish => &SPANISH,
            Language::French => &FRENCH,
            Language::Hindi => &HINDI,
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "the files are part of the program, and a test reads each"
    )]
    fn read(file: &str) -> Self {
        toml::from_str(file).expect("the file has words for everything")
    }
}

/// Reads the words of every language, which otherwise happens at the first answer. Called once at the start, so that no
/// lookup waits for it.
pub fn warm_up() {
    for &language in Language::ALL {
        Words::of(language);
    }
}
