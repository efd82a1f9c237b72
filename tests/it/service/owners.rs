//! Numbers whose owner is known: the signature of a call decides, and not what people say of the number.

use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::domain::ids::{ListId, ListSource, OwnerName};
use ringwarden::domain::kinds::{Action, Attestation, Basis, ListKind, OwnerCalls, RiskLevel, StatusKind, Verstat};
use ringwarden::domain::list::{EntryOrigin, ListEntry, Owner, Pattern};
use ringwarden::domain::policy::Policy;
use ringwarden::domain::time::{DAY_MS, Timestamp};
use ringwarden::service::{ListHead, LookupInput, LookupOutcome, LookupRole, NewReport, ServiceSettings};

use super::lists::replace;
use super::lookups::{PERSON, call, codes, set};
use super::{instance, memory};
use crate::support::instance::{Instance, mutation, noon, report};

/// A toll-free number, and its neighbour.
const OWNED: &str = "+18005550199";
const NEIGHBOUR: &str = "+18005550198";
const OWNER: &str = "Bank of Examples";

/// The signatures of a call, with the names that the tables here use.
const SIGNINGS: [(&str, Option<Attestation>, Option<Verstat>); 6] = [
    ("unknown", None, None),
    ("A", Some(Attestation::A), Some(Verstat::Passed)),
    ("B", Some(Attestation::B), Some(Verstat::Passed)),
    ("C", Some(Attestation::C), Some(Verstat::Passed)),
    ("unsigned", Some(Attestation::None), None),
    ("failed", Some(Attestation::A), Some(Verstat::Failed)),
];

fn entry(pattern: &str, organisation: &str, calls: OwnerCalls, expires_at: Option<Timestamp>) -> ListEntry {
    ListEntry {
        pattern: Pattern::parse(pattern).unwrap(),
        origin: Arc::new(EntryOrigin {
            source: ListSource::parse("registry").unwrap(),
            requester: None,
        }),
        entered_at: noon(),
        expires_at,
        action: None,
        owner: Some(Arc::new(Owner {
            organisation: OwnerName::parse(organisation).unwrap(),
            brand: None,
            calls,
        })),
    }
}

async fn own(one: &Instance, mut entries: Vec<ListEntry>, request: &str) {
    entries.sort_by_key(|entry| entry.pattern);
    let head = ListHead {
        id: ListId::parse("owners").unwrap(),
        kind: ListKind::KnownOwner,
        may_be_empty: false,
        mutation: mutation(request),
    };
    one.services.lists.replace(&head, entries.into()).await.unwrap();
}

fn days_ago(days: u32) -> Timestamp {
    Timestamp::from_millis(noon().millis() - i64::from(days) * DAY_MS)
}

/// Complaints of a trusted feed about calls of unknown signature, over ten months.
async fn complain(one: &Instance, number: &str, count: u32) {
    for n in 0..count {
        let at = days_ago(n % 300);
        let told = report(number, &format!("{number} {n}"), at);
        one.services.reports.submit(told).await.unwrap();
    }
}

async fn with_complaints() -> Instance {
    let one = instance().await;
    complain(&one, OWNED, 500).await;
    one
}

fn from_owned((_, attestation, verstat): (&str, Option<Attestation>, Option<Verstat>)) -> LookupInput {
    LookupInput {
        attestation,
        verstat,
        record_event: false,
        ..call(OWNED, PERSON, "")
    }
}

fn signed(name: &str) -> LookupInput {
    from_owned(SIGNINGS.into_iter().find(|(known, ..)| *known == name).unwrap())
}

fn decided(outcome: &LookupOutcome) -> (Action, Basis, bool, bool) {
    let verdict = &outcome.score.verdict;
    let decision = &outcome.decision;
    (
        decision.action,
        decision.basis,
        verdict.spoof_suspected,
        verdict.owner_protected,
    )
}

const RINGS: (Action, Basis, bool, bool) = (Action::Allow, Basis::KnownOwner, false, false);
const SPOOFED: (Action, Basis, bool, bool) = (Action::Label, Basis::KnownOwner, true, true);
const POSSIBLE: (Action, Basis, bool, bool) = (Action::Label, Basis::Analytics, true, false);

