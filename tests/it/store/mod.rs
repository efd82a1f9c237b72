//! The stores: one contract for all of them, the rules of the store in Redis, and a follower of it.

mod compared;
mod contract;
mod emptied;
mod follower;
mod inspected;
mod redis;
mod redis_replica;
mod stores;
