//! The requests of the switch, word for word, and its reaction to faulty answers.

use serde_json::{Value, json};

use crate::call::Call;
use crate::fake::{Fake, ok, with_status};
use crate::switch::Switch;
use crate::{ALLOWED, BAD, CALLED, UNKNOWN};

#[tokio::test(flavor = "multi_thread")]
async fn the_question_holds_all_that_the_network_says() {
    let fake = Fake::start();
    let switch = Switch::start(fake.address);
    let asserted = format!("\"A\" <sip:{BAD};verstat=TN-Validation-Passed@carrier.example;user=phone>");
    let call = Call::new(UNKNOWN, CALLED)
        .with("P-Asserted-Identity", asserted.as_bytes())
        .with("P-Attestation-Indicator", b"A")
        .with("P-Origination-Id", b"de305d54-75b4-431b-adb2-eb6b9e546014")
        .with("X-Ingress", b"trunk-7");
    assert_eq!(call.ask(switch.address()).await.told(), ALLOWED);
    let whole = json!({
        "number": format!("sip:{BAD};verstat=TN-Validation-Passed@carrier.example;user=phone"),
        "defaultRegion": "US",
        "calledNumber": call.called,
        "callId": call.call_id,
        "ingress": "trunk-7",
        "verstat": "VERSTAT_PASSED",
        "attestation": "ATTESTATION_A",
        "origId": "de305d54-75b4-431b-adb2-eb6b9e546014",
        "view": "VIEW_BASIC",
    });
    assert_eq!(fake.questions(), [whole]);
    let call = Call::new(UNKNOWN, CALLED);
    call.ask(switch.address()).await;
    let bare = json!({
        "number": format!("sip:{UNKNOWN}@carrier.example;user=phone"),
        "defaultRegion": "US",
        "calledNumber": call.called,
        "callId": call.call_id,
        "ingress": "127.0.0.1",
        "view": "VIEW_BASIC",
    });
    assert_eq!(fake.questions(), [bare]);
}

/// The header From, the header P-Asserted-Identity if there is one, and the verstat and attestation that they amount
/// to.
type Signature = (
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
);

