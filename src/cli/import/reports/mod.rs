//! `import reports`: imports reports from any table: CSV or a workbook, with columns of any name.
//!
//! 1. The columns are named by the user, or guessed from the header (`field`).
//! 2. The whole file is looked at, before anything is sent (`scan`): the order of its dates, the values without a
//!    category, and whether it is UTF-8.
//! 3. The columns and the first rows are shown, and the user confirms them (`preview`).
//! 4. The reports are sent as those of any other file (`transfer`).

mod dates;
mod field;
mod preview;
mod reader;
mod row;
mod run;
mod scan;
mod values;
mod zone;

use std::path::PathBuf;

use clap::Args;

pub(super) use field::is_header;
pub(in crate::cli) use run::run;

use super::Common;
use super::mapping::MapArgs;
use super::transfer::TransferArgs;
use crate::cli::confirm::Confirm;
use crate::cli::names;
use crate::cli::shared::{self, InRegion};
use crate::domain::day::Day;
use crate::wire::v1::{Category, Source};
use dates::Dates;
use zone::Zone;

/// Name of the feed of reports, if the user names none.
const FEED: &str = "file";

/// Arguments of `import reports`.
#[derive(Args, Debug)]
pub struct ReportsArgs {
    #[command(flatten)]
    pub(in crate::cli) common: Common,
    #[command(flatten)]
    pub(in crate::cli) transfer: TransferArgs,
    #[command(flatten)]
    pub(in crate::cli) meaning: MeaningArgs,
    #[command(flatten)]
    pub(in crate::cli) confirm: Confirm,
}

/// What the columns and values of a file mean.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct MeaningArgs {
    #[command(flatten)]
    pub(in crate::cli) map: MapArgs,
    /// File of the categories of values (CSV: column,value,category)
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) values: Option<PathBuf>,
    /// Category of rows whose value names none
    #[arg(long, value_parser = names::parser::<Category>())]
    pub(in crate::cli) category: Option<Category>,
    #[command(flatten)]
    pub(in crate::cli) region: InRegion,
    /// Source of the reports [default: CONSUMER]
    #[arg(long, value_parser = names::parser::<Source>())]
    pub(in crate::cli) source: Option<Source>,
    /// Name of the feed (the data set) of the reports
    #[arg(long, value_name = "NAME", default_value = FEED)]
    pub(in crate::cli) feed: String,
    /// Time zone of times without an offset, such as Europe/Madrid or +05:30 [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub(in crate::cli) time_zone: Option<Zone>,
    /// Day of the file: that of calls whose row has no time, such as 2026-01-31 [default: the import]
    #[arg(long, value_name = "DAY", value_parser = shared::day)]
    pub(in crate::cli) date: Option<Day>,
    /// Form of the dates [default: what all dates of the file show]
    #[arg(long, value_name = "FORM", value_enum)]
    pub(in crate::cli) dates: Option<Dates>,
}

impl MeaningArgs {
    /// Whether the user names the columns.
    pub(in crate::cli) fn has_map(&self) -> bool {
        self.map.is_given()
    }
}
