//! The bytes of case records.
