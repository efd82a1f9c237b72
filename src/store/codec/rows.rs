//! The bytes of rows records.
