//! The stores: one contract for all of them, and what the store in Redis refuses.

mod contract;
mod redis;
mod stores;
