//! Changes of records in Redis behind the back of all instances, as somebody makes them who writes to the store by hand: without
//! a version of their own and without an entry of the change log.

use ringwarden::number::E164;
use ringwarden::store::Shard;

use super::redis_server::RedisServer;

/// The key of the hash with the numbers of a shard.
fn hash(number: E164) -> String {
    format!("rw:{{s{}}}:default:number", Shard::of_number(number))
}

fn id(number: E164) -> [u8; 8] {
    number.digits().to_be_bytes()
}

fn connection(server: &RedisServer) -> redis::Connection {
    let client = redis::Client::open(server.url()).expect("a URL");
    client.get_connection().expect("a connection")
}

/// The version and the bytes of the record of a number.
pub fn record(server: &RedisServer, number: E164) -> Vec<u8> {
    let mut command = redis::cmd("HGET");
    command.arg(hash(number)).arg(&id(number));
    command.query(&mut connection(server)).expect("a record")
}

/// Puts another record in the place of that of a number, or a record where there was none.
pub fn put(server: &RedisServer, number: E164, record: &[u8]) {
    let mut command = redis::cmd("HSET");
    command.arg(hash(number)).arg(&id(number)).arg(record);
    let _fields: u32 = command.query(&mut connection(server)).expect("an answer");
}

/// Gives the record of a number the content of another one, and leaves its version.
pub fn exchange_content(server: &RedisServer, number: E164, other: E164) {
    let (own, other) = (record(server, number), record(server, other));
    put(server, number, &[&own[..8], &other[8..]].concat());
}

/// Puts a record into the table of another shard than its own.
pub fn misplace(server: &RedisServer, number: E164, beside: E164) {
    let mut command = redis::cmd("HSET");
    command.arg(hash(beside)).arg(&id(number)).arg(record(server, number));
    let _fields: u32 = command.query(&mut connection(server)).expect("an answer");
}

/// Deletes the record of a number.
pub fn delete(server: &RedisServer, number: E164) {
    let mut command = redis::cmd("HDEL");
    command.arg(hash(number)).arg(&id(number));
    let deleted: u32 = command.query(&mut connection(server)).expect("an answer");
    assert_eq!(deleted, 1);
}
