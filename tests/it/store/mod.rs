//! The stores: one contract for all of them, and the rules of the store in Redis.

mod contract;
mod redis;
mod stores;
