//! x

pub mod number;