#[tokio::test]
async fn the_signature_decides_over_the_number_of_a_known_owner() {
    let one = with_complaints().await;
    let stranger = one.ask(&signed("A")).decision;
    assert_eq!(
        (stranger.action, stranger.basis),
        (Action::Label, Basis::Analytics),
        "no owner is known"
    );
    let tables = [
        (OwnerCalls::Yes, [POSSIBLE, RINGS, POSSIBLE, SPOOFED, POSSIBLE, SPOOFED]),
        (
            OwnerCalls::Signed,
            [POSSIBLE, RINGS, SPOOFED, SPOOFED, SPOOFED, SPOOFED],
        ),
    ];
    for (calls, expected) in tables {
        own(&one, vec![entry(OWNED, OWNER, calls, None)], calls.name()).await;
        for (signing, expected) in SIGNINGS.into_iter().zip(expected) {
            let found = one.ask(&from_owned(signing));
            assert_eq!(decided(&found), expected, "{calls} {}", signing.0);
            assert_eq!(
                found.decision.ttl,
                Duration::ZERO,
                "the next call may be signed otherwise"
            );
            let is_named = codes(&found).contains(&"SPOOF_SUSPECTED");
            assert_eq!(is_named, expected.2, "{calls} {}: {:?}", signing.0, codes(&found));
        }
    }
    for (signing, name) in [("unknown", "SPOOF RISK"), ("C", "SPOOF LIKELY")] {
        let found = one.ask(&signed(signing));
        let advised = found.advice.unwrap();
        assert_eq!(found.sip.unwrap().display_name, name, "{signing}");
        let may = "The number shown belongs to Bank of Examples, who may not have placed this call.";
        assert_eq!(advised.starts_with(may), name == "SPOOF RISK", "{signing}: {advised}");
    }
    let own_call = one.ask(&signed("A"));
    assert_eq!(own_call.score.verdict.level, RiskLevel::Trusted);
    assert!(own_call.score.verdict.value.unwrap() < 20.0, "{:?}", own_call.score);
    assert!(codes(&own_call).contains(&"KNOWN_OWNER"), "{:?}", codes(&own_call));
    assert_eq!((own_call.score.category, own_call.advice), (None, None));
    assert!(own_call.number_value.unwrap() > 80.0, "the number keeps its own score");
}

#[tokio::test]
async fn a_verified_business_is_a_known_owner_that_calls() {
    let one = with_complaints().await;
    let before = one.look_up(OWNED).number_value;
    set(&one, OWNED, StatusKind::VerifiedBusiness, "v").await;
    let expected = [POSSIBLE, RINGS, POSSIBLE, SPOOFED, POSSIBLE, SPOOFED];
    for (signing, expected) in SIGNINGS.into_iter().zip(expected) {
        let found = one.ask(&from_owned(signing));
        assert_eq!(decided(&found), expected, "{}", signing.0);
        assert_eq!(
            (found.owner, found.caller_name.as_str()),
            (None, ""),
            "no list names it"
        );
    }
    let own_call = one.ask(&signed("A"));
    assert!(
        codes(&own_call).contains(&"VERIFIED_BUSINESS"),
        "{:?}",
        codes(&own_call)
    );
    assert_eq!(
        own_call.number_value, before,
        "the status says nothing of the complaints"
    );
    // A list knows more of the owner than the status does.
    own(&one, vec![entry(OWNED, OWNER, OwnerCalls::Signed, None)], "l").await;
    assert_eq!(decided(&one.ask(&signed("unsigned"))), SPOOFED);
}

/// With nothing bad known, calls that may be the owner's ring; those through a gateway do not look like the owner's.
#[tokio::test]
async fn without_complaints_only_suspected_calls_are_labelled() {
    let one = instance().await;
    own(&one, vec![entry(OWNED, OWNER, OwnerCalls::Yes, None)], "l").await;
    let nothing = (Action::Allow, Basis::NoEvidence, false, false);
    let expected = [nothing, RINGS, nothing, SPOOFED, nothing, SPOOFED];
    for (signing, expected) in SIGNINGS.into_iter().zip(expected) {
        let found = one.ask(&from_owned(signing));
        assert_eq!(decided(&found), expected, "{}", signing.0);
        let is_named = matches!(signing.0, "unknown" | "A");
        assert_eq!(
            found.caller_name,
            if is_named { "Bank of Example" } else { "" },
            "{}",
            signing.0
        );
        let owner = found.owner.unwrap().owner.unwrap();
        assert_eq!((owner.organisation.as_str(), owner.calls), (OWNER, OwnerCalls::Yes));
    }
    let spoofed = one.ask(&signed("C"));
    assert_eq!(spoofed.sip.unwrap().display_name, "SPOOF LIKELY");
    let advice = spoofed.advice.unwrap();
    let expected = "The number shown belongs to Bank of Examples, who probably did not place this call.";
    assert!(advice.starts_with(expected), "{advice}");
    let advice = one.ask(&signed("failed")).advice.unwrap();
    let expected = "The number shown belongs to Bank of Examples, who did not place this call.";
    assert!(advice.starts_with(expected), "{advice}");
}