const SIGNATURES: [Signature; 10] = [
    (
        "<sip:+12015550199;verstat=TN-Validation-Passed@a.example;user=phone>",
        None,
        Some("VERSTAT_PASSED"),
        None,
    ),
    (
        "<sip:+12015550199@a.example;user=phone;verstat=TN-Validation-Failed>",
        None,
        Some("VERSTAT_FAILED"),
        None,
    ),
    (
        "<tel:+12015550199;verstat=No-TN-Validation>",
        None,
        Some("VERSTAT_NO_VALIDATION"),
        None,
    ),
    (
        "sip:+12015550199@a.example;verstat=tn-validation-passed",
        None,
        Some("VERSTAT_PASSED"),
        None,
    ),
    (
        "<tel:+12015550199;verstat=TN-Validation-Passed-B>",
        None,
        Some("VERSTAT_PASSED"),
        Some("ATTESTATION_B"),
    ),
    (
        "\";verstat=TN-Validation-Passed\" <sip:+12015550199@a.example>",
        None,
        None,
        None,
    ),
    (
        "<sip:+12015550199;verstat=TN-Validation-Passed@a.example;verstat=TN-Validation-Failed>",
        None,
        Some("VERSTAT_FAILED"),
        None,
    ),
    (
        "<sip:+12015550199@a.example;verstat=TN-Validation-Passed>",
        Some("<sip:+12015550199@a.example;verstat=TN-Validation-Failed>"),
        Some("VERSTAT_FAILED"),
        None,
    ),
    (
        "<sip:+12015550199@a.example;verstat=TN-Validation-Passed>",
        Some("<sip:+12015550199@a.example>"),
        Some("VERSTAT_PASSED"),
        None,
    ),
    (
        "<sip:anonymous@anonymous.invalid>",
        Some("tel:+12015550199;verstat=TN-Validation-Passed-C"),
        Some("VERSTAT_PASSED"),
        Some("ATTESTATION_C"),
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_read_wherever_it_stands_but_in_a_display_name() {
    let fake = Fake::start();
    let switch = Switch::start(fake.address);
    for (from, asserted, verstat, attestation) in SIGNATURES {
        let mut call = Call::new(UNKNOWN, CALLED);
        call.from = from.to_owned();
        if let Some(asserted) = asserted {
            call = call.with("P-Asserted-Identity", asserted.as_bytes());
        }
        call.ask(switch.address()).await;
        let questions = fake.questions();
        assert_eq!(questions[0]["verstat"].as_str(), verstat, "{from}");
        assert_eq!(questions[0]["attestation"].as_str(), attestation, "{from}");
        assert!(questions[0]["number"].as_str().unwrap().contains(UNKNOWN), "{from}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_call_is_let_through_and_reported() {
    let fake = Fake::start();
    let switch = Switch::start(fake.address);
    fake.answer(ok(r#"{"sip":{"code":603,"reasonPhrase":"Decline"}}"#));
    let called = [
        "sip:911@a.example",
        "tel:911;phone-context=+1",
        "sip:+1911@a.example",
        "sip:112@a.example",
    ];
    for called in called.into_iter().chain(["urn:service:sos", "urn:service:sos.police"]) {
        let call = Call {
            called: called.to_owned(),
            ..Call::new(BAD, CALLED)
        };
        assert_eq!(call.ask(switch.address()).await.told(), ALLOWED, "{called}");
        let mut questions = fake.questions();
        while questions.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            questions = fake.questions();
        }
        assert_eq!(questions[0]["calledNumber"], called);
    }
    let refused = Call {
        called: "sip:9112@a.example".to_owned(),
        ..Call::new(BAD, CALLED)
    };
    assert_eq!(refused.ask(switch.address()).await.status, 603);
}

/// Answers that cannot be sent on, and the cause that the call is let through for.
fn faults() -> Vec<(String, &'static str)> {
    let sip = |sip: Value| ok(&json!({ "sip": sip }).to_string());
    vec![
        (ok(""), "answer"),
        (ok("no JSON"), "answer"),
        (ok("[]"), "answer"),
        (ok("{}"), "answer"),
        (sip(json!({"code": 200, "reasonPhrase": "OK"})), "answer"),
        (sip(json!({"code": 603})), "answer"),
        (sip(json!({"code": 302, "reasonPhrase": "Moved Temporarily"})), "answer"),
        (
            sip(json!({"code": 603, "reasonPhrase": "Decline\r\nContact: <sip:x>"})),
            "answer",
        ),
        (
            sip(json!({"code": 603, "reasonPhrase": "Decline", "reasonHeader": "a\r\nX: b"})),
            "answer",
        ),
        (
            with_status(
                "503 Service Unavailable",
                r#"{"sip":{"code":603,"reasonPhrase":"Decline"}}"#,
            ),
            "http-503",
        ),
        (with_status("302 Found", ""), "http-302"),
        ("nothing of HTTP".to_owned(), "curl-1"),
        (String::new(), "curl-52"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_answer_lets_the_call_through() {
    let fake = Fake::start();
    let switch = Switch::start(fake.address);
    let faults = faults();
    let count = u64::try_from(faults.len()).unwrap();
    for (answer, cause) in faults {
        fake.answer(answer.clone());
        let told = Call::new(BAD, CALLED).ask(switch.address()).await;
        assert_eq!((told.told(), told.fault()), (ALLOWED, Some(cause)), "{answer}");
    }
    assert_eq!(switch.counter("fail_open"), count);
    assert!(!switch.log().contains(BAD.trim_start_matches("+1")), "{}", switch.log());
}

/// A refusal by analytics with 608 has the contact for redress (RFC 8688).
#[tokio::test(flavor = "multi_thread")]
async fn a_608_keeps_its_headers() {
    let fake = Fake::start();
    let switch = Switch::start(fake.address);
    let sip = json!({
        "code": 608,
        "reasonPhrase": "Rejected",
        "reasonHeader": "SIP;cause=608;text=\"analytics\"",
        "callInfoHeader": "<https://redress.example/jcard>;purpose=jwscard",
    });
    fake.answer(ok(&json!({ "sip": sip }).to_string()));
    let told = Call::new(BAD, CALLED).ask(switch.address()).await;
    assert_eq!(
        told.told(),
        (608, "Rejected", Some("SIP;cause=608;text=\"analytics\""), None)
    );
    assert_eq!(
        told.header("Call-Info"),
        Some("<https://redress.example/jcard>;purpose=jwscard")
    );
}
