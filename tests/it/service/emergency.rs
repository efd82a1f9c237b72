//! A call for help in any form, of a caller that an analyst blocked: it is let through, and so is the call back.

use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::domain::kinds::{Action, Basis, ListKind, StatusKind};
use ringwarden::number::{EmergencyNumbers, Region};
use ringwarden::service::{LookupInput, LookupOutcome, LookupRole, ServiceSettings};

use super::lookups::{PERSON, call, codes, set};
use super::odd_callers::set_list;
use super::{NUMBER, memory};
use crate::support::instance::{Instance, noon};

/// A called text, its region, and the code of the first reason.
const CALLS: &[(&str, &str, &str)] = &[
    ("911#", "US", "EMERGENCY_CALL"),
    ("sip:911%23@h.example", "US", "EMERGENCY_CALL"),
    ("sip:+911@h.example", "US", "EMERGENCY_CALL"),
    ("sip:1911@h.example", "US", "EMERGENCY_CALL"),
    ("sip:911@h.example;user=phone", "US", "EMERGENCY_CALL"),
    ("tel:911@h.example", "US", "EMERGENCY_CALL"),
    ("tel:911;ext=5", "US", "EMERGENCY_CALL"),
    ("9911", "US", "EMERGENCY_CALL"),
    ("9-911", "US", "EMERGENCY_CALL"),
    ("*911", "US", "EMERGENCY_CALL"),
    ("+1911", "US", "EMERGENCY_CALL"),
    ("1-911", "CA", "EMERGENCY_CALL"),
    ("9-1-1", "CA", "EMERGENCY_CALL"),
    ("*67 911", "US", "EMERGENCY_CALL"),
    ("0111911", "US", "EMERGENCY_CALL"),
    ("0049112", "DE", "EMERGENCY_CALL"),
    ("+49112", "DE", "EMERGENCY_CALL"),
    ("49112", "DE", "EMERGENCY_CALL"),
    ("0112", "DE", "EMERGENCY_CALL"),
    ("00112", "DE", "EMERGENCY_CALL"),
    ("+49 (0) 112", "DE", "EMERGENCY_CALL"),
    ("+44999", "GB", "EMERGENCY_CALL"),
    ("0999", "GB", "EMERGENCY_CALL"),
    ("+61000", "AU", "EMERGENCY_CALL"),
    ("0000", "AU", "EMERGENCY_CALL"),
    ("+000", "AU", "EMERGENCY_CALL"),
    ("sip:+44999@h.example", "US", "EMERGENCY_CALL"),
    ("tel:112;phone-context=+49", "US", "EMERGENCY_CALL"),
    ("tel:911;phone-context=+1415", "DE", "EMERGENCY_CALL"),
    ("urn:service:sos.police", "US", "EMERGENCY_CALL"),
    ("114", "FR", "EMERGENCY_CALL"),
    ("115", "FR", "EMERGENCY_CALL"),
    ("119", "FR", "EMERGENCY_CALL"),
    ("116000", "FR", "EMERGENCY_CALL"),
    ("116 117", "FR", "EMERGENCY_CALL"),
    ("191", "FR", "EMERGENCY_CALL"),
    ("196", "FR", "EMERGENCY_CALL"),
    ("197#", "FR", "EMERGENCY_CALL"),
    ("+3315", "FR", "EMERGENCY_CALL"),
    ("017", "FR", "EMERGENCY_CALL"),
    ("061", "ES", "EMERGENCY_CALL"),
    ("108", "IN", "EMERGENCY_CALL"),
    ("118", "IT", "EMERGENCY_CALL"),
    ("112", "NL", "EMERGENCY_CALL"),
    ("90000", "SE", "EMERGENCY_CALL"),
    ("066", "MX", "EMERGENCY_CALL"),
    ("193", "BR", "EMERGENCY_CALL"),
    ("988", "US", "PROTECTED_CALLED"),
    ("+1988", "CA", "PROTECTED_CALLED"),
    ("116117", "DE", "PROTECTED_CALLED"),
    ("0116123", "DE", "PROTECTED_CALLED"),
    ("113", "NL", "PROTECTED_CALLED"),
    ("024", "ES", "PROTECTED_CALLED"),
    ("188", "BR", "PROTECTED_CALLED"),
    ("089", "MX", "PROTECTED_CALLED"),
    ("1098", "IN", "PROTECTED_CALLED"),
];

/// Called texts that are no call for help, and their region.
const OTHERS: &[(&str, &str)] = &[
    ("+911126123456", "IN"),
    ("+4911123456", "DE"),
    ("0911", "DE"),
    ("091112345", "DE"),
    ("+4791112345", "NO"),
    ("+19114206969", "US"),
    ("9112", "US"),
    ("1912", "US"),
    ("1911", "DE"),
    ("988", "GB"),
    ("0116000", "IT"),
    ("1414", "CH"),
];

fn ask(one: &Instance, from: &str, to: &str, place: &str, name: &str) -> LookupOutcome {
    let place: Region = place.parse().unwrap();
    one.ask(&LookupInput {
        default_region: Some(place),
        ..call(from, to, name)
    })
}

