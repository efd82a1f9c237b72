//! The reading of numbers: against libphonenumber's recorded answers, against another port of it, against the tables of
//! the documentation, and against nonsense.

mod findings;
mod forms;
mod fuzz;
mod libphonenumber;
mod rlibphonenumber;
