//! Callers that the numbering plan does not know, or rules out; callers without a number; and the lists, statuses and
//! reports that come before the plan. What other projects met: google/libphonenumber#358 (nine digits in North America),
//! twcclegg/libphonenumber-csharp#2 (numbers of a length that older metadata refuse).

use std::time::Duration;

use ringwarden::domain::ids::ListId;
use ringwarden::domain::kinds::{Action, Attestation, Basis, ListKind, RiskLevel, StatusKind, Verstat};
use ringwarden::number::{PLAN_DATE, Validity};
use ringwarden::service::{LookupInput, LookupOutcome, LookupRole, PageRequest, ServiceError};

use super::instance;
use super::lists::replace;
use super::lookups::{PERSON, call, set};
use crate::support::instance::{Instance, days_before_noon, noon, report};

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

/// Numbers of a length that the plan does not know, with their keys.
const UNKNOWN_LENGTH: &[&str] = &[
    "+1617555012",
    "+161755501234",
    "+1617155012",
    "+22083321234",
    "+2208332123456",
    "+3361234567",
    "+336123456789",
    "+4420794600181",
    "+45712345678",
    "+346123456",
    "+123456789012345",
];

/// Numbers that cannot exist: those of the North American plan have a key.
const IMPOSSIBLE: &[&str] = &[
    "+16171550123",
    "+16170550123",
    "+11175550123",
    "+10175550123",
    "+19115550123",
    "+12115550123",
    "+999123456789",
    "+2101234567",
    "+8301234567",
    "+8391234567",
    "+2591234567",
];

fn decided(found: &LookupOutcome) -> (Action, Basis, Duration) {
    (found.decision.action, found.decision.basis, found.decision.ttl)
}

fn reasons(found: &LookupOutcome) -> Vec<&'static str> {
    found.score.reasons.iter().map(|reason| reason.code.name()).collect()
}

pub(super) async fn set_list(one: &Instance, kind: ListKind, patterns: &[&str]) {
    let id = kind.name().to_ascii_lowercase();
    replace(one, &id, kind, patterns).await.unwrap();
}

#[tokio::test]
async fn a_length_that_the_plan_does_not_know_labels_for_a_minute() {
    let one = instance().await;
    for number in UNKNOWN_LENGTH {
        let found = one.look_up(number);
        assert_eq!(
            decided(&found),
            (Action::Label, Basis::InvalidNumber, MINUTE),
            "{number}"
        );
        assert_eq!(found.identity.validity, Validity::UnknownLength, "{number}");
        assert_eq!(
            found.identity.e164.map(|number| number.to_string()).as_deref(),
            Some(*number)
        );
        assert_eq!(reasons(&found), ["UNKNOWN_LENGTH"], "{number}");
        let reason = &found.score.reasons[0];
        assert!(reason.detail.contains(PLAN_DATE), "{}", reason.detail);
        assert_eq!(
            found.sip.as_ref().map(|sip| (sip.code, sip.display_name)),
            Some((302, "UNKNOWN NUMBER"))
        );
        assert_eq!(found.advice, None, "nobody is accused");
        let dialled = one.ask(&LookupInput {
            role: LookupRole::AboutToDial,
            ..call(number, "", "")
        });
        assert_eq!(dialled.decision.action, Action::Allow, "{number}");
    }
    // More than 15 digits: no key, and still no more than a label.
    for number in ["+1617555012345678", "+1999999999999999", "+2208332123451234567"] {
        let found = one.look_up(number);
        assert_eq!(
            decided(&found),
            (Action::Label, Basis::InvalidNumber, MINUTE),
            "{number}"
        );
        assert_eq!(found.identity.e164, None, "{number}");
    }
    let signed = one.ask(&LookupInput {
        attestation: Some(Attestation::C),
        ..call("+1617555012", PERSON, "")
    });
    assert_eq!(decided(&signed), (Action::Label, Basis::InvalidNumber, Duration::ZERO));
}

#[tokio::test]
async fn what_cannot_exist_is_refused() {
    let one = instance().await;
    for number in IMPOSSIBLE {
        let found = one.look_up(number);
        assert_eq!(decided(&found), (Action::Block, Basis::InvalidNumber, HOUR), "{number}");
        assert_eq!(found.identity.validity, Validity::Impossible, "{number}");
        assert_eq!(reasons(&found)[0], "INVALID_NUMBER", "{number}");
        assert_eq!(found.identity.e164.is_some(), number.starts_with("+1"), "{number}");
    }
    // Too few digits for a caller, codes that are somebody's, and a lost plus sign are no proof.
    for number in [
        "+4930",
        "+99912",
        "+379123456789",
        "+9971234567890",
        "+0123456789",
        "+9991234567890123",
    ] {
        let input = call(number, PERSON, "");
        assert!(matches!(one.try_ask(&input), Err(ServiceError::Invalid(_))), "{number}");
    }
    let german = LookupInput {
        default_region: "US".parse().ok(),
        ..call("4930901820", PERSON, "")
    };
    assert_eq!(one.ask(&german).decision.basis, Basis::NoEvidence);
}