#[tokio::test]
async fn suspected_calls_are_blocked_if_the_operator_says_so() {
    let settings = ServiceSettings {
        policy: Policy {
            block_spoofed_owners: true,
            ..Policy::DEFAULT
        },
        ..ServiceSettings::default()
    };
    let one = Instance::unloaded_by(memory(), Clock::manual(noon()), settings);
    one.follower.bootstrap().await.unwrap();
    complain(&one, OWNED, 100).await;
    own(&one, vec![entry(OWNED, OWNER, OwnerCalls::Yes, None)], "l").await;
    let refused = (Action::Block, Basis::KnownOwner, true, true);
    let expected = [POSSIBLE, RINGS, POSSIBLE, refused, POSSIBLE, refused];
    for (signing, expected) in SIGNINGS.into_iter().zip(expected) {
        assert_eq!(decided(&one.ask(&from_owned(signing))), expected, "{}", signing.0);
    }
    let refused = one.ask(&signed("C")).sip.unwrap();
    assert_eq!((refused.code, refused.reason_phrase), (603, "Network Blocked"));
    // Dialling the number is as safe as before.
    let dialled = LookupInput {
        role: LookupRole::AboutToDial,
        ..signed("C")
    };
    assert_eq!(one.ask(&dialled).decision.action, Action::Allow);
}

#[tokio::test]
async fn complaints_about_the_owners_own_calls_count() {
    let one = instance().await;
    own(&one, vec![entry(OWNED, OWNER, OwnerCalls::Yes, None)], "l").await;
    for n in 0..3 {
        let told = NewReport {
            attestation: Some(Attestation::A),
            verstat: Some(Verstat::Passed),
            ..report(OWNED, &format!("a{n}"), days_ago(n))
        };
        one.services.reports.submit(told).await.unwrap();
    }
    let own_call = one.ask(&signed("A"));
    let decision = own_call.decision;
    assert!(matches!(decision.action, Action::Label | Action::Block), "{decision:?}");
    assert_eq!(decision.basis, Basis::Analytics);
    assert!(!own_call.score.verdict.spoof_suspected && own_call.caller_name.is_empty());
    assert_ne!(own_call.score.verdict.level, RiskLevel::Trusted);
    // Those about other calls do not add to them.
    let before = own_call.score.verdict.value;
    complain(&one, OWNED, 20).await;
    complain(&one, NEIGHBOUR, 20).await;
    assert_eq!(one.ask(&signed("A")).score.verdict.value, before);
}

#[tokio::test]
async fn a_number_from_which_its_owner_never_calls_is_refused_and_may_be_dialled() {
    let one = with_complaints().await;
    let end = noon().plus(Duration::from_secs(600));
    own(&one, vec![entry(OWNED, OWNER, OwnerCalls::Never, Some(end))], "l").await;
    for signing in SIGNINGS {
        let found = one.ask(&from_owned(signing));
        assert_eq!(
            decided(&found),
            (Action::Block, Basis::Dno, true, true),
            "{}",
            signing.0
        );
        assert_eq!(found.score.verdict.level, RiskLevel::NotScored);
        assert_eq!(codes(&found), ["DO_NOT_ORIGINATE"]);
        assert_eq!(found.decision.ttl, Duration::from_secs(600), "the entry ends");
        assert!(
            found
                .advice
                .unwrap()
                .contains("Bank of Examples, who did not place this call")
        );
    }
    let dialled = LookupInput {
        role: LookupRole::AboutToDial,
        ..call(OWNED, "", "")
    };
    let found = one.ask(&dialled);
    assert_eq!((found.decision.action, found.advice), (Action::Allow, None));
    // Public safety and emergencies come first, the tenant does not.
    replace(&one, "mine", ListKind::TenantAllow, &[OWNED]).await.unwrap();
    assert_eq!(one.ask(&signed("A")).decision.basis, Basis::Dno);
    let for_help = LookupInput {
        called_number: "911".to_owned(),
        default_region: "US".parse().ok(),
        ..signed("A")
    };
    assert_eq!(one.ask(&for_help).decision.basis, Basis::Protected);
    // One list says never, another says yes: never.
    own(&one, vec![entry(OWNED, OWNER, OwnerCalls::Yes, None)], "yes").await;
    assert_eq!(one.ask(&signed("A")).decision.basis, Basis::TenantPolicy);
    replace(&one, "dno", ListKind::DoNotOriginate, &[OWNED]).await.unwrap();
    assert_eq!(one.ask(&signed("A")).decision.basis, Basis::Dno);
}

