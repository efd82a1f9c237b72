//! The command line: imports of files, imports of lists, files of other servers, exports, lookups of files, files of
//! numbering plans, models, principals and keys, and commands against a server that fails.

mod case_files;
mod client;
mod decision_log;
mod decisions;
mod destruction;
mod doctor;
mod exports;
mod finding;
mod import;
mod import_limits;
mod import_refusals;
mod key;
mod lists;
mod lookup_files;
mod mapped;
mod mistakes;
mod models;
mod newcomer;
mod notes;
mod owner_lists;
mod pending;
mod plans;
mod private_files;
mod pull;
mod range_labels;
mod refusals;
mod screens;
mod shadow;
mod steps;
mod unproven;
mod untimed;
