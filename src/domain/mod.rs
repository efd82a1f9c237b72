//! The facts about a number and the rules that turn them into a decision: pure values and functions.
//!
//! Nothing here waits, reads a clock, or knows of protobuf, Redis or files. Time is always an argument.
//!
//! Data flows one way: [`report`] rows are kept in [`rows`] and folded into [`evidence`]. A [`state::NumberState`]
//! joins evidence with [`status`] entries and [`case`] links. With the neighbourhood of the number ([`range`]) it gives
//! the features ([`feature`]), from which [`score`] computes a score with reasons, by the weights of a [`model`].
//! [`policy`] turns the score into an action. In the other direction, the ground truth of analysts and cases
//! ([`ground_truth`]) judges the claims of a [`reporter`] and so decides the weight of their next report. Besides reports,
//! the calls themselves are evidence on their caller: [`traffic`]. People get advice in words ([`advice`]) and a name
//! on the screen ([`label`]). Analysts write notes ([`note`]), which change no score. [`identity`] says who may do what.

pub mod acceptance;
pub mod actor;
pub mod advice;
pub mod audit;
pub mod bitmap;
pub mod brand;
pub mod brand_feeds;
pub mod buckets;
pub mod call;
pub mod caller_name;
pub mod case;
pub mod case_history;
pub mod comment;
pub mod day;
pub mod day_use;
pub mod decay;
pub mod decision;
pub mod display;
pub mod erased;
pub mod erasure;
pub mod evidence;
pub mod feature;
pub mod ground_truth;
pub mod identity;
pub mod ids;
pub mod kinds;
pub mod label;
pub mod language;
pub mod latest_time;
pub mod list;
pub mod model;
pub mod note;
pub mod origin;
pub mod policy;
pub mod quota;
pub mod range;
pub mod reason_code;
pub mod report;
pub mod reporter;
pub mod reporter_table;
pub mod request_memory;
pub mod requests;
pub mod retention;
pub mod rows;
pub mod score;
pub mod state;
pub mod status;
pub mod tenant;
pub mod time;
pub mod traffic;
pub mod unknown_fields;
pub mod visibility;
pub mod visible;
pub mod weight;
pub mod words;