async fn blocking(emergency_numbers: EmergencyNumbers) -> Instance {
    let settings = ServiceSettings {
        emergency_numbers,
        ..ServiceSettings::default()
    };
    let one = Instance::unloaded_by(memory(), Clock::manual(noon()), settings);
    one.follower.bootstrap().await.unwrap();
    set(&one, NUMBER, StatusKind::Blocked, "m1").await;
    one
}

#[tokio::test]
async fn a_call_for_help_in_any_form_is_let_through_and_so_is_the_call_back() {
    let one = blocking(EmergencyNumbers::default()).await;
    for (place, &(to, region, code)) in CALLS.iter().enumerate() {
        let found = ask(&one, NUMBER, to, region, "");
        let decided = (found.decision.action, found.decision.basis, found.decision.ttl);
        assert_eq!(
            decided,
            (Action::Allow, Basis::Protected, Duration::ZERO),
            "{to} in {region}"
        );
        assert_eq!(codes(&found).first(), Some(&code), "{to} in {region}");
        let person = format!("+1415555{:04}", 1_000 + place);
        assert_eq!(
            ask(&one, NUMBER, &person, region, "").decision.action,
            Action::Block,
            "{to}"
        );
        ask(&one, &person, to, region, &format!("call-{place}"));
        let back = ask(&one, NUMBER, &person, region, "");
        assert_eq!(codes(&back).first(), Some(&"EMERGENCY_CALLBACK"), "{to} in {region}");
    }
    for (to, region) in OTHERS {
        let found = ask(&one, NUMBER, to, region, "");
        assert_eq!(found.decision.action, Action::Block, "{to} in {region}");
    }
}

#[tokio::test]
async fn the_region_of_the_caller_counts_if_the_question_has_none() {
    let one = blocking(EmergencyNumbers::default()).await;
    set(&one, "+4930901820", StatusKind::Blocked, "m2").await;
    for (from, to, action) in [
        (NUMBER, "1911", Action::Allow),
        (NUMBER, "49112", Action::Block),
        ("+4930901820", "49112", Action::Allow),
        ("+4930901820", "0110", Action::Allow),
        ("+4930901820", "1912", Action::Block),
    ] {
        assert_eq!(
            one.ask(&call(from, to, "")).decision.action,
            action,
            "{from} calls {to}"
        );
    }
    // Any text in the place of the caller's number: the call for help counts.
    for to in ["911#", "988"] {
        let found = ask(&one, "hello", to, "US", "");
        assert_eq!(found.decision.basis, Basis::Protected, "{to}");
    }
}

#[tokio::test]
async fn a_number_of_the_operators_file_is_an_emergency_number_too() {
    let one = blocking(EmergencyNumbers::with_additions("CH,1414\nUS,933,public-safety").unwrap()).await;
    for (to, region, code) in [
        ("1414", "CH", "EMERGENCY_CALL"),
        ("+411414", "US", "EMERGENCY_CALL"),
        ("117", "CH", "EMERGENCY_CALL"),
        ("933#", "US", "PROTECTED_CALLED"),
        ("911", "US", "EMERGENCY_CALL"),
    ] {
        assert_eq!(
            codes(&ask(&one, NUMBER, to, region, "")).first(),
            Some(&code),
            "{to} in {region}"
        );
    }
}

/// Lists of the tenant that name every reading of such a number do not matter.
#[tokio::test]
async fn a_person_about_to_call_for_help_is_neither_refused_nor_warned() {
    let one = blocking(EmergencyNumbers::with_additions("CH,1414").unwrap()).await;
    let listed = ["anonymous", "short:911", "short:988", "short:1414", "short:116117"];
    for kind in [ListKind::TenantBlock, ListKind::DoNotOriginate] {
        set_list(&one, kind, &listed).await;
        for (number, region, code) in [
            ("+911", "US", "EMERGENCY_CALL"),
            ("911#", "US", "EMERGENCY_CALL"),
            ("911", "US", "EMERGENCY_CALL"),
            ("urn:service:sos", "US", "EMERGENCY_CALL"),
            ("1414", "CH", "EMERGENCY_CALL"),
            ("988", "US", "PROTECTED_CALLED"),
            ("988#", "US", "PROTECTED_CALLED"),
            ("116117", "DE", "PROTECTED_CALLED"),
        ] {
            let found = one.ask(&LookupInput {
                role: LookupRole::AboutToDial,
                default_region: region.parse().ok(),
                ..call(number, "", "")
            });
            let decided = (found.decision.action, found.decision.basis, found.advice.as_deref());
            assert_eq!(decided, (Action::Allow, Basis::Protected, None), "{number}");
            assert_eq!(codes(&found).first(), Some(&code), "{number}");
        }
    }
    // Who calls from there is another question.
    assert!(one.try_ask(&call("+911", PERSON, "")).is_err());
}

/// A region that is only guessed from the caller hides no call for help.
#[tokio::test]
async fn a_guessed_region_hides_no_call_for_help() {
    let one = blocking(EmergencyNumbers::default()).await;
    for to in ["0112", "9112", "0999", "0110"] {
        let found = one.ask(&call(NUMBER, to, ""));
        assert_eq!(codes(&found).first(), Some(&"EMERGENCY_CALL"), "{to}");
    }
    assert_eq!(ask(&one, NUMBER, "0112", "US", "").decision.action, Action::Block);
}
