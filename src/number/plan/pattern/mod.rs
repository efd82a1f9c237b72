//! Patterns over digits: the small language in which numbering plans are written.
//!
//! A plan holds some three thousand of them. General regular expressions would be compiled one by
//! one, cost tens of kilobytes each and share scratch memory between threads; the patterns need
//! no more than ten digits, alternatives and repeats. So each becomes a short [`Program`], which
//! is either run directly (prefixes, formats) or merged with others into one [`Automaton`]
//! that settles a number in a single walk (region and kind of line).

mod automaton;
mod program;
mod run;
mod syntax;

pub(super) use automaton::Automaton;
pub(super) use program::Program;
pub(super) use run::Match;
pub(super) use syntax::PatternSyntaxError;
