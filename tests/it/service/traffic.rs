//! Signs in the calls of a caller: how many numbers it calls, in what order, how the calls end, and who calls back.

use std::time::Duration;

use ringwarden::domain::kinds::{Action, Attestation, Basis, RiskLevel, StatusKind, Verstat};
use ringwarden::domain::tenant::TenantId;
use ringwarden::service::{LookupInput, LookupRole, OutcomeInput, ServiceError};

use super::lookups::{PERSON, call, codes, set, signed};
use super::{NUMBER, instance};
use crate::support::instance::{days_before_noon, mutation, report};

/// A number that can be called, by its place.
fn person(place: usize) -> String {
    format!("+1650253{:04}", (place * 7_919) % 10_000)
}

#[tokio::test]
async fn sixty_numbers_in_a_minute_are_labelled_and_a_call_is_counted_once() {
    let one = instance().await;
    let ask = |input: &LookupInput| one.ask(input);
    for place in 0..200 {
        let silent = LookupInput {
            record_event: false,
            ..call(NUMBER, &person(place), &format!("s{place}"))
        };
        assert_eq!(
            ask(&silent).decision.basis,
            Basis::NoEvidence,
            "a question leaves a trace"
        );
        let again = ask(&call(PERSON, &person(place), "one call"));
        assert_eq!(
            again.decision.basis,
            Basis::NoEvidence,
            "one call is counted {place} times"
        );
    }
    let mut last = None;
    for place in 0..60 {
        one.clock.advance(Duration::from_millis(500));
        last = Some(ask(&call(NUMBER, &person(place), &format!("c{place}"))));
    }
    let last = last.unwrap();
    assert_eq!(
        (last.decision.action, last.decision.basis),
        (Action::Label, Basis::Analytics)
    );
    assert_eq!(last.score.verdict.level, RiskLevel::High);
    assert!(codes(&last).contains(&"RATE_BURST"), "{:?}", codes(&last));
    assert_eq!(last.number_value, None, "a rate is of calls, not of the number");
    assert!(last.advice.is_some());
    let sip = last.sip.unwrap();
    assert_eq!((sip.code, sip.display_name.is_empty()), (302, false));
    // An allowed number may call many people.
    set(&one, NUMBER, StatusKind::VerifiedBusiness, "m1").await;
    let business = ask(&call(NUMBER, &person(61), "c61"));
    assert_eq!(business.decision.action, Action::Allow);
    // After a long enough pause, so may every number.
    one.services
        .numbers
        .clear_status(NUMBER, None, None, "", &mutation("m2"))
        .await
        .unwrap();
    one.clock.advance(Duration::from_secs(3 * 3_600));
    assert_eq!(ask(&call(NUMBER, &person(0), "later")).decision.action, Action::Allow);
}

#[tokio::test]
async fn numbers_dialled_one_after_the_other_are_labelled() {
    let one = instance().await;
    let mut last = None;
    for place in 0..16 {
        one.clock.advance(Duration::from_secs(20));
        let to = format!("+1650253{:04}", 1_200 + place);
        last = Some(one.ask(&call(NUMBER, &to, &format!("c{place}"))));
    }
    let last = last.unwrap();
    assert_eq!(last.decision.action, Action::Label);
    assert!(codes(&last).contains(&"SEQUENTIAL_DIALLING"), "{:?}", codes(&last));
}

/// A spoofer who shows a number does not make its owner a mass caller.
#[tokio::test]
async fn calls_of_others_do_not_count_against_an_owner_who_signs() {
    let one = instance().await;
    for place in 0..60 {
        one.ask(&call(NUMBER, &person(place), &format!("c{place}")));
    }
    assert_eq!(one.ask(&signed(Attestation::None)).decision.action, Action::Label);
    assert_eq!(one.ask(&signed(Attestation::A)).decision.action, Action::Allow);
    // Calls with broken signatures count for nobody.
    for place in 0..60 {
        one.ask(&LookupInput {
            verstat: Some(Verstat::Failed),
            ..call(PERSON, &person(place), &format!("f{place}"))
        });
    }
    assert_eq!(one.ask(&call(PERSON, NUMBER, "p")).decision.basis, Basis::NoEvidence);
    // If all calls are signed, the owner made them.
    for place in 0..60 {
        one.ask(&LookupInput {
            attestation: Some(Attestation::A),
            verstat: Some(Verstat::Passed),
            ..call("+12125550188", &person(place), &format!("a{place}"))
        });
    }
    let own = one.ask(&LookupInput {
        record_event: false,
        number: "+12125550188".to_owned(),
        ..signed(Attestation::A)
    });
    assert_eq!(own.decision.action, Action::Label);
}

/// People call back those who defraud them, too: being called back takes nothing away but the rate.
#[tokio::test]
async fn call_backs_do_not_lower_the_score_of_a_reported_number() {
    let one = instance().await;
    for n in 0..3 {
        one.services
            .reports
            .submit(report(NUMBER, &format!("r{n}"), days_before_noon(n)))
            .await
            .unwrap();
    }
    for place in 0..60 {
        one.ask(&call(NUMBER, &person(place), &format!("c{place}")));
    }
    for place in 0..60 {
        one.ask(&call(&person(place), NUMBER, &format!("b{place}")));
    }
    let found = one.look_up(NUMBER);
    assert!(found.score.verdict.owner_protected);
    assert_eq!(found.decision.action, Action::Block);
    let dialled = one.ask(&LookupInput {
        role: LookupRole::AboutToDial,
        ..call(NUMBER, "", "")
    });
    assert_eq!(dialled.decision.action, Action::WarnBeforeDial);
}

