//! Questions at call time: whom a call is to, how it was signed, how often its caller calls, and by when an answer is due.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ringwarden::clock::monotonic;
use ringwarden::domain::kinds::{Action, Attestation, Basis, RiskLevel, StatusKind, Verstat};
use ringwarden::domain::time::Timestamp;
use ringwarden::number::E164;
use ringwarden::service::{LookupInput, LookupOutcome, LookupRole, NewReport, OutcomeInput, ServiceError, StatusInput};

use crate::support::instance::{Instance, mutation, noon, report};
use crate::{NUMBER, instance, memory};

const PERSON: &str = "+14155550123";

/// A call from the number to somebody, of a name of its own.
fn call(from: &str, to: &str, name: &str) -> LookupInput {
    LookupInput {
        number: from.to_owned(),
        called_number: to.to_owned(),
        call_id: name.to_owned(),
        full: true,
        record_event: true,
        ..LookupInput::default()
    }
}

fn signed(attestation: Attestation) -> LookupInput {
    LookupInput {
        attestation: Some(attestation),
        verstat: Some(Verstat::Passed),
        record_event: false,
        ..call(NUMBER, PERSON, "")
    }
}

fn codes(outcome: &LookupOutcome) -> Vec<&'static str> {
    outcome.score.reasons.iter().map(|reason| reason.code).collect()
}

fn e164(text: &str) -> E164 {
    text[1..].parse().ok().and_then(E164::from_digits).unwrap()
}

/// A number that can be called, by its place.
fn person(place: usize) -> String {
    format!("+1650253{:04}", (place * 7_919) % 10_000)
}

async fn set(one: &Instance, number: &str, kind: StatusKind, request: &str) {
    let status = StatusInput {
        kind,
        reason: "test".to_owned(),
        expires_at: (kind == StatusKind::Allowed).then(|| noon().plus(Duration::from_secs(86_400))),
    };
    let request = mutation(request);
    one.service.set_status(number, None, &status, &request).await.unwrap();
}

/// An instance that knows a number to be blocked by its score.
async fn with_bad_number() -> Instance {
    let one = instance().await;
    for n in 0..3 {
        let bad = report(NUMBER, &format!("r{n}"), noon());
        one.service.submit(bad).await.unwrap();
    }
    assert_eq!(one.look_up(NUMBER).decision.action, Action::Block);
    one
}

#[tokio::test]
async fn an_answer_that_would_come_too_late_lets_the_call_through() {
    let one = with_bad_number().await;
    let late = one.service.look_up(&call(NUMBER, PERSON, "c1"), monotonic()).unwrap();
    assert_eq!(
        (late.decision.action, late.decision.basis),
        (Action::Allow, Basis::FailOpen)
    );
    assert_eq!(
        (late.score.verdict.level, late.score.verdict.value),
        (RiskLevel::Unknown, None)
    );
    assert_eq!((late.decision.ttl, late.number_value), (Duration::ZERO, None));
    assert_eq!(late.identity.e164, Some(e164(NUMBER)));
    assert_eq!(late.sip.as_ref().unwrap().code, 404);
    let explained = one.service.decision(&late.decision_id).unwrap();
    assert_eq!(explained.basis, Basis::FailOpen);
    assert_eq!(explained.reasons, [("DEADLINE_EXCEEDED", 0.0)]);
}

/// A shard that is being written is waited for no longer than the caller waits.
#[tokio::test]
async fn nobodys_call_waits_for_a_lock_past_its_deadline() {
    let one = with_bad_number().await;
    let (held, is_held) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let index = &one.index;
        scope.spawn(move || {
            index.look_up(e164(NUMBER), noon(), |_| {
                held.send(()).unwrap();
                released.recv().unwrap();
            });
        });
        is_held.recv().unwrap();
        // A writer that waits for that reader bars those who come after it.
        scope.spawn(move || index.apply_number(e164(NUMBER), 1, None));
        let (began, budget) = (monotonic(), Duration::from_millis(30));
        let answer = loop {
            let deadline = monotonic() + budget;
            let answer = one.service.look_up(&call(NUMBER, PERSON, ""), deadline).unwrap();
            // Until the writer has come, readers share the shard.
            if answer.decision.basis == Basis::FailOpen || began.elapsed() > Duration::from_secs(20) {
                break answer;
            }
        };
        release.send(()).unwrap();
        assert_eq!(
            (answer.decision.action, answer.decision.basis),
            (Action::Allow, Basis::FailOpen)
        );
    });
    assert_eq!(one.look_up(NUMBER).decision.action, Action::Block);
}