#[tokio::test]
async fn the_tenant_and_analysts_come_before_the_owner() {
    let one = with_complaints().await;
    own(&one, vec![entry(OWNED, OWNER, OwnerCalls::Signed, None)], "l").await;
    set(&one, OWNED, StatusKind::Blocked, "b").await;
    let blocked = one.ask(&signed("A"));
    assert_eq!(
        decided(&blocked),
        (Action::Block, Basis::Analyst, false, false),
        "an analyst knows more than a list"
    );
    assert!(!one.ask(&signed("unknown")).score.verdict.spoof_suspected);
    replace(&one, "mine", ListKind::TenantAllow, &[OWNED]).await.unwrap();
    assert_eq!(one.ask(&signed("C")).decision.basis, Basis::TenantPolicy);
}

/// A name is text of another party. It must not reorder the sentence around it, nor fill a screen.
#[tokio::test]
async fn the_name_of_an_owner_keeps_its_place_in_reasons() {
    let one = instance().await;
    let long = "é".repeat(60);
    let names = [
        (
            "\u{202e}Bank\u{2066} of Examples",
            "to Bank of Examples, and".to_owned(),
        ),
        ("\u{202e}", "to a known organisation, and".to_owned()),
        (long.as_str(), format!("to {long}, and")),
    ];
    for (name, expected) in names {
        own(&one, vec![entry(OWNED, name, OwnerCalls::Yes, None)], name).await;
        let found = one.ask(&signed("C"));
        let detail = &found.score.reasons[0].detail;
        assert!(detail.contains(&expected), "{detail:?}");
        let advice = found.advice.unwrap();
        assert!(!advice.contains('\u{202e}'), "{advice:?}");
    }
}

/// A switch that keeps an answer would show the name for calls of those who show the number.
#[tokio::test]
async fn an_answer_that_names_the_caller_is_for_this_call_only() {
    let one = instance().await;
    own(&one, vec![entry(OWNED, OWNER, OwnerCalls::Yes, None)], "l").await;
    for kind in [ListKind::TenantAllow, ListKind::Protected] {
        replace(&one, kind.name(), kind, &[OWNED]).await.unwrap();
        for name in ["A", "unknown", "unsigned", "C"] {
            let found = one.ask(&signed(name));
            let kept = found.decision.ttl > Duration::ZERO;
            assert_eq!(found.decision.action, Action::Allow, "{kind} {name}");
            assert_eq!(found.caller_name.is_empty(), kept, "{kind} {name}");
            assert_eq!(kept, matches!(name, "unsigned" | "C"), "{kind} {name}");
        }
    }
}

#[tokio::test]
async fn an_owner_that_signs_every_call_is_named_beside_signed_calls_alone() {
    let one = instance().await;
    own(&one, vec![entry(OWNED, OWNER, OwnerCalls::Signed, None)], "l").await;
    let name = |name: &str| one.ask(&signed(name)).caller_name;
    assert_eq!((name("A").as_str(), name("unknown").as_str()), ("Bank of Example", ""));
}

/// An analyst vouches for the owner, and not for those who show the number of an owner that signs every call.
#[tokio::test]
async fn an_allowed_number_is_not_allowed_to_those_who_show_it() {
    let one = with_complaints().await;
    own(&one, vec![entry(OWNED, OWNER, OwnerCalls::Signed, None)], "l").await;
    set(&one, OWNED, StatusKind::Allowed, "a").await;
    let vouched = (Action::Allow, Basis::Analyst, false, false);
    let expected = [vouched, vouched, SPOOFED, SPOOFED, SPOOFED, SPOOFED];
    for (signing, expected) in SIGNINGS.into_iter().zip(expected) {
        let found = one.ask(&from_owned(signing));
        assert_eq!(decided(&found), expected, "{}", signing.0);
        let is_trusted = found.score.verdict.level == RiskLevel::Trusted;
        assert_eq!(is_trusted, expected == vouched, "{}", signing.0);
    }
}

