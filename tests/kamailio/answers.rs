//! What callers are told, and on the word of whom.

use ringwarden::wire::v1::{Attestation, ListKind, StatusKind};
use serde_json::json;

use crate::call::{Answer, Call};
use crate::service::{REDRESS, Service};
use crate::sipp::{self, Row};
use crate::{ALLOWED, BAD, CALLED, UNKNOWN};

const LABELLED: &str = "+12125550107";
const LISTED: &str = "+12025550143";
const NEVER_CALLS: &str = "+16175550122";
const PROTECTED: &str = "+13125550161";
const PROTECTED_CALLED: &str = "+13125550162";

#[tokio::test(flavor = "multi_thread")]
async fn each_action_has_its_answer() {
    let service = Service::start("memory:").await;
    for number in [BAD, PROTECTED] {
        service.report(number, Attestation::Unspecified).await;
    }
    service.link(LABELLED).await;
    service.set_status(NEVER_CALLS, StatusKind::DoNotOriginate).await;
    service.set_status(PROTECTED, StatusKind::Protected).await;
    service.list(ListKind::DoNotOriginate, &["+1202555*"]).await;
    service.list(ListKind::Protected, &[PROTECTED_CALLED]).await;
    let rows = [
        Row::new(UNKNOWN, CALLED),
        Row::new(LABELLED, CALLED),
        Row::new(BAD, CALLED),
        Row::new(NEVER_CALLS, CALLED),
        Row::new(LISTED, CALLED),
        Row::new("+1999999999999", CALLED),
        Row::new(PROTECTED, CALLED),
        Row::new(BAD, PROTECTED_CALLED),
        Row::new(BAD, "911"),
        Row::new(NEVER_CALLS, "112"),
    ];
    let told = sipp::run(service.switch.address(), &rows);
    let [
        unknown,
        labelled,
        bad,
        refused @ ..,
        protected,
        called,
        emergency,
        emergency_abroad,
    ] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(unknown, "404");
    let target = format!("<sip:{CALLED}@{};user=phone>", service.switch.address());
    assert_eq!(*labelled, format!("302 Contact: \"SCAM LIKELY\" {target}"));
    let reason = format!("603 Reason: SIP;cause=603;text=\"v=analytics1;url={REDRESS}r/");
    assert!(bad.starts_with(&reason) && bad.ends_with("\";location=RLN"), "{bad}");
    assert_eq!(refused, ["603", "603", "603"]);
    for let_through in [protected, called, emergency, emergency_abroad] {
        assert_eq!(let_through, "404");
    }
    let counted = |name| service.switch.counter(name);
    assert_eq!([counted("allowed"), counted("labelled"), counted("blocked")], [3, 1, 4]);
    assert_eq!(
        [counted("emergency"), counted("fail_open"), counted("refused")],
        [2, 0, 0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_says_word_for_word_what_the_service_said() {
    let service = Service::start("memory:").await;
    service.report(BAD, Attestation::Unspecified).await;
    service.set_status(NEVER_CALLS, StatusKind::DoNotOriginate).await;
    let blocked = Call::new(BAD, CALLED).ask(service.switch.address()).await;
    let decision = blocked.header("X-Ringwarden-Decision").unwrap();
    let reason = format!("SIP;cause=603;text=\"v=analytics1;url={REDRESS}r/{decision}\";location=RLN");
    assert_eq!(blocked.told(), (603, "Network Blocked", Some(reason.as_str()), None));
    let refused = Call::new(NEVER_CALLS, CALLED).ask(service.switch.address()).await;
    assert_eq!(refused.told(), (603, "Decline", None, None));
    assert_eq!(refused.fault(), None);
}

/// What a switch may be told of a call's signature, and the same for the service.
const SIGNATURES: [(&str, &str, &str, &str, bool); 5] = [
    ("TN-Validation-Passed", "A", "VERSTAT_PASSED", "ATTESTATION_A", false),
    ("TN-Validation-Passed", "B", "VERSTAT_PASSED", "ATTESTATION_B", false),
    ("TN-Validation-Passed", "C", "VERSTAT_PASSED", "ATTESTATION_C", true),
    ("TN-Validation-Failed", "A", "VERSTAT_FAILED", "ATTESTATION_A", true),
    (
        sipp::NONE,
        sipp::NONE,
        "VERSTAT_UNSPECIFIED",
        "ATTESTATION_UNSPECIFIED",
        false,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_judged_by_its_signature_too() {
    let service = Service::start("memory:").await;
    service.report(BAD, Attestation::A).await;
    let rows = SIGNATURES.map(|(verstat, attestation, ..)| Row {
        verstat,
        attestation,
        ..Row::new(BAD, CALLED)
    });
    let told = sipp::run(service.switch.address(), &rows);
    let mut scores = Vec::new();
    for ((.., verstat, attestation, spoofed), told) in SIGNATURES.into_iter().zip(told) {
        let question = json!({"number": BAD, "verstat": verstat, "attestation": attestation});
        let answer = service.look_up(question).await;
        let suspected = answer["spoofSuspected"].as_bool().unwrap_or(false);
        assert_eq!(suspected, spoofed, "{verstat} {attestation}: {answer}");
        assert!(told.starts_with(&answer["sip"]["code"].to_string()), "{told}: {answer}");
        scores.push(answer["riskScore"].as_f64().unwrap());
    }
    scores.sort_by(f64::total_cmp);
    assert!(scores.windows(2).all(|pair| pair[0] < pair[1]), "{scores:?}");
}

/// Whatever else a caller writes into a request, the number that calls is asked about and blocked.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_a_request_spares_a_caller_the_question() {
    let service = Service::start("memory:").await;
    service.report(BAD, Attestation::Unspecified).await;
    let long = "x".repeat(400);
    let asserted = format!("<sip:{BAD};x=\u{ff}@carrier.example>");
    let plain = Call::new(BAD, CALLED);
    let calls = [
        plain.clone().with("P-Origination-Id", b"\",\"number\":\"+12015550199"),
        plain.clone().with("P-Origination-Id", long.as_bytes()),
        plain.clone().with("X-Ingress", b"a\\\"b\xff\xfe"),
        plain.clone().with("X-Ingress", long.as_bytes()),
        plain.clone().with("P-Attestation-Indicator", b"$env(PATH)"),
        plain.clone().with("P-Asserted-Identity", b""),
        plain.clone().with("P-Asserted-Identity", b"nobody"),
        Call::new("anonymous", CALLED).with("P-Asserted-Identity", asserted.as_bytes()),
        Call {
            call_id: format!("{long}@carrier.example"),
            ..plain.clone()
        },
        Call {
            from: format!("<sip:{BAD}$si$rm@carrier.example;x={long}>"),
            ..plain
        },
    ];
    for (index, call) in calls.iter().enumerate() {
        let answer: Answer = call.ask(service.switch.address()).await;
        assert_eq!(answer.status, 603, "call {index}: {answer:?}");
    }
    assert!(
        !service.switch.log().contains(BAD.trim_start_matches("+1")),
        "{}",
        service.switch.log()
    );
}

/// Nobody is refused for what cannot be asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_without_a_number_is_let_through() {
    let service = Service::start("memory:").await;
    let answer = Call::new("alice", CALLED).ask(service.switch.address()).await;
    assert_eq!((answer.told(), answer.fault()), (ALLOWED, Some("http-400")));
    let unreadable = Call {
        from: "<sip:+1\\\"@carrier.example>".to_owned(),
        ..Call::new(BAD, CALLED)
    };
    let answer = unreadable.ask(service.switch.address()).await;
    assert_eq!((answer.told(), answer.fault()), (ALLOWED, Some("request")));
    assert_eq!(
        [service.switch.counter("refused"), service.switch.counter("fail_open")],
        [1, 1]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_holds_for_the_next_call() {
    let service = Service::start("memory:").await;
    let ask = async |number: &str| Call::new(number, CALLED).ask(service.switch.address()).await.status;
    service.report(BAD, Attestation::Unspecified).await;
    service.set_status(LABELLED, StatusKind::Blocked).await;
    assert_eq!([ask(BAD).await, ask(LABELLED).await], [603, 603]);
    service.withdraw(BAD).await;
    service.clear_status(LABELLED).await;
    assert_eq!([ask(BAD).await, ask(LABELLED).await], [404, 404]);
}