#[tokio::test]
async fn a_decision_explains_itself_on_every_instance_of_the_store_and_nowhere_else() {
    let store = memory();
    let one = Instance::over(store.clone(), ringwarden::clock::Clock::manual(noon())).await;
    for n in 0..3 {
        one.service
            .submit(report(NUMBER, &format!("r{n}"), noon()))
            .await
            .unwrap();
    }
    let asked = LookupInput {
        orig_id: "8c1d".to_owned(),
        ingress: "trunk-7".to_owned(),
        event_time: Some(Timestamp::from_secs(1_605_441_599)),
        full: false,
        ..signed(Attestation::B)
    };
    let blocked = one.ask(&asked);
    assert_eq!(blocked.decision.action, Action::Block);
    let header = blocked.sip.unwrap().reason_header.unwrap();
    assert_eq!(header, r#"SIP;cause=603;text="v=analytics1";location=RLN"#);

    let two = Instance::over(store, ringwarden::clock::Clock::manual(noon())).await;
    let record = two.service.decision(&blocked.decision_id).unwrap();
    assert_eq!(record.number, Some(e164(NUMBER)));
    assert_eq!((record.action, record.basis), (Action::Block, Basis::Analytics));
    assert_eq!(record.decided_at, noon());
    assert_eq!(record.event_time, asked.event_time);
    assert_eq!((&*record.orig_id, &*record.ingress), ("8c1d", "trunk-7"));
    assert_eq!(record.attestation, Some(Attestation::B));
    assert_eq!(&*record.model_version, one.service.model_version());
    let value = blocked.score.verdict.value.unwrap();
    assert!((record.value.unwrap() - value).abs() <= 0.005 + 1e-9);
    let found: Vec<_> = record.reasons.iter().map(|(code, _)| *code).collect();
    let expected: Vec<_> = blocked.score.reasons.iter().map(|reason| reason.code).collect();
    assert!(
        expected.contains(&"RECENT_REPORTS") && expected.starts_with(&found),
        "{found:?} {expected:?}"
    );

    let foreign = instance().await;
    assert!(matches!(
        foreign.service.decision(&blocked.decision_id),
        Err(ServiceError::Invalid(_))
    ));
    let mut tampered = blocked.decision_id.clone().into_bytes();
    let middle = tampered.len() / 2;
    tampered[middle] = if tampered[middle] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).unwrap();
    assert!(matches!(one.service.decision(&tampered), Err(ServiceError::Invalid(_))));

    let clean = one.ask(&LookupInput {
        full: false,
        ..call(PERSON, "", "")
    });
    assert_eq!((clean.decision.action, clean.decision_id.as_str()), (Action::Allow, ""));
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
    // Whoever is vouched for may call many.
    set(&one, NUMBER, StatusKind::VerifiedBusiness, "m1").await;
    let business = ask(&call(NUMBER, &person(61), "c61"));
    assert_eq!(business.decision.action, Action::Allow);
    // And once they have stopped for long enough, so may all.
    one.service
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

/// Rate alone never blocks, however many signs there are, and whatever else lifts the score.
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
        assert!(one.service.call_outcome(&end).unwrap());
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
        "whoever shows the number goes on unnoticed"
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
async fn whoever_signs_for_all_their_calls_is_not_the_one_whom_nobody_vouches_for() {
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
async fn the_same_number_weighs_differently_by_how_the_call_is_signed() {
    let one = instance().await;
    for n in 0..2 {
        let told = NewReport {
            attestation: Some(Attestation::A),
            verstat: Some(Verstat::Passed),
            ..report(NUMBER, &format!("r{n}"), noon())
        };
        one.service.submit(told).await.unwrap();
    }
    let unsaid = report(NUMBER, "unsaid", noon());
    one.service.submit(unsaid).await.unwrap();
    let of_number = one.look_up(NUMBER).number_value.unwrap();
    let mut values = Vec::new();
    for (attestation, suspected) in [
        (Attestation::A, false),
        (Attestation::B, false),
        (Attestation::C, true),
        (Attestation::None, true),
    ] {
        let found = one.ask(&signed(attestation));
        assert_eq!(found.score.verdict.spoof_suspected, suspected, "{attestation:?}");
        assert!(
            (found.number_value.unwrap() - of_number).abs() < 1e-9,
            "the number's own score moved"
        );
        assert_eq!(
            found.decision.ttl,
            Duration::ZERO,
            "the next call may be signed otherwise"
        );
        values.push(found.score.verdict.value.unwrap_or(-1.0));
    }
    let failed = one.ask(&LookupInput {
        verstat: Some(Verstat::Failed),
        ..call(NUMBER, PERSON, "")
    });
    assert_eq!(
        (failed.score.verdict.value, failed.decision.basis),
        (None, Basis::NoEvidence)
    );
    values.push(of_number);
    values.sort_by(f64::total_cmp);
    values.dedup_by(|a, b| (*a - *b).abs() < 1e-6);
    assert_eq!(values.len(), 5, "{values:?}");
}

/// What the switch writes into the number counts where the question says nothing else.
#[tokio::test]
async fn a_verstat_in_the_number_counts_unless_the_question_has_one() {
    let one = with_bad_number().await;
    let written = |text: &str, verstat| {
        let input = LookupInput {
            number: text.to_owned(),
            verstat,
            record_event: false,
            ..call("", PERSON, "")
        };
        one.ask(&input).decision.basis
    };
    let failed = format!("sip:{NUMBER};verstat=TN-Validation-Failed@carrier.example");
    assert_eq!(written(&failed, None), Basis::NoEvidence);
    assert_eq!(written(&failed, Some(Verstat::Passed)), Basis::Analytics);
    assert_eq!(
        written(&format!("tel:{NUMBER};verstat=TN-Validation-Passed"), None),
        Basis::Analytics
    );
}

#[tokio::test]
async fn emergency_calls_and_those_who_call_back_are_put_through() {
    let one = with_bad_number().await;
    set(&one, NUMBER, StatusKind::Blocked, "m1").await;
    let protected = |input: &LookupInput| {
        let found = one.ask(input);
        assert_eq!(
            (found.decision.action, found.decision.basis),
            (Action::Allow, Basis::Protected)
        );
        assert_eq!(found.sip.as_ref().unwrap().code, 404);
        (found.decision.ttl, codes(&found)[0])
    };
    // With a region, and by that of the caller without one.
    for to in ["911", "112", "urn:service:sos", "sip:911@carrier.example"] {
        assert_eq!(
            protected(&call(NUMBER, to, "")),
            (Duration::ZERO, "EMERGENCY_CALL"),
            "{to}"
        );
    }
    assert_eq!(one.ask(&call(NUMBER, PERSON, "")).decision.action, Action::Block);
    // A person in need: whoever calls them may be the centre.
    one.ask(&call(PERSON, "911", "e1"));
    assert_eq!(
        protected(&call(NUMBER, PERSON, "")),
        (Duration::ZERO, "EMERGENCY_CALLBACK")
    );
    let anonymous = call("sip:anonymous@anonymous.invalid", PERSON, "");
    assert_eq!(protected(&anonymous), (Duration::ZERO, "EMERGENCY_CALLBACK"));
    let impossible = call("+1415555019", PERSON, "");
    assert_eq!(protected(&impossible), (Duration::ZERO, "EMERGENCY_CALLBACK"));
    assert_eq!(
        one.ask(&call(NUMBER, "+14155550124", "")).decision.action,
        Action::Block
    );
    one.clock.advance(Duration::from_secs(3_601));
    assert_eq!(one.ask(&call(NUMBER, PERSON, "")).decision.action, Action::Block);
    // A number that serves public safety, called and calling.
    set(&one, "+14155550150", StatusKind::Protected, "m2").await;
    assert_eq!(
        protected(&call(NUMBER, "+14155550150", "")),
        (Duration::ZERO, "PROTECTED_CALLED")
    );
    let (ttl, code) = protected(&call("+14155550150", PERSON, ""));
    assert_eq!((ttl, code), (Duration::from_secs(3_600), "PROTECTED_NUMBER"));
    // What cannot be read is no emergency, and no error either.
    for to in ["", "hello", "+1", "anonymous"] {
        assert_eq!(one.ask(&call(NUMBER, to, "")).decision.action, Action::Block, "{to}");
    }
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
        assert!(!one.service.call_outcome(&end(n, true)).unwrap());
    }
    let ask = || {
        one.ask(&LookupInput {
            record_event: false,
            ..call(NUMBER, "", "")
        })
    };
    assert_eq!(ask().decision.basis, Basis::NoEvidence, "the service believes itself");
    for n in 0..119 {
        assert!(one.service.call_outcome(&end(n, false)).unwrap());
        assert!(
            !one.service.call_outcome(&end(n, false)).unwrap(),
            "call {n} ended twice"
        );
    }
    assert_eq!(ask().decision.basis, Basis::NoEvidence, "119 calls are too few");
    assert!(one.service.call_outcome(&end(119, false)).unwrap());
    let labelled = ask();
    assert_eq!(labelled.decision.action, Action::Label);
    assert!(codes(&labelled).contains(&"REJECTED_CALLS"), "{:?}", codes(&labelled));
    let faulty = OutcomeInput {
        number: "911".to_owned(),
        ..end(0, false)
    };
    assert!(matches!(
        one.service.call_outcome(&faulty),
        Err(ServiceError::Invalid(_))
    ));
}

#[tokio::test]
async fn a_number_known_to_be_a_spoofers_victim_is_labelled_and_not_blocked() {
    let one = with_bad_number().await;
    set(&one, NUMBER, StatusKind::SpoofedVictim, "m1").await;
    let found = one.look_up(NUMBER);
    assert!(found.score.verdict.owner_protected);
    assert_eq!(found.decision.action, Action::Label);
}

#[tokio::test]
async fn people_are_told_in_their_language_where_to_report() {
    let one = with_bad_number().await;
    let mut texts = Vec::new();
    for tag in ["en-US", "de", "es-MX", "fr", "hi", "xx"] {
        let input = LookupInput {
            language: ringwarden::domain::advice::Language::of_tag(tag),
            ..call(NUMBER, PERSON, "")
        };
        texts.push(one.ask(&input).advice.unwrap());
    }
    assert!(
        texts[0].contains("Microsoft") && texts[0].contains("reportfraud.ftc.gov"),
        "{}",
        texts[0]
    );
    assert_eq!(texts[0], texts[5]);
    texts.pop();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 5);
    assert_eq!(one.ask(&call(PERSON, NUMBER, "")).advice, None, "nothing to warn of");
}
