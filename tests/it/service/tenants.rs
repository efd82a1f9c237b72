//! Tenants over several instances: each follows what all tenants store and share, and finds them at its start.

use std::sync::Arc;

use crate::support::backends::Place as _;
use crate::support::instance::{Instance, days_before_noon, evidence_version, mutation, noon, report};
use crate::support::redis_backend::Redis;
use ringwarden::clock::Clock;
use ringwarden::domain::acceptance::SharedKind;
use ringwarden::domain::identity::{Grants, PrincipalId, Role, Roles};
use ringwarden::domain::tenant::TenantId;
use ringwarden::domain::visibility::Visibility;
use ringwarden::service::{LookupInput, NewKey, NewPrincipal, ThingInput};
use ringwarden::store::memory::MemoryStore;
use ringwarden::store::{Shard, Store};

const NUMBER: &str = "+13152328257";

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

/// A tenant begins with its first principal.
async fn begin(instance: &Instance, name: &str, id: u64) {
    let new = NewPrincipal {
        id: PrincipalId::parse(&format!("{name}-admin")).unwrap(),
        tenant: tenant(name),
        roles: Roles::of(&[Role::Admin]),
        grants: Grants::default(),
        certificates: Vec::new(),
        subjects: Vec::new(),
        key: Some(NewKey {
            id: ringwarden::domain::identity::KeyId::from_raw(id),
            hash: ringwarden::domain::identity::SecretHash::from_bytes([7; 32]),
            not_before: None,
            expires_at: None,
        }),
    };
    let request = mutation(&format!("begin-{name}"));
    instance.services.principals.create(&new, &request).await.unwrap();
}

async fn share_reports(instance: &Instance, of: &str, visibility: Visibility, request: &str) {
    let sharings = &instance.services.of(tenant(of)).unwrap().sharings;
    sharings
        .set((&ThingInput::Reports, &visibility), "", &mutation(request))
        .await
        .unwrap();
}

async fn accept_reports(instance: &Instance, by: &str, of: &str, request: &str) {
    let sharings = &instance.services.of(tenant(by)).unwrap().sharings;
    let reports = [SharedKind::Reports].into_iter().collect();
    sharings
        .accept((tenant(of), reports), "", &mutation(request))
        .await
        .unwrap();
}

fn count(instance: &Instance, viewer: &str) -> u32 {
    let input = LookupInput {
        viewer: tenant(viewer),
        number: NUMBER.to_owned(),
        full: true,
        ..LookupInput::default()
    };
    instance.ask(&input).facts.report_count
}

fn counts(instance: &Instance) -> [u32; 3] {
    ["north", "south", "default"].map(|viewer| count(instance, viewer))
}

async fn every_instance_knows_every_tenant(stores: [Arc<dyn Store>; 3]) {
    let [first, second, third] = stores;
    let one = Instance::over(first, Clock::manual(noon())).await;
    let two = Instance::over(second, Clock::manual(noon())).await;
    begin(&one, "north", 1).await;
    begin(&one, "south", 2).await;
    let reports = (1..=3).map(|n| Ok(report(NUMBER, &format!("r{n}"), days_before_noon(n))));
    let of_north = &one.services.of(tenant("north")).unwrap().reports;
    for outcome in of_north.submit_all(reports.collect()).await {
        outcome.unwrap();
    }
    assert_eq!(counts(&one), [3, 0, 0]);
    two.follower.sweep().await;
    assert_eq!(counts(&two), [3, 0, 0]);

    share_reports(&one, "north", Visibility::Named([tenant("south")].into()), "s1").await;
    assert_eq!(counts(&one), [3, 0, 0], "shared, and not accepted");
    accept_reports(&one, "south", "north", "a1").await;
    assert_eq!(counts(&one), [3, 3, 0]);
    two.follower.sweep().await;
    assert_eq!(counts(&two), [3, 3, 0]);
    let late = Instance::over(third, Clock::manual(noon())).await;
    assert_eq!(counts(&late), [3, 3, 0]);

    share_reports(&two, "north", Visibility::Private, "s2").await;
    assert_eq!(counts(&two), [3, 0, 0]);
    for instance in [&one, &late] {
        instance.follower.sweep().await;
        assert_eq!(counts(instance), [3, 0, 0]);
    }
    // Nothing of it has reached the default tenant.
    assert_eq!((one.index.number_count(), one.index.case_count()), (0, 0));
}

#[tokio::test]
async fn tenants_are_followed_in_memory() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    every_instance_knows_every_tenant([Arc::clone(&store), Arc::clone(&store), store]).await;
}

#[tokio::test]
async fn tenants_are_followed_over_redis() {
    let redis = Redis::fresh().await;
    let open = || redis.open(evidence_version());
    every_instance_knows_every_tenant([open().await, open().await, open().await]).await;
}

/// A tenant begins while another instance does not read, and the entries of its data are gone when that instance does.
async fn a_tenant_is_found_when_a_shard_is_loaded_again([first, second]: [Arc<dyn Store>; 2]) {
    let one = Instance::over(Arc::clone(&first), Clock::manual(noon())).await;
    let two = Instance::over(second, Clock::manual(noon())).await;
    begin(&one, "north", 1).await;
    let of_north = &one.services.of(tenant("north")).unwrap().reports;
    for outcome in of_north
        .submit_all(vec![Ok(report(NUMBER, "r1", days_before_noon(1)))])
        .await
    {
        outcome.unwrap();
    }
    let shard = Shard::of_number(NUMBER.parse().unwrap());
    let head = first.heads().await.unwrap()[shard.index()];
    first.forget_log(shard, head.seq).await.unwrap();
    two.follower.sweep().await;
    assert_eq!([&one, &two].map(|instance| count(instance, "north")), [1, 1]);
}

#[tokio::test]
async fn a_new_tenant_is_found_by_a_reload_in_memory() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    a_tenant_is_found_when_a_shard_is_loaded_again([Arc::clone(&store), store]).await;
}

#[tokio::test]
async fn a_new_tenant_is_found_by_a_reload_over_redis() {
    let redis = Redis::fresh().await;
    let open = || redis.open(evidence_version());
    a_tenant_is_found_when_a_shard_is_loaded_again([open().await, open().await]).await;
}
