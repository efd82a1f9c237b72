//! When keys were last used: told to the store, and shown by every instance.

use std::time::Duration;

use crate::support::backends::Place as _;
use crate::support::instance::{Instance, evidence_version, mutation, noon};
use crate::support::redis_backend::Redis;
use ringwarden::clock::Clock;
use ringwarden::domain::identity::{ApiKey, Grants, KeyId, PrincipalId, Role, Roles};
use ringwarden::domain::tenant::TenantId;
use ringwarden::domain::time::Timestamp;
use ringwarden::service::{NewKey, NewPrincipal, Proof};

const MINUTE: Duration = Duration::from_secs(60);

fn key() -> ApiKey {
    ApiKey::new("test", KeyId::from_raw(1), [1; 32]).unwrap()
}

fn id() -> PrincipalId {
    PrincipalId::parse("switch").unwrap()
}

fn accept(instance: &Instance) {
    let identities = &instance.services.identities;
    let found = identities.identify(Proof::Key(&key().text())).unwrap().unwrap();
    assert_eq!(found.principal.id, id());
    identities.note_use(&found);
}

/// When the key was last used, as an instance shows it.
async fn last_use(instance: &Instance) -> Option<Timestamp> {
    let services = &instance.services;
    let found = services.principals.get(&id()).await.unwrap();
    let uses = services.principals.last_uses(&services.identities, &[found]).await;
    uses.of(key().id())
}

#[tokio::test]
async fn a_use_is_shown_by_every_instance() {
    let redis = Redis::fresh().await;
    let instance = async || Instance::over(redis.open(evidence_version()).await, Clock::manual(noon())).await;
    let (one, two) = (instance().await, instance().await);
    let new = NewPrincipal {
        id: id(),
        tenant: TenantId::DEFAULT,
        roles: Roles::of(&[Role::Admin]),
        grants: Grants::default(),
        certificates: Vec::new(),
        subjects: Vec::new(),
        key: Some(NewKey {
            id: key().id(),
            hash: key().secret_hash(),
            not_before: None,
            expires_at: None,
        }),
    };
    one.services.principals.create(&new, &mutation("create")).await.unwrap();
    two.follower.sweep().await;
    assert_eq!((last_use(&one).await, last_use(&two).await), (None, None));

    accept(&one);
    assert_eq!((last_use(&one).await, last_use(&two).await), (Some(noon()), None));
    assert_eq!(one.services.keep_key_uses().await.unwrap(), 1);
    assert_eq!(last_use(&two).await, Some(noon()));

    // Within ten minutes it is not told again.
    one.clock.advance(5 * MINUTE);
    accept(&one);
    assert_eq!(one.services.keep_key_uses().await.unwrap(), 0);
    let later = |minutes: u32| Some(noon().plus(MINUTE * minutes));
    assert_eq!((last_use(&one).await, last_use(&two).await), (later(5), later(0)));

    // The latest use counts, whoever tells it first.
    two.clock.advance(20 * MINUTE);
    accept(&two);
    assert_eq!(two.services.keep_key_uses().await.unwrap(), 1);
    one.clock.advance(5 * MINUTE);
    accept(&one);
    assert_eq!(one.services.keep_key_uses().await.unwrap(), 1);
    assert_eq!((last_use(&one).await, last_use(&two).await), (later(20), later(20)));
    // An instance that starts later shows it too.
    assert_eq!(last_use(&instance().await).await, later(20));
}
