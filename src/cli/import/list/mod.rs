//! `import list`: replaces a list by a file of numbers and prefixes.
//!
//! A file has a header and the columns `number,source,date,requester,expires` in any order, or columns that the user names
//! (`--map`). A list of kind `tenant-prefix` also has the column `action`, and one of kind `known-owner` has
//! `organisation,brand,calls`. A malformed line stops the import before anything is sent, because half of a list is worse than
//! the old list. Then the current list stays as it is.

mod read;
mod send;
mod shrink;

use clap::Args;

pub use read::{Entries, EntryArgs, read, read_as};
pub(super) use send::run;

use super::Common;
use crate::cli::confirm::Confirm;
use crate::cli::names;
use crate::cli::shared::Change;
use crate::wire::v1::ListKind;

/// Arguments of `import list`.
#[derive(Args, Debug)]
pub struct ImportListArgs {
    #[command(flatten)]
    common: Common,
    /// Kind of the list: what it means for calls
    #[arg(long, value_parser = names::parser::<ListKind>())]
    kind: ListKind,
    /// Id of the list: letters, digits, - and _
    #[arg(long, value_name = "NAME")]
    list_id: String,
    /// Accept a file without entries; without this flag it is refused, because it is probably a failed export
    #[arg(long)]
    may_be_empty: bool,
    /// Accept prefixes that cover a whole country, such as +44*; without this flag they are refused, because they are
    /// probably numbers that were cut off
    #[arg(long)]
    whole_country: bool,
    /// Replace the list only if it has this version; 0 if the list must not exist yet [default: any version]
    #[arg(long, value_name = "VERSION")]
    expected_version: Option<u64>,
    #[command(flatten)]
    columns: EntryArgs,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    change: Change,
}
