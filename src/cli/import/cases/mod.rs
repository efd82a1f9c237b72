//! `import cases`: imports fraud cases from published letters, such as those of the FTC's Project Point of No Entry.
//!
//! A file has the columns `phone_e164,category,call_date,case_doc`: a number that a letter names, the subject of its
//! calls, the date of a recorded call, and the letter. Every letter becomes a case, and its numbers are linked to it.

mod categories;
mod letter;
mod load;
mod reader;

use clap::Args;

pub(super) use load::run;
pub use reader::{Letter, LetterNumber, Letters, read};

use super::{Common, MinAccepted};

/// Arguments of `import cases`.
#[derive(Args, Debug)]
pub struct CasesArgs {
    #[command(flatten)]
    common: Common,
    /// Fail if less than this share of the rows can be taken
    #[arg(long, value_name = "SHARE", default_value = "50%")]
    min_accepted: MinAccepted,
    /// Name of the person who makes the import [default: your login name]
    #[arg(long, value_name = "NAME", env = "RINGWARDEN_ACTOR")]
    actor: Option<String>,
}
