//! Lookups at call time: the called number, the signature, and the time by which an answer is due.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ringwarden::clock::monotonic;
use ringwarden::domain::kinds::{Action, Attestation, Basis, RiskLevel, Source, StatusKind, Verstat};
use ringwarden::domain::reason_code::ReasonCode;
use ringwarden::domain::state::NumberState;
use ringwarden::domain::tenant::TenantId;
use ringwarden::domain::time::Timestamp;
use ringwarden::number::E164;
use ringwarden::service::{Expiry, LookupInput, LookupOutcome, NewReport, ServiceError, StatusInput};

use super::{NUMBER, instance, memory};
use crate::support::instance::{Instance, days_before_noon, mutation, noon, report};

pub(crate) const PERSON: &str = "+14155550123";

/// A call from the number to somebody, of a name of its own.
pub(crate) fn call(from: &str, to: &str, name: &str) -> LookupInput {
    LookupInput {
        number: from.to_owned(),
        called_number: to.to_owned(),
        call_id: name.to_owned(),
        full: true,
        record_event: true,
        network: Some(TenantId::DEFAULT),
        ..LookupInput::default()
    }
}

pub(crate) fn signed(attestation: Attestation) -> LookupInput {
    LookupInput {
        attestation: Some(attestation),
        verstat: Some(Verstat::Passed),
        record_event: false,
        ..call(NUMBER, PERSON, "")
    }
}

pub(crate) fn codes(outcome: &LookupOutcome) -> Vec<&'static str> {
    outcome.score.reasons.iter().map(|reason| reason.code.name()).collect()
}

fn e164(text: &str) -> E164 {
    text.parse().unwrap()
}

pub(crate) async fn set(one: &Instance, number: &str, kind: StatusKind, request: &str) {
    let status = StatusInput {
        kind,
        reason: "test".to_owned(),
        expiry: (kind == StatusKind::Allowed).then(|| Expiry::At(noon().plus(Duration::from_secs(86_400)))),
    };
    let request = mutation(request);
    one.services
        .numbers
        .set_status(number, None, &status, &request)
        .await
        .unwrap();
}

/// An instance that knows a number to be blocked by its score.
async fn with_bad_number() -> Instance {
    let one = instance().await;
    for n in 0..3 {
        let mut bad = report(NUMBER, &format!("r{n}"), noon());
        // Two sources: a single report blocks nobody.
        bad.source = if n == 0 { Source::Honeypot } else { bad.source };
        one.services.reports.submit(bad).await.unwrap();
    }
    assert_eq!(one.look_up(NUMBER).decision.action, Action::Block);
    one
}

#[tokio::test]
async fn an_answer_that_would_come_too_late_lets_the_call_through() {
    let one = with_bad_number().await;
    let late = one
        .services
        .lookups
        .look_up(&call(NUMBER, PERSON, "c1"), monotonic())
        .unwrap();
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
    let explained = one
        .services
        .lookups
        .decision(&late.decision_id, TenantId::DEFAULT)
        .unwrap();
    assert_eq!(explained.basis, Basis::FailOpen);
    let codes: Vec<_> = explained.reasons.iter().map(|reason| reason.code).collect();
    assert_eq!(codes, [Some(ReasonCode::DeadlineExceeded)]);
}

/// A lookup waits for a shard that is being written only until its own deadline.
#[tokio::test]
async fn no_lookup_waits_for_a_lock_past_its_deadline() {
    let one = with_bad_number().await;
    let (held, is_held) = mpsc::sync_channel(1);
    let (release, released) = mpsc::sync_channel::<()>(1);
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
        scope.spawn(move || index.apply::<NumberState>(e164(NUMBER), 1, None));
        let (began, budget) = (monotonic(), Duration::from_millis(30));
        let answer = loop {
            let deadline = monotonic() + budget;
            let answer = one
                .services
                .lookups
                .look_up(&call(NUMBER, PERSON, ""), deadline)
                .unwrap();
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
        one.services
            .reports
            .submit(report(NUMBER, &format!("r{n}"), days_before_noon(n)))
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
    let record = two
        .services
        .lookups
        .decision(&blocked.decision_id, TenantId::DEFAULT)
        .unwrap();
    assert_eq!(record.number, Some(e164(NUMBER)));
    assert_eq!((record.action, record.basis), (Action::Block, Basis::Analytics));
    assert_eq!(record.decided_at, noon());
    assert_eq!(record.event_time, asked.event_time);
    assert_eq!((&*record.orig_id, &*record.ingress), ("8c1d", "trunk-7"));
    assert_eq!(record.attestation, Some(Attestation::B));
    assert_eq!(&*record.model_version, one.services.lookups.model_version());
    let value = blocked.score.verdict.value.unwrap();
    assert!((record.value.unwrap() - value).abs() <= 0.005 + 1e-9);
    let found: Vec<_> = record.reasons.iter().map(|reason| reason.code).collect();
    let expected: Vec<_> = blocked.score.reasons.iter().map(|reason| Some(reason.code)).collect();
    assert!(
        expected.contains(&Some(ReasonCode::RecentReports)) && expected.starts_with(&found),
        "{found:?} {expected:?}"
    );

    let foreign = instance().await;
    assert!(matches!(
        foreign
            .services
            .lookups
            .decision(&blocked.decision_id, TenantId::DEFAULT),
        Err(ServiceError::Invalid(_))
    ));
    let mut tampered = blocked.decision_id.clone().into_bytes();
    let middle = tampered.len() / 2;
    tampered[middle] = if tampered[middle] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).unwrap();
    assert!(matches!(
        one.services.lookups.decision(&tampered, TenantId::DEFAULT),
        Err(ServiceError::Invalid(_))
    ));

    let clean = one.ask(&LookupInput {
        full: false,
        ..call(PERSON, "", "")
    });
    assert_eq!((clean.decision.action, clean.decision_id.as_str()), (Action::Allow, ""));
}

