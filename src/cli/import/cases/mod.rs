//! `import cases`: fraud cases from published letters, such as those of the FTC's Project Point of No Entry.
//!
//! A file has the columns `phone_e164,category,call_date,case_doc`: a number that a letter names, what its calls were
//! about, when one was recorded, and the letter. Every letter becomes a case, and its numbers are linked to it.

mod categories;
mod letter;
mod load;
mod reader;

use clap::Args;

pub(super) use load::run;
pub use reader::{Letter, Letters, Link, read};

use super::Common;

/// Which file, and who imports it.
#[derive(Args, Debug)]
pub struct CasesArgs {
    #[command(flatten)]
    common: Common,
    /// Who imports them [default: the name you are logged in by]
    #[arg(long, value_name = "NAME", env = "RINGWARDEN_ACTOR")]
    actor: Option<String>,
}
