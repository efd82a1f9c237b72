//! The inspection of a store: each kind of damage is named, and nothing else.

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::inspect::DamageKind::{
    BeyondLog, BrokenLog, Missing, UnlikeLog, UnlikeRows, Unreadable, WithoutRecord, WrongShard,
};
use ringwarden::inspect::{DamageKind, InspectedShard, inspect_shard};
use ringwarden::number::E164;
use ringwarden::store::Shard;
use ringwarden::store::redis::{RedisConfig, RedisStore};

use crate::support::altered;
use crate::support::instance::{Instance, evidence_version, noon, number, report};
use crate::support::redis_commits::DURABLE;
use crate::support::redis_server::RedisServer;
use ringwarden::domain::tenant::TenantId;

/// A change by hand.
type Change = fn(&RedisServer, E164, E164);

/// A number of another block than `of`, and of another shard.
fn elsewhere(of: E164) -> E164 {
    let others = (1..).map(|n| number(n * 10_000));
    let mut others = others.filter(|other| Shard::of_number(*other) != Shard::of_number(of));
    others.next().unwrap()
}

fn kinds(inspected: &InspectedShard) -> Vec<DamageKind> {
    assert_eq!(inspected.damage, inspected.named.len() as u64);
    inspected.named.iter().map(|damage| damage.what).collect()
}

fn set_version(server: &RedisServer, number: E164, version: u64) {
    let record = altered::record(server, number);
    altered::put(server, number, &[&version.to_be_bytes(), &record[8..]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_damage_is_named() {
    let cases: [(Change, &[DamageKind], &[DamageKind]); 6] = [
        (
            |server, own, _| altered::delete(server, own),
            &[WithoutRecord, Missing],
            &[],
        ),
        (|server, own, _| set_version(server, own, 99), &[BeyondLog], &[]),
        (|server, own, _| set_version(server, own, 1), &[UnlikeLog], &[]),
        (
            |server, own, other| altered::misplace(server, own, other),
            &[],
            &[WrongShard, UnlikeLog, UnlikeRows],
        ),
        (
            |server, own, _| altered::put(server, own, &altered::record(server, own)[..12]),
            &[Unreadable],
            &[],
        ),
        (
            |server, own, _| drop(server.command(&["XDEL", &format!("rw:{{s{}}}:log", Shard::of_number(own)), "2-0"])),
            &[BrokenLog],
            &[],
        ),
    ];
    for (at, (change, in_own, in_other)) in cases.into_iter().enumerate() {
        let server = RedisServer::start(&DURABLE);
        let config = RedisConfig::parse(&server.url()).unwrap();
        let store = Arc::new(RedisStore::open(config, evidence_version()).await.unwrap());
        let one = Instance::over(Arc::<RedisStore>::clone(&store), Clock::manual(noon())).await;
        let own = number(0);
        let other = elsewhere(own);
        for round in 0..3 {
            let of = |number: E164| Ok(report(&number.to_string(), &format!("r{round}-{number}"), noon()));
            let outcomes = one.services.reports.submit_all(vec![of(own), of(other)]).await;
            assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        }
        let inspect = async |number| {
            let shard = Shard::of_number(number);
            let inspected = inspect_shard(store.as_ref(), shard, &[TenantId::DEFAULT])
                .await
                .unwrap();
            assert!(inspected.is_compared);
            kinds(&inspected)
        };
        assert_eq!((inspect(own).await, inspect(other).await), (vec![], vec![]));
        change(&server, own, other);
        assert_eq!(inspect(own).await, in_own, "case {at}");
        assert_eq!(inspect(other).await, in_other, "case {at}");
    }
}
