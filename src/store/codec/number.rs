//! The bytes of number records.