#[tokio::test]
async fn newer_ranges_are_valid() {
    let one = instance().await;
    for (number, region) in [
        ("+220833212345", "GM"),
        ("+220444212345", "GM"),
        ("+34400123456", "ES"),
        ("+12745550123", "US"),
        ("+46781234567", "SE"),
    ] {
        let found = one.look_up(number);
        assert_eq!(found.decision.basis, Basis::NoEvidence, "{number}");
        assert_eq!(found.identity.validity, Validity::Valid, "{number}");
        assert_eq!(found.identity.region, region.parse().ok(), "{number}");
    }
}

#[tokio::test]
async fn protected_and_tenant_lists_come_before_the_plan() {
    let one = instance().await;
    let callers = ["+1617555012", "+16171550123", "+1617555012345678", "+999123456789"];
    let prefixes = ["+1617*", "+999*"];
    set_list(&one, ListKind::TenantPrefix, &prefixes).await;
    for caller in callers {
        let found = one.look_up(caller);
        assert_eq!(decided(&found).1, Basis::TenantPolicy, "{caller}");
        assert_eq!(found.decision.action, Action::Challenge, "{caller}");
    }
    set_list(&one, ListKind::TenantBlock, &prefixes).await;
    for caller in callers {
        assert_eq!(decided(&one.look_up(caller)).0, Action::Block, "{caller}");
    }
    set_list(&one, ListKind::TenantAllow, &prefixes).await;
    for caller in callers {
        let found = one.look_up(caller);
        assert_eq!(
            decided(&found),
            (Action::Allow, Basis::TenantPolicy, Duration::from_secs(120)),
            "{caller}"
        );
    }
    set_list(&one, ListKind::DoNotOriginate, &prefixes).await;
    for caller in callers {
        assert_eq!(
            decided(&one.look_up(caller)),
            (Action::Block, Basis::Dno, HOUR),
            "{caller}"
        );
    }
    set_list(&one, ListKind::Protected, &["+1617555*", "+1617155*", "+999*"]).await;
    for caller in callers {
        let found = one.look_up(caller);
        assert_eq!(decided(&found), (Action::Allow, Basis::Protected, HOUR), "{caller}");
        assert_eq!(reasons(&found)[0], "PROTECTED_NUMBER", "{caller}");
    }
}

#[tokio::test]
async fn a_number_of_unknown_length_is_reported_listed_and_judged_as_any_other() {
    let one = instance().await;
    for (place, number) in UNKNOWN_LENGTH.iter().enumerate() {
        for n in 0..3 {
            let report = report(number, &format!("r{place}-{n}"), days_before_noon(n));
            one.services.reports.submit(report).await.unwrap();
        }
        let found = one.look_up(number);
        assert_eq!(found.facts.report_count, 3, "{number}");
        assert_eq!(decided(&found).1, Basis::Analytics, "{number}");
        assert_eq!(found.decision.action, Action::Block, "{number}: evidence decides");
        let dossier = one.services.numbers.dossier(number, None).await.unwrap();
        assert_eq!(dossier.identity.validity, Validity::UnknownLength, "{number}");
        set(&one, number, StatusKind::Allowed, &format!("s{place}")).await;
        assert_eq!(decided(&one.look_up(number)).1, Basis::Analyst, "{number}");
        assert_eq!(one.look_up(number).decision.action, Action::Allow, "{number}");
    }
    set_list(&one, ListKind::TenantBlock, UNKNOWN_LENGTH).await;
    for number in UNKNOWN_LENGTH {
        assert_eq!(decided(&one.look_up(number)).1, Basis::TenantPolicy, "{number}");
    }
    for number in ["+1617555012345678", "+999123456789", "+4930"] {
        let refused = one.services.reports.submit(report(number, "x", noon())).await;
        assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{number}");
    }
}

#[tokio::test]
async fn an_analyst_comes_before_the_plan() {
    let one = instance().await;
    for (place, number) in ["+16171550123", "+1617555012"].into_iter().enumerate() {
        set(&one, number, StatusKind::Allowed, &format!("a{place}")).await;
        assert_eq!(
            decided(&one.look_up(number)),
            (Action::Allow, Basis::Analyst, MINUTE),
            "{number}"
        );
        // It does not hold for a call that anybody may have made.
        let gateway = LookupInput {
            attestation: Some(Attestation::C),
            ..call(number, PERSON, "")
        };
        assert_eq!(one.ask(&gateway).decision.basis, Basis::InvalidNumber, "{number}");
    }
    set(&one, "+1617555013", StatusKind::VerifiedBusiness, "v").await;
    assert_eq!(one.look_up("+1617555013").decision.action, Action::Allow);
    set_list(&one, ListKind::Unassigned, &["+1415555*"]).await;
    set(&one, "+14155550177", StatusKind::Allowed, "u").await;
    assert_eq!(one.look_up("+14155550177").decision.basis, Basis::Analyst);
    assert_eq!(
        decided(&one.look_up("+14155550178")),
        (Action::Block, Basis::InvalidNumber, HOUR)
    );
}