#[tokio::test]
async fn an_exact_entry_comes_before_a_prefix_and_an_expired_one_says_nothing() {
    let one = with_complaints().await;
    let soon = noon().plus(Duration::from_secs(60));
    let entries = vec![
        entry("+1800555*", "Series Holder", OwnerCalls::Signed, None),
        entry(OWNED, OWNER, OwnerCalls::Yes, Some(soon)),
    ];
    own(&one, entries, "l").await;
    let name = |found: &LookupOutcome| {
        let entry = found.owner.as_ref().unwrap();
        entry.owner.as_ref().unwrap().organisation.as_str().to_owned()
    };
    let found = one.ask(&signed("unsigned"));
    assert_eq!((decided(&found), name(&found)), (POSSIBLE, OWNER.to_owned()));
    one.clock.advance(Duration::from_secs(60));
    let found = one.ask(&signed("unsigned"));
    assert_eq!((decided(&found), name(&found)), (SPOOFED, "Series Holder".to_owned()));
    own(&one, vec![entry(OWNED, OWNER, OwnerCalls::Yes, Some(soon))], "expired").await;
    let found = one.ask(&signed("A"));
    assert_eq!((found.decision.action, found.owner), (Action::Label, None));
    assert!(!found.score.verdict.spoof_suspected);
}

#[tokio::test]
async fn nobody_is_warned_of_the_owner_because_others_show_the_number() {
    let one = with_complaints().await;
    let dialled = LookupInput {
        role: LookupRole::AboutToDial,
        ..call(OWNED, "", "")
    };
    assert_eq!(one.ask(&dialled).decision.action, Action::WarnBeforeDial);
    for calls in [OwnerCalls::Yes, OwnerCalls::Signed, OwnerCalls::Never] {
        own(&one, vec![entry(OWNED, OWNER, calls, None)], calls.name()).await;
        let found = one.ask(&dialled);
        assert_eq!(found.decision.action, Action::Allow, "{calls}");
        let verdict = found.score.verdict;
        assert!(!verdict.spoof_suspected && !verdict.owner_protected && found.advice.is_none());
        assert!(found.caller_name.is_empty() && found.owner.is_some());
    }
    own(&one, vec![entry(OWNED, OWNER, OwnerCalls::Yes, None)], "again").await;
    set(&one, OWNED, StatusKind::Blocked, "b").await;
    assert_eq!(
        one.ask(&dialled).decision.action,
        Action::WarnBeforeDial,
        "an analyst warns"
    );
}

#[tokio::test]
async fn an_owner_that_signs_may_call_many_people() {
    let one = instance().await;
    own(&one, vec![entry(OWNED, OWNER, OwnerCalls::Yes, None)], "l").await;
    let ask = |name: &str, place: usize| {
        let input = LookupInput {
            called_number: format!("+1650253{place:04}"),
            call_id: format!("{name}{place}"),
            record_event: true,
            ..signed(name)
        };
        one.ask(&input)
    };
    let outcomes: Vec<_> = (0..60).map(|place| ask("A", place)).collect();
    let last = outcomes.last().unwrap();
    assert_eq!(decided(last), RINGS);
    one.clock.advance(Duration::from_secs(2 * 3_600));
    let outcomes: Vec<_> = (0..60).map(|place| ask("unsigned", 1_000 + place * 7)).collect();
    let last = outcomes.last().unwrap();
    assert_eq!(decided(last), POSSIBLE, "{:?}", codes(last));
}

#[tokio::test]
async fn a_verified_business_counts_in_no_range() {
    let one = with_complaints().await;
    let score = |number: &str| one.look_up(number).score.verdict.value;
    assert!(score(NEIGHBOUR).is_some());
    set(&one, OWNED, StatusKind::VerifiedBusiness, "v").await;
    assert_eq!(score(NEIGHBOUR), None);
}

#[tokio::test]
async fn a_dossier_names_the_owner_and_the_origin_of_the_claim() {
    let one = with_complaints().await;
    let owner = async || {
        let dossier = one.services.numbers.dossier(OWNED, None).await.unwrap();
        dossier.owner
    };
    assert_eq!(owner().await, None);
    let listed = entry("+1800555*", OWNER, OwnerCalls::Yes, None);
    own(&one, vec![listed.clone()], "l").await;
    assert_eq!(owner().await, Some(listed));
}