#[tokio::test]
async fn the_signature_of_the_call_changes_the_score() {
    let one = instance().await;
    for n in 0..2 {
        let told = NewReport {
            attestation: Some(Attestation::A),
            verstat: Some(Verstat::Passed),
            ..report(NUMBER, &format!("r{n}"), noon())
        };
        one.services.reports.submit(told).await.unwrap();
    }
    let unsaid = report(NUMBER, "unsaid", noon());
    one.services.reports.submit(unsaid).await.unwrap();
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

/// The `verstat` parameter in the number counts if the question has no signing of its own.
#[tokio::test]
async fn a_verstat_in_the_number_counts_unless_the_question_says_something_itself() {
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

/// The lifetime of the answer; also asserts that the call is put through, and why.
fn protected(one: &Instance, input: &LookupInput) -> (Duration, &'static str) {
    let found = one.ask(input);
    let decided = (found.decision.action, found.decision.basis);
    assert_eq!(decided, (Action::Allow, Basis::Protected), "{}", input.called_number);
    assert_eq!(found.sip.as_ref().unwrap().code, 404);
    (found.decision.ttl, codes(&found).remove(0))
}

#[tokio::test]
async fn emergency_calls_are_put_through_whoever_calls_and_however_it_is_written() {
    let one = with_bad_number().await;
    set(&one, NUMBER, StatusKind::Blocked, "m1").await;
    for to in [
        "911",
        "112",
        "urn:service:sos",
        "sip:911@carrier.example",
        // Of another country than the caller's.
        "999",
        // By networks that put a country code before everything.
        "+1911",
        "tel:+49112",
        "sip:+44999@carrier.example;user=phone",
        "+353112",
    ] {
        let expected = (Duration::ZERO, "EMERGENCY_CALL");
        assert_eq!(protected(&one, &call(NUMBER, to, "")), expected, "{to}");
    }
    // With any text in the place of the caller's number, and any Call-ID.
    for from in ["hello", "sip:alice@pbx.example", "555-0199", ""] {
        let help = LookupInput {
            default_region: Some("US".parse().unwrap()),
            ..call(from, "911", &"x".repeat(5_000))
        };
        assert_eq!(protected(&one, &help), (Duration::ZERO, "EMERGENCY_CALL"), "{from}");
    }
    assert!(one.try_ask(&call("hello", PERSON, "")).is_err());
    // A text without a number, or an unreadable one, is no error either.
    for to in [
        "+1912",
        "+49",
        "+14155550911",
        "+1415911",
        "",
        "hello",
        "+1",
        "anonymous",
    ] {
        assert_eq!(one.ask(&call(NUMBER, to, "")).decision.action, Action::Block, "{to}");
    }
}

#[tokio::test]
async fn those_who_may_call_back_from_an_emergency_centre_are_put_through() {
    let one = with_bad_number().await;
    set(&one, NUMBER, StatusKind::Blocked, "m1").await;
    let protected = |input: &LookupInput| protected(&one, input);
    assert_eq!(one.ask(&call(NUMBER, PERSON, "")).decision.action, Action::Block);
    // A person in need: any caller may be the emergency centre.
    one.ask(&call(PERSON, "911", "e1"));
    assert_eq!(
        protected(&call(NUMBER, PERSON, "")),
        (Duration::ZERO, "EMERGENCY_CALLBACK")
    );
    // Broken provisioning, more often than not.
    one.ask(&LookupInput {
        verstat: Some(Verstat::Failed),
        ..call("+14155550125", "911", "e2")
    });
    assert_eq!(protected(&call(NUMBER, "+14155550125", "")).1, "EMERGENCY_CALLBACK");
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
            language: ringwarden::domain::language::Language::of_tag(tag),
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
