//! A migration to another evidence version folds the numbers of every tenant again.

use std::sync::Arc;

use super::{NUMBER, memory};
use crate::support::instance::{Instance, days_before_noon, mutation, noon, report};
use ringwarden::clock::Clock;
use ringwarden::codec;
use ringwarden::domain::identity::{Grants, PrincipalId, Role, Roles};
use ringwarden::domain::model::ScoreModel;
use ringwarden::domain::state::NumberState;
use ringwarden::domain::tenant::TenantId;
use ringwarden::follow::Follower;
use ringwarden::index::Index;
use ringwarden::metrics::Metrics;
use ringwarden::number::E164;
use ringwarden::service::{Foundations, NewPrincipal, ServiceError, ServiceSettings, Services};
use ringwarden::store::{RecordKey, Store, StoredKey};

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

/// A tenant begins with its first principal.
async fn begin(one: &Instance, name: &str) {
    let new = NewPrincipal {
        id: PrincipalId::parse(&format!("{name}-admin")).unwrap(),
        tenant: tenant(name),
        roles: Roles::of(&[Role::Admin]),
        grants: Grants::default(),
        certificates: Vec::new(),
        subjects: Vec::new(),
        key: None,
    };
    one.services
        .principals
        .create(&new, &mutation(&format!("begin-{name}")))
        .await
        .unwrap();
}

async fn submit(services: &Services, name: &str, number: &str, id: &str) -> Result<(), ServiceError> {
    let reports = &services.of(tenant(name)).unwrap().reports;
    reports.submit(report(number, id, days_before_noon(3))).await.map(drop)
}

/// The evidence version with which a tenant's number was folded.
async fn folded_with(store: &dyn Store, name: &str, number: &str) -> u32 {
    let number: E164 = number.parse().unwrap();
    let key = StoredKey::Record(RecordKey::of::<NumberState>(tenant(name), &number));
    let stored = store.read(&[key]).await.unwrap().pop().flatten().unwrap();
    codec::number::decode(&stored.bytes).unwrap().evidence_version
}

#[tokio::test]
async fn the_numbers_of_all_tenants_are_folded_again() {
    const OTHER: &str = "+13152328258";
    let tenants = [
        ("default", NUMBER),
        ("north", NUMBER),
        ("north", OTHER),
        ("south", OTHER),
    ];
    let store = memory();
    {
        let one = Instance::over(Arc::clone(&store), Clock::manual(noon())).await;
        begin(&one, "north").await;
        begin(&one, "south").await;
        for (nth, (name, number)) in tenants.into_iter().enumerate() {
            submit(&one.services, name, number, &format!("r{nth}")).await.unwrap();
        }
    }
    let mut model = ScoreModel::default();
    model.fold.short_days = 4.0;
    let newer = model.fold.evidence_version();
    let (clock, metrics) = (Clock::manual(noon()), Metrics::new());
    let index = Arc::new(Index::new(Arc::new(model)));
    let follower = Arc::new(Follower::new(Arc::clone(&store), index, clock.clone(), metrics.clone()));
    follower.bootstrap().await.unwrap();
    let foundations = Foundations {
        store: Arc::clone(&store),
        follower,
        clock,
        metrics,
    };
    let services = Services::new(foundations, ServiceSettings::default());
    for (name, number) in tenants {
        assert_ne!(folded_with(store.as_ref(), name, number).await, newer, "{name}");
        let refused = submit(&services, name, number, "early").await;
        assert!(
            matches!(refused, Err(ServiceError::EvidenceVersionMismatch)),
            "{refused:?}"
        );
    }
    assert_eq!(services.migrate().await.unwrap(), 4);
    assert_eq!(store.evidence_version().await.unwrap(), newer);
    for (name, number) in tenants {
        assert_eq!(folded_with(store.as_ref(), name, number).await, newer, "{name}");
        submit(&services, name, number, "late").await.unwrap();
    }
}
