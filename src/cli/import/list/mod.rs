//! `import list`: a file of numbers and prefixes in the place of a list.
//!
//! A file has a header and the columns `number,source,date,requester,expires` in any order; a list of kind
//! `tenant-prefix` also has `action`. A malformed line stops the import before anything is sent, since half a list is
//! worse than the old one: the list in force stays.

mod read;
mod send;

use clap::Args;

pub use read::{Entries, read};
pub(super) use send::run;

use super::Common;
use crate::cli::names;
use crate::cli::shared::Change;
use crate::wire::v1::ListKind;

/// Which file, which list, and what it means.
#[derive(Args, Debug)]
pub struct ImportListArgs {
    #[command(flatten)]
    common: Common,
    /// What the list means for calls
    #[arg(long, value_parser = names::parser::<ListKind>())]
    kind: ListKind,
    /// Name of the list: letters, digits, - and _
    #[arg(long, value_name = "NAME")]
    list_id: String,
    /// Let the list become empty; without this an empty file is refused, since it is a failed export more often than not
    #[arg(long)]
    may_be_empty: bool,
    /// Replace only this version of the list, 0 for none yet
    #[arg(long, value_name = "VERSION")]
    expected_version: Option<u64>,
    #[command(flatten)]
    change: Change,
}
