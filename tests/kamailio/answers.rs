//! Answers to callers, and the evidence behind each answer.

use ringwarden::wire::v1::{Attestation, ListKind, StatusKind};
use serde_json::json;

use crate::call::{Answer, Call};
use crate::service::{REDRESS, Service};
use crate::sipp::{self, Row};
use crate::{ALLOWED, BAD, CALLED, UNKNOWN};

const LABELLED: &str = "+12125550107";
const LISTED: &str = "+12025550143";
const NEVER_CALLS: &str = "+16175550122";
const UNKNOWN_LENGTH: &str = "+1999999999999";
const IMPOSSIBLE: &str = "+11235550100";
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
        Row::new(UNKNOWN_LENGTH, CALLED),
        Row::new(BAD, CALLED),
        Row::new(NEVER_CALLS, CALLED),
        Row::new(LISTED, CALLED),
        Row::new(IMPOSSIBLE, CALLED),
        Row::new(PROTECTED, CALLED),
        Row::new(BAD, PROTECTED_CALLED),
        Row::new(BAD, "911"),
        Row::new(NEVER_CALLS, "112"),
    ];
    let told = sipp::run(service.switch.address(), &rows);
    let [
        unknown,
        labelled,
        unknown_length,
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
    assert_eq!(*unknown_length, format!("302 Contact: \"UNKNOWN NUMBER\" {target}"));
    let reason = format!("603 Reason: SIP;cause=603;text=\"v=analytics1;url={REDRESS}r/");
    assert!(bad.starts_with(&reason) && bad.ends_with("\";location=RLN"), "{bad}");
    assert_eq!(refused, ["603", "603", "603"]);
    for let_through in [protected, called, emergency, emergency_abroad] {
        assert_eq!(let_through, "404");
    }
    let counted = |name| service.switch.counter(name);
    assert_eq!([counted("allowed"), counted("labelled"), counted("blocked")], [3, 2, 4]);
    assert_eq!(
        [counted("emergency"), counted("fail_open"), counted("refused")],
        [2, 0, 0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_repeats_the_services_text_exactly() {
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

/// Validation result and attestation of a call, whether the call is then suspected of spoofing (the owner signs with A),
/// and the answer.
const SIGNATURES: [(&str, &str, bool, &str); 6] = [
    ("TN-Validation-Passed", "A", false, "603"),
    ("TN-Validation-Passed", "B", false, "603"),
    ("TN-Validation-Passed", "C", true, "603"),
    ("No-TN-Validation", sipp::NONE, true, "603"),
    (sipp::NONE, sipp::NONE, false, "603"),
    // The caller is unknown, so no evidence applies.
    ("TN-Validation-Failed", "A", false, "404"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_judged_by_its_signature_too() {
    let service = Service::start("memory:").await;
    service.report(BAD, Attestation::A).await;
    service.report(BAD, Attestation::Unspecified).await;
    let rows = SIGNATURES.map(|(verstat, attestation, ..)| Row {
        verstat,
        attestation,
        ..Row::new(BAD, CALLED)
    });
    let told = sipp::run(service.switch.address(), &rows);
    let mut scores = Vec::new();
    for ((verstat, attestation, spoofed, status), told) in SIGNATURES.into_iter().zip(&told) {
        assert!(told.starts_with(status), "{verstat} {attestation}: {told}");
        let Some((_, rest)) = told.split_once(&format!("url={REDRESS}r/")) else {
            assert_eq!((told.as_str(), spoofed), ("404", false));
            continue;
        };
        let (decision, _) = rest.split_once('"').unwrap();
        let decision = service.decision(decision).await;
        let suspected = decision["spoofSuspected"].as_bool().unwrap_or(false);
        assert_eq!(suspected, spoofed, "{verstat} {attestation}: {decision}");
        scores.push(decision["riskScore"].as_f64().unwrap());
    }
    let [a, b, c, unsigned, not_given] = scores[..] else {
        panic!("{told:?}")
    };
    assert!(a < not_given && not_given < b && b < c, "{scores:?}");
    assert!(
        [a, b, c, not_given].iter().all(|other| *other != unsigned),
        "{scores:?}"
    );
    let failed = json!({"number": BAD, "verstat": "VERSTAT_FAILED", "attestation": "ATTESTATION_A"});
    let failed = service.look_up(failed).await;
    assert_eq!(failed["riskLevel"], "RISK_LEVEL_UNKNOWN", "{failed}");
    assert!(
        failed.get("riskScore").is_none() && failed.get("spoofSuspected").is_none(),
        "{failed}"
    );
}

/// No other content of a request keeps the switch from asking about the caller's number and blocking it.
#[tokio::test(flavor = "multi_thread")]
async fn no_header_makes_the_switch_skip_the_lookup() {
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
            from: format!("<sip:{BAD};x=$si$rm@carrier.example;x={long}>"),
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

/// The service also protects emergency calls if the switch has no rule for them. After an emergency call, any number can
/// call the person back.
#[tokio::test(flavor = "multi_thread")]
async fn emergencies_are_protected_by_the_service_too() {
    let service = Service::start("memory:").await;
    service.report(BAD, Attestation::Unspecified).await;
    for called in ["sip:911@switch.example", "tel:911;phone-context=+1", "urn:service:sos"] {
        let question = json!({"number": BAD, "calledNumber": called, "defaultRegion": "US"});
        let answer = service.look_up(question).await;
        assert_eq!(
            [&answer["action"], &answer["basis"], &answer["sip"]["code"]],
            [&json!("ACTION_ALLOW"), &json!("BASIS_PROTECTED"), &json!(404)],
            "{called}: {answer}"
        );
    }
    let before = service.lookups().await;
    let for_help = Call::new(CALLED, "911").ask(service.switch.address()).await;
    assert_eq!(for_help.told(), ALLOWED);
    let reported = async || service.lookups().await > before;
    service
        .program
        .wait_for("the report of the emergency call", reported)
        .await;
    let back = Call::new(BAD, CALLED).ask(service.switch.address()).await;
    assert_eq!((back.told(), back.fault()), (ALLOWED, None));
    let elsewhere = Call::new(BAD, UNKNOWN).ask(service.switch.address()).await;
    assert_eq!(elsewhere.status, 603);
}

/// A switch that can only show a name shows one for callers that other switches refuse.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_given_for_labelled_and_blocked_callers() {
    let service = Service::start("memory:").await;
    service.report(BAD, Attestation::Unspecified).await;
    service.link(LABELLED).await;
    service.set_status(NEVER_CALLS, StatusKind::DoNotOriginate).await;
    let table = [
        (BAD, "SCAM LIKELY"),
        (LABELLED, "SCAM LIKELY"),
        (NEVER_CALLS, "SPAM RISK"),
        (UNKNOWN, ""),
    ];
    for (caller, name) in table {
        let answer = service.program.get(&format!("/v1/cid/{caller}")).await;
        assert_eq!(answer, (200, name.to_owned()), "{caller}");
    }
}

/// A caller without a number cannot be looked up, and is not refused.
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
async fn a_withdrawal_applies_to_the_next_call() {
    let service = Service::start("memory:").await;
    let ask = async |number: &str| Call::new(number, CALLED).ask(service.switch.address()).await.status;
    service.report(BAD, Attestation::Unspecified).await;
    service.set_status(LABELLED, StatusKind::Blocked).await;
    assert_eq!([ask(BAD).await, ask(LABELLED).await], [603, 603]);
    service.withdraw(BAD, Attestation::Unspecified).await;
    service.clear_status(LABELLED).await;
    assert_eq!([ask(BAD).await, ask(LABELLED).await], [404, 404]);
}
