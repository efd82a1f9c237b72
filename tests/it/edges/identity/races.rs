//! Changes of principals at the same moment, on two instances; and what their claims keep for later.

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::domain::identity::{
    ApiKey, CertificateHash, Grants, KeyId, PrincipalId, Role, Roles, Subject, SubjectName, WorkingCredentials,
};
use ringwarden::domain::tenant::TenantId;
use ringwarden::service::{
    Bootstrapped, Identities, NewKey, NewPrincipal, PrincipalChange, Proof, ServiceError, ServiceSettings,
};
use ringwarden::store::Store;
use ringwarden::store::memory::MemoryStore;

use super::{key, mutation};
use crate::support::instance::{Instance, evidence_version};

const ROUNDS: usize = 40;

async fn two() -> (Instance, Instance) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(evidence_version()).unwrap());
    let one = Instance::over(Arc::clone(&store), Clock::system()).await;
    (one, Instance::over(store, Clock::system()).await)
}

fn new_key(key: &ApiKey) -> NewKey {
    NewKey {
        id: key.id(),
        hash: key.secret_hash(),
        not_before: None,
        expires_at: None,
    }
}

fn admin(name: &str, key: Option<&ApiKey>) -> NewPrincipal {
    NewPrincipal {
        id: PrincipalId::parse(name).unwrap(),
        tenant: TenantId::DEFAULT,
        roles: Roles::of(&[Role::Admin]),
        grants: Grants::default(),
        certificates: Vec::new(),
        subjects: Vec::new(),
        key: key.map(new_key),
    }
}

async fn disable(on: &Instance, name: &str, disabled: bool, request: &str) -> Result<(), ServiceError> {
    let change = PrincipalChange {
        disabled: Some(disabled),
        ..PrincipalChange::default()
    };
    let id = PrincipalId::parse(name).unwrap();
    let principals = &on.services.principals;
    principals.update(&id, &change, &mutation(request)).await.map(drop)
}