/// Rate alone never blocks, for any number of signs, and with anything else that raises the score.
#[tokio::test]
async fn rate_labels_at_most() {
    let one = instance().await;
    for place in 0..300 {
        let to = format!("+1650253{place:04}");
        one.clock.advance(Duration::from_millis(50));
        let found = one.ask(&LookupInput {
            attestation: Some(Attestation::C),
            ..call(NUMBER, &to, &format!("c{place}"))
        });
        assert_ne!(found.decision.action, Action::Block, "{:?}", codes(&found));
    }
    for n in 0..200 {
        let end = OutcomeInput {
            number: NUMBER.to_owned(),
            default_region: None,
            call_id: format!("c{n}"),
            answered: n < 40,
            duration: Duration::from_secs(2),
            release_code: if n < 40 { 200 } else { 607 },
            refused_on_advice: false,
        };
        assert!(one.services.lookups.call_outcome(TenantId::DEFAULT, &end).unwrap());
    }
    let found = one.ask(&LookupInput {
        attestation: Some(Attestation::C),
        ..call(NUMBER, PERSON, "last")
    });
    assert_eq!(found.decision.action, Action::Label, "{:?}", codes(&found));
    for code in [
        "RATE_BURST",
        "SEQUENTIAL_DIALLING",
        "SHORT_CALLS",
        "UNANSWERED_CALLS",
        "REJECTED_CALLS",
    ] {
        assert!(codes(&found).contains(&code), "{code} is not among {:?}", codes(&found));
    }
}

#[tokio::test]
async fn many_strangers_who_call_back_make_the_owner_a_victim() {
    let one = instance().await;
    for place in 0..60 {
        one.ask(&call(NUMBER, &person(place), &format!("c{place}")));
    }
    let before = one.ask(&LookupInput {
        record_event: false,
        ..call(NUMBER, "", "")
    });
    assert!(!before.score.verdict.owner_protected);
    assert_eq!(before.decision.action, Action::Label);
    for place in 0..60 {
        one.ask(&call(&person(place), NUMBER, &format!("b{place}")));
    }
    let owners = one.ask(&LookupInput {
        record_event: false,
        ..call(NUMBER, "", "")
    });
    assert!(owners.score.verdict.owner_protected);
    assert_eq!(
        owners.decision.action,
        Action::Allow,
        "the owner pays for what others did"
    );
    let others = one.ask(&LookupInput {
        record_event: false,
        attestation: Some(Attestation::C),
        ..call(NUMBER, "", "")
    });
    assert_eq!(
        others.decision.action,
        Action::Label,
        "a spoofer of the number is still labelled"
    );
    let dialled = one.ask(&LookupInput {
        role: LookupRole::AboutToDial,
        ..call(NUMBER, "", "")
    });
    assert_eq!(dialled.decision.action, Action::Allow);
    // A number that many call and that calls nobody is a shop.
    for place in 0..60 {
        one.ask(&call(&person(place), PERSON, &format!("p{place}")));
    }
    assert!(!one.ask(&call(PERSON, "", "")).score.verdict.owner_protected);
}

#[tokio::test]
async fn an_owner_who_signs_all_calls_is_not_the_unsigned_caller() {
    let one = instance().await;
    for place in 0..30 {
        one.ask(&LookupInput {
            attestation: Some(Attestation::A),
            verstat: Some(Verstat::Passed),
            ..call(NUMBER, PERSON, &format!("c{place}"))
        });
    }
    for (attestation, suspected) in [
        (Attestation::A, false),
        (Attestation::B, false),
        (Attestation::C, true),
        (Attestation::None, true),
    ] {
        let found = one.ask(&signed(attestation));
        assert_eq!(found.score.verdict.spoof_suspected, suspected, "{attestation:?}");
    }
    assert!(!one.look_up(NUMBER).score.verdict.spoof_suspected);
}

#[tokio::test]
async fn how_calls_end_counts_once_and_not_if_this_service_ended_them() {
    let one = instance().await;
    let end = |n: usize, refused_on_advice| OutcomeInput {
        number: NUMBER.to_owned(),
        default_region: None,
        call_id: format!("c{n}"),
        answered: false,
        duration: Duration::ZERO,
        release_code: 608,
        refused_on_advice,
    };
    for n in 0..300 {
        assert!(
            !one.services
                .lookups
                .call_outcome(TenantId::DEFAULT, &end(n, true))
                .unwrap()
        );
    }
    let ask = || {
        one.ask(&LookupInput {
            record_event: false,
            ..call(NUMBER, "", "")
        })
    };
    assert_eq!(ask().decision.basis, Basis::NoEvidence, "the service believes itself");
    for n in 0..119 {
        assert!(
            one.services
                .lookups
                .call_outcome(TenantId::DEFAULT, &end(n, false))
                .unwrap()
        );
        assert!(
            !one.services
                .lookups
                .call_outcome(TenantId::DEFAULT, &end(n, false))
                .unwrap(),
            "call {n} ended twice"
        );
    }
    assert_eq!(ask().decision.basis, Basis::NoEvidence, "119 calls are too few");
    assert!(
        one.services
            .lookups
            .call_outcome(TenantId::DEFAULT, &end(119, false))
            .unwrap()
    );
    let labelled = ask();
    assert_eq!(labelled.decision.action, Action::Label);
    assert!(codes(&labelled).contains(&"REJECTED_CALLS"), "{:?}", codes(&labelled));
    let faulty = OutcomeInput {
        number: "911".to_owned(),
        ..end(0, false)
    };
    assert!(matches!(
        one.services.lookups.call_outcome(TenantId::DEFAULT, &faulty),
        Err(ServiceError::Invalid(_))
    ));
}
