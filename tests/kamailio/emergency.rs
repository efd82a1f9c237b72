//! Calls for help in every form, through the switch: each is let through although the caller is blocked, before the
//! service is asked and also when it has ended, and the service expects the call back.

use ringwarden::wire::v1::StatusKind;

use crate::call::Call;
use crate::service::Service;
use crate::sipp::{self, Row};
use crate::{ALLOWED, BAD, CALLED};

/// Called users, the part of the request URI before the @.
const USERS_US: [&str; 24] = [
    "911",
    "112",
    "999",
    "911#",
    "911%23",
    "%39%31%31",
    "*911",
    "911*",
    "9-1-1",
    "9.1.1",
    "(911)",
    "+911",
    "1911",
    "+1911",
    "1-911",
    "9911",
    "91911",
    "011911",
    "0111911",
    "01149112",
    "*67911",
    "1167911",
    "+44999",
    "988",
];
const USERS_DE: [&str; 16] = [
    "112",
    "110",
    "911",
    "112%23",
    "0112",
    "49112",
    "+49112",
    "0049112",
    "00112",
    "+490112",
    "+49%280%29112",
    "#31%23112",
    "116117",
    "+49116117",
    "+33197",
    "001911",
];

/// Whole request URIs.
const URIS_US: [&str; 12] = [
    "tel:911",
    "tel:911@h.example",
    "tel:+1-911",
    "tel:%2B1911",
    "tel:911;phone-context=+1",
    "tel:112;phone-context=+49",
    "tel:15;phone-context=+33",
    "sip:911;phone-context=+1@h.example",
    "sip:911:secret@h.example:5061;user=phone",
    "sips:911@h.example",
    "urn:service:sos",
    "urn:service:sos.police",
];

/// Called users that are no calls for help.
const OTHERS_US: [&str; 12] = [
    "9112",
    "1912",
    "0112",
    "+911126123456",
    "+4911123456",
    "91112345",
    "+19114206969",
    "4155550911",
    "9110",
    "988988",
    "2911",
    "alice",
];

async fn with_blocked_caller(region: &str) -> Service {
    let service = Service::start_in("memory:", region).await;
    service.set_status(BAD, StatusKind::DoNotOriginate).await;
    let refused = Call::new(BAD, CALLED).ask(service.switch.address()).await;
    assert_eq!(refused.status, 603);
    service
}

/// Every form by SIPp: all are let through, and none on the service's word.
fn all_are_let_through(service: &Service, users: &[&str]) {
    let rows: Vec<Row<'_>> = users.iter().map(|user| Row::new(BAD, user)).collect();
    let before = service.switch.counter("emergency");
    let told = sipp::run(service.switch.address(), &rows);
    for (user, told) in users.iter().zip(&told) {
        assert_eq!(told, "404", "{user}");
    }
    assert_eq!(service.switch.counter("emergency"), before + users.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_an_emergency_call_is_let_through_also_without_the_service() {
    for (region, users) in [("US", &USERS_US[..]), ("DE", &USERS_DE)] {
        let mut service = with_blocked_caller(region).await;
        all_are_let_through(&service, users);
        service.program.kill();
        all_are_let_through(&service, users);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_call_to_any_uri_is_let_through_and_no_other_call() {
    let service = with_blocked_caller("US").await;
    for uri in URIS_US {
        let call = Call {
            called: uri.to_owned(),
            ..Call::new(BAD, CALLED)
        };
        let answer = call.ask(service.switch.address()).await;
        assert_eq!((answer.told(), answer.fault()), (ALLOWED, None), "{uri}");
    }
    assert_eq!(service.switch.counter("emergency"), URIS_US.len() as u64);
    for user in OTHERS_US {
        let answer = Call::new(BAD, user).ask(service.switch.address()).await;
        assert_eq!(answer.status, 603, "{user}");
    }
    assert_eq!(service.switch.counter("emergency"), URIS_US.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_call_back_after_any_form_is_let_through() {
    let service = with_blocked_caller("US").await;
    for (place, user) in ["911%23", "+911", "1911", "9911", "*67911", "988"]
        .into_iter()
        .enumerate()
    {
        let person = format!("+1415555{:04}", 200 + place);
        let before = service.lookups().await;
        let for_help = Call::new(&person, user).ask(service.switch.address()).await;
        assert_eq!(for_help.told(), ALLOWED, "{user}");
        let reported = async || service.lookups().await > before;
        service
            .program
            .wait_for("the report of the call for help", reported)
            .await;
        let back = Call::new(BAD, &person).ask(service.switch.address()).await;
        assert_eq!((back.told(), back.fault()), (ALLOWED, None), "{user}");
    }
}
