//! The command line: imports of files, imports of lists, exports, lookups of files, files of numbering plans, models, and
//! commands against a server that fails.

mod client;
mod decision_log;
mod exports;
mod import;
mod import_refusals;
mod lists;
mod lookup_files;
mod models;
mod notes;
mod owner_lists;
mod plans;
mod range_labels;
mod screens;
mod shadow;
