//! A snapshot is used whole or not at all, and gives back what the index held.
