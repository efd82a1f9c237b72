//! The format of a store.

/// The format of everything in a store: keys, records, log entries, and the identity itself. It is the first byte of the
/// identity. A store of another format is refused when it is opened. History: 1 had no tenant in its keys and entries.
pub const STORE_FORMAT: u8 = 2;
