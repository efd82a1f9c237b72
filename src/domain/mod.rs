//! What is known of a number, and what follows from it: pure values and functions.
//!
//! Nothing here waits, reads a clock, or knows of protobuf, Redis or a file. Time is an argument everywhere.
//!
//! Data flows one way: [`report`] rows are kept in [`rows`], folded into [`evidence`]; a [`state::NumberState`]
//! joins evidence with [`status`] entries and [`case`] links; with the neighbourhood of the number ([`range`]) it becomes
//! a few numbers ([`feature`]), from which [`score`] makes a score with reasons, by the weights of a [`model`]; [`policy`]
//! turns the score into an action. The other way round, a [`verdict`] of analysts or cases judges what a [`reporter`]
//! claimed, and so decides what the next report of theirs weighs. Apart from reports, the calls themselves tell something
//! of whoever makes them: [`traffic`]. People are told in words ([`advice`]) and in a name on the screen ([`label`]).

pub mod actor;
pub mod advice;
pub mod bitmap;
pub mod brand;
pub mod call;
pub mod case;
pub mod day;
pub mod decay;
pub mod decision;
pub mod evidence;
pub mod feature;
pub mod ids;
pub mod kinds;
pub mod label;
pub mod list;
pub mod model;
pub mod policy;
pub mod quota;
pub mod range;
pub mod report;
pub mod reporter;
pub mod requests;
pub mod rows;
pub mod score;
pub mod state;
pub mod status;
pub mod tail;
pub mod tenant;
pub mod time;
pub mod traffic;
pub mod verdict;
pub mod weight;
