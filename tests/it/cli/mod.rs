//! The command line: imports of files, imports of lists, files of numbering plans, and commands against a server that fails.

mod client;
mod import;
mod import_refusals;
mod lists;
mod notes;
mod owner_lists;
mod plans;
mod unproven;
