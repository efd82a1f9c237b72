//! The reading of numbers, compared with the recorded answers of libphonenumber, with another port of it, and with the
//! tables of the documentation; and fed with random texts.

mod emergency;
mod findings;
mod forms;
mod fuzz;
mod libphonenumber;
mod misread;
mod newer;
mod rlibphonenumber;