/// Nobody calls from 911 or from an extension: such a caller is neither scored nor protected.
#[tokio::test]
async fn short_codes_that_call_are_not_protected() {
    let one = instance().await;
    let caller = |number: &str, verstat, attestation| LookupInput {
        default_region: "US".parse().ok(),
        verstat,
        attestation,
        ..call(number, PERSON, "")
    };
    let failed = |number| caller(number, Some(Verstat::Failed), Some(Attestation::C));
    for number in [
        "sip:2001@gw.example",
        "911",
        "sip:911@gw.example",
        "72345",
        "411",
        "112",
    ] {
        let found = one.ask(&failed(number));
        assert_eq!(
            decided(&found),
            (Action::Allow, Basis::NoEvidence, Duration::ZERO),
            "{number}"
        );
        assert_eq!(found.score.verdict.level, RiskLevel::NotScored, "{number}");
        assert!(reasons(&found).is_empty(), "{number}");
        let unsigned = one.ask(&caller(number, None, None));
        assert_eq!(
            decided(&unsigned),
            (Action::Allow, Basis::NoEvidence, MINUTE),
            "{number}"
        );
    }
    // A person who is about to dial an emergency number is not warned, even if a list names it.
    set_list(
        &one,
        ListKind::TenantBlock,
        &["short:911", "short:US:2001", "short:DE:411"],
    )
    .await;
    for number in ["911", "sip:911@gw.example", "sip:2001@gw.example"] {
        let found = one.ask(&failed(number));
        assert_eq!(
            (found.decision.action, found.decision.basis),
            (Action::Block, Basis::TenantPolicy),
            "{number}"
        );
    }
    assert_eq!(
        one.ask(&failed("411")).decision.action,
        Action::Allow,
        "the entry is of another region"
    );
    let dialled = LookupInput {
        role: LookupRole::AboutToDial,
        ..caller("911", None, None)
    };
    assert_eq!(
        decided(&one.ask(&dialled)),
        (Action::Allow, Basis::Protected, Duration::ZERO)
    );
    set_list(&one, ListKind::DoNotOriginate, &["short:2001"]).await;
    assert_eq!(one.ask(&failed("sip:2001@gw.example")).decision.basis, Basis::Dno);
    set_list(&one, ListKind::Protected, &["short:2001"]).await;
    assert_eq!(one.ask(&failed("sip:2001@gw.example")).decision.basis, Basis::Protected);
}

#[tokio::test]
async fn a_list_can_name_withheld_callers() {
    let one = instance().await;
    let withheld = [
        "anonymous",
        "sip:anonymous@anonymous.invalid",
        "\"Anonymous\" <sip:anonymous@gw.example>",
    ];
    for caller in withheld {
        assert_eq!(
            decided(&one.look_up(caller)),
            (Action::Allow, Basis::NoEvidence, MINUTE),
            "{caller}"
        );
    }
    for (kind, expected) in [
        (ListKind::TenantPrefix, (Action::Challenge, Basis::TenantPolicy)),
        (ListKind::TenantBlock, (Action::Block, Basis::TenantPolicy)),
        (ListKind::TenantAllow, (Action::Allow, Basis::TenantPolicy)),
        (ListKind::Protected, (Action::Allow, Basis::Protected)),
    ] {
        set_list(&one, kind, &["anonymous"]).await;
        for caller in withheld {
            let found = one.look_up(caller);
            assert_eq!(
                (found.decision.action, found.decision.basis),
                expected,
                "{caller} {kind}"
            );
        }
    }
    // A call for help is put through, with any caller.
    set_list(&one, ListKind::Protected, &["+1415*"]).await;
    set_list(&one, ListKind::TenantAllow, &["+1415*"]).await;
    assert_eq!(one.look_up("anonymous").decision.action, Action::Block);
    let help = one.ask(&call("anonymous", "911", "e"));
    assert_eq!(
        (help.decision.action, help.decision.basis),
        (Action::Allow, Basis::Protected)
    );
    let (id, request) = (
        ListId::parse("tenant_block").unwrap(),
        PageRequest {
            size: 10,
            token: String::new(),
        },
    );
    let page = one.services.lists.page(&id, &request).await;
    assert_eq!(page.unwrap().entries[0].pattern.to_string(), "anonymous");
}