fn works(identities: &Identities, key: &ApiKey) -> bool {
    identities.identify(Proof::Key(&key.text())).unwrap().is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_administrators_that_lock_each_other_out_at_once_leave_one() {
    let (one, two) = two().await;
    let principals = &one.services.principals;
    for (name, number) in [("ana", 1), ("ben", 2)] {
        let new = admin(name, Some(&key(number)));
        principals
            .create(&new, &mutation(&format!("create-{name}")))
            .await
            .unwrap();
    }
    for round in 0..ROUNDS {
        let (by_ben, by_ana) = (format!("a{round}"), format!("b{round}"));
        let (ana, ben) = tokio::join!(disable(&one, "ana", true, &by_ben), disable(&two, "ben", true, &by_ana));
        one.services.refresh().await;
        let identities = &one.services.identities;
        let (ana_works, ben_works) = (works(identities, &key(1)), works(identities, &key(2)));
        assert!(ana_works || ben_works, "round {round}: {ana:?} {ben:?}");
        for (name, works) in [("ana", ana_works), ("ben", ben_works)] {
            if !works {
                let request = format!("again-{name}-{round}");
                disable(&two, name, false, &request).await.unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_that_two_take_at_once_has_one_holder() {
    let (one, two) = two().await;
    for round in 0..ROUNDS {
        let id = KeyId::from_raw(1_000 + round as u64);
        let key = ApiKey::new("test", id, [7; 32]).unwrap();
        let new = |name: String| NewPrincipal {
            certificates: vec![CertificateHash([u8::try_from(round).unwrap(); 32])],
            ..admin(&name, Some(&key))
        };
        let (first, second) = (new(format!("x{round}")), new(format!("y{round}")));
        let (by_first, by_second) = (mutation(&format!("x{round}")), mutation(&format!("y{round}")));
        let (first, second) = tokio::join!(
            one.services.principals.create(&first, &by_first),
            two.services.principals.create(&second, &by_second)
        );
        assert!(first.is_ok() != second.is_ok(), "round {round}: {first:?} {second:?}");
        one.services.refresh().await;
        assert!(works(&one.services.identities, &key));
        let request = mutation(&format!("r{round}"));
        let revoked = two.services.principals.revoke_key(id, "", &request);
        // The first administrator of all is also the last.
        assert_eq!(revoked.await.is_ok(), round > 0);
        one.services.refresh().await;
        assert_eq!(works(&one.services.identities, &key), round == 0);
    }
}

#[tokio::test]
async fn the_id_of_a_revoked_key_is_never_used_again() {
    let (one, two) = two().await;
    let principals = &one.services.principals;
    let ana = PrincipalId::parse("ana").unwrap();
    principals
        .create(&admin("ana", Some(&key(1))), &mutation("ana"))
        .await
        .unwrap();
    principals
        .create(&admin("ben", Some(&key(2))), &mutation("ben"))
        .await
        .unwrap();
    principals.revoke_key(key(1).id(), "", &mutation("lost")).await.unwrap();
    for number in 10..20 {
        let (next, add) = (new_key(&key(number)), mutation(&format!("add-{number}")));
        principals.add_key(&ana, (&next, None), &add).await.unwrap();
        principals
            .revoke_key(next.id, "", &mutation(&format!("revoke-{number}")))
            .await
            .unwrap();
    }
    let kept = principals.get(&ana).await.unwrap().principal.keys.len();
    assert!(kept < 11, "the first keys are forgotten: {kept}");
    for on in [&one, &two] {
        for (number, name) in [(1, "ana"), (10, "ana"), (1, "ben")] {
            let id = PrincipalId::parse(name).unwrap();
            let request = mutation(&format!("again-{number}-{name}-{}", std::ptr::from_ref(on).addr()));
            let again = on
                .services
                .principals
                .add_key(&id, (&new_key(&key(number)), None), &request)
                .await;
            let taken = matches!(again, Err(ServiceError::ContentMismatch { field: "key_id" }));
            assert!(taken, "{number} {name}: {again:?}");
        }
    }
    assert!(!works(&one.services.identities, &key(1)));
}

#[tokio::test]
async fn names_of_the_program_and_names_in_other_letters_are_refused() {
    let (one, two) = two().await;
    one.services
        .principals
        .create(&admin("ana", Some(&key(1))), &mutation("ana"))
        .await
        .unwrap();
    for name in ["anonymous", "Reporters", "BOOTSTRAP", "migration", "retention"] {
        let refused = one
            .services
            .principals
            .create(&admin(name, None), &mutation(name))
            .await;
        assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{name}: {refused:?}");
    }
    for (on, name) in [(&one, "Ana"), (&two, "ANA"), (&two, "ana")] {
        let request = mutation(&format!("{name}-2"));
        let refused = on.services.principals.create(&admin(name, None), &request).await;
        let taken = matches!(refused, Err(ServiceError::ContentMismatch { field: "principal_id" }));
        assert!(taken, "{name}: {refused:?}");
    }
}

/// An administrator who cannot prove who he or she is does not count.
#[tokio::test]
async fn the_last_administrator_is_the_last_with_a_credential_that_works() {
    let part = |text| SubjectName::parse(text).unwrap();
    let subject = Subject {
        issuer: part("https://id.example.org"),
        subject: part("1"),
    };
    for (certificates, tokens) in [(false, false), (true, false), (false, true)] {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(evidence_version()).unwrap());
        let settings = ServiceSettings {
            working_credentials: WorkingCredentials { certificates, tokens },
            ..ServiceSettings::default()
        };
        let instance = Instance::unloaded_by(store, Clock::system(), settings);
        instance.follower.bootstrap().await.unwrap();
        let principals = &instance.services.principals;
        principals
            .create(&admin("ana", Some(&key(1))), &mutation("ana"))
            .await
            .unwrap();
        let by_certificate = NewPrincipal {
            certificates: vec![CertificateHash([1; 32])],
            ..admin("certificate", None)
        };
        principals
            .create(&by_certificate, &mutation("certificate"))
            .await
            .unwrap();
        let by_token = NewPrincipal {
            subjects: vec![subject.clone()],
            ..admin("token", None)
        };
        principals.create(&by_token, &mutation("token")).await.unwrap();
        let later = NewKey {
            not_before: Some(instance.clock.now().plus(std::time::Duration::from_secs(3_600))),
            ..new_key(&key(2))
        };
        let ana = PrincipalId::parse("ana").unwrap();
        principals
            .add_key(&ana, (&later, None), &mutation("later"))
            .await
            .unwrap();
        let revoked = principals.revoke_key(key(1).id(), "", &mutation("revoke")).await;
        assert_eq!(
            revoked.is_ok(),
            certificates || tokens,
            "{certificates} {tokens}: {revoked:?}"
        );
    }
}

#[tokio::test]
async fn a_first_administrator_whose_key_does_not_work_is_told() {
    let (one, _) = two().await;
    let principals = &one.services.principals;
    let made = principals.bootstrap(&key(1)).await.unwrap();
    assert_eq!(made, Bootstrapped::Created);
    assert_eq!(principals.bootstrap(&key(1)).await.unwrap(), Bootstrapped::Known);
    let other = ApiKey::new("test", key(1).id(), [9; 32]).unwrap();
    let unusable = async |key: &ApiKey| match principals.bootstrap(key).await.unwrap() {
        Bootstrapped::Unusable(problem) => problem,
        outcome @ (Bootstrapped::Created | Bootstrapped::Known | Bootstrapped::OtherPrincipals) => {
            panic!("{outcome:?}")
        }
    };
    assert_eq!(unusable(&other).await, "the store has another secret for it");
    principals
        .create(&admin("ben", Some(&key(2))), &mutation("ben"))
        .await
        .unwrap();
    disable(&one, "admin", true, "disable").await.unwrap();
    assert_eq!(unusable(&key(1)).await, "its principal is locked out");
    disable(&one, "admin", false, "enable").await.unwrap();
    let analyst = PrincipalChange {
        roles: Some(Roles::of(&[Role::Analyst])),
        ..PrincipalChange::default()
    };
    let id = PrincipalId::parse("admin").unwrap();
    principals.update(&id, &analyst, &mutation("demote")).await.unwrap();
    assert_eq!(unusable(&key(1)).await, "its principal has not the role ADMIN");
    principals
        .revoke_key(key(1).id(), "", &mutation("revoke"))
        .await
        .unwrap();
    assert_eq!(unusable(&key(1)).await, "it was revoked");
    assert_eq!(
        principals.bootstrap(&key(3)).await.unwrap(),
        Bootstrapped::OtherPrincipals
    );
}
