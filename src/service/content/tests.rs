//! Records keep hashes of these bytes, and page tokens are signed with them: a request made before an upgrade and its
//! retry after it must give the same bytes. If they change, a retry after an upgrade counts as another request.

use std::sync::Arc;

use super::*;
use crate::domain::actor::Actor;
use crate::domain::brand::Brand;
use crate::domain::ids::{CaseId, ImportId, ListId, ListSource, OwnerName, ReportId, ReporterHash, RequestId};
use crate::domain::kinds::{
    CaseRole, CaseStatus, Category, CommentModeration, ListKind, OwnerCalls, Source, StatusKind,
};
use crate::domain::list::{EntryOrigin, ListEntry, Owner, Pattern};
use crate::domain::note::NoteSubject;
use crate::domain::requests::Fingerprint;
use crate::domain::state::Withdrawal;
use crate::service::cases::{linking, unlinking};
use crate::service::lists::replacement;
use crate::service::notes::addition;
use crate::service::numbers::status::{clearance, reset};
use crate::service::reports::{moderation, withdrawal};
use crate::service::{
    CaseChange, Expiry, LinkInput, ListHead, Mutation, NewCase, ServiceError, StatusInput, TransitionInput, UnlinkInput,
};

fn number() -> E164 {
    E164::from_digits(14_155_550_199).unwrap()
}

fn case() -> CaseId {
    CaseId::parse("c-1").unwrap()
}

fn time() -> Timestamp {
    Timestamp::from_secs(1_605_441_600)
}

fn mutation() -> Mutation {
    Mutation {
        via: crate::domain::audit::Via::default(),
        request: RequestId::parse("r1").unwrap(),
        actor: Actor::parse("ana").unwrap(),
        expected_version: None,
    }
}

fn hex(content: &RequestContent) -> String {
    content.bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn decisions_on_numbers_are_frozen() {
    let input = StatusInput {
        kind: StatusKind::Blocked,
        reason: "why".to_owned(),
        expiry: Some(Expiry::At(time())),
    };
    assert_eq!(hex(&input.content(number())), SET_STATUS);
    let cleared = clearance(number(), Some(StatusKind::Blocked), "why");
    assert_eq!(hex(&cleared), CLEAR_STATUS);
    assert_eq!(hex(&clearance(number(), None, "")), CLEAR_ALL);
    assert_eq!(hex(&reset(number(), Some(time()), "why")), RESET);
}

#[test]
fn changes_of_cases_are_frozen() {
    let new = NewCase {
        id: Some(case()),
        title: "title".to_owned(),
        category: Category::TechSupportScam,
        brand: Some(Brand::parse("Microsoft").unwrap()),
        summary: "summary".to_owned(),
        status: CaseStatus::Open,
        agency: "FTC".to_owned(),
        agency_reference: "7".to_owned(),
        source: Source::Analyst,
        last_evidence_at: Some(time()),
    };
    assert_eq!(hex(&new.content()), CREATE_CASE);
    let change = CaseChange {
        title: Some("title".to_owned()),
        brand: Some(None),
        source: Some(Source::Analyst),
        ..CaseChange::default()
    };
    assert_eq!(hex(&change.content(&case())), UPDATE_CASE);
    let step = TransitionInput {
        to: CaseStatus::Referred,
        note: "note".to_owned(),
        agency: "FTC".to_owned(),
    };
    assert_eq!(hex(&step.content(&case())), TRANSITION_CASE);
}

#[test]
fn links_are_frozen() {
    let input = LinkInput {
        number: String::new(),
        default_region: None,
        role: CaseRole::Callback,
        confidence: 0.5,
        source: Source::Analyst,
        from: Some(time()),
        to: None,
        expected_version: Some(3),
    };
    assert_eq!(hex(&input.content()), LINK);
    assert_eq!(hex(&RequestContent::of(Method::Unlink)), UNLINK);
}

#[test]
fn batches_of_links_are_frozen() {
    let link = LinkInput {
        number: String::new(),
        default_region: None,
        role: CaseRole::Callback,
        confidence: 0.5,
        source: Source::Analyst,
        from: None,
        to: None,
        expected_version: Some(3),
    };
    let links = vec![Ok((number(), &link)), Err(ServiceError::Internal)];
    assert_eq!(hex(&linking(&case(), &links)), LINK_NUMBERS);
    let unlink = |role| UnlinkInput {
        number: String::new(),
        default_region: None,
        role,
        expected_version: None,
    };
    let (one, all) = (unlink(Some(CaseRole::Callback)), unlink(None));
    let numbers = vec![Ok((number(), &one)), Ok((number(), &all)), Err(ServiceError::Internal)];
    assert_eq!(hex(&unlinking(&case(), &numbers, "why")), UNLINK_NUMBERS);
}

#[test]
fn notes_are_frozen() {
    let subject = NoteSubject::Number(number());
    assert_eq!(hex(&addition(&subject, "seen")), NOTE_ON_NUMBER);
    assert_eq!(hex(&addition(&NoteSubject::Case(case()), "seen")), NOTE_ON_CASE);
}

#[test]
fn withdrawals_are_frozen() {
    let import = Withdrawal::Import(ImportId::parse("run-7").unwrap());
    assert_eq!(hex(&withdrawal(&import, "why")), WITHDRAW_IMPORT);
    let reporter = Withdrawal::Reporter(ReporterHash::from_raw(7));
    assert_eq!(hex(&withdrawal(&reporter, "")), WITHDRAW_REPORTER);
}

#[test]
fn replacements_of_lists_are_frozen() {
    let entry = ListEntry {
        pattern: Pattern::parse("+1415*").unwrap(),
        origin: Arc::new(EntryOrigin {
            source: ListSource::parse("registry").unwrap(),
            requester: None,
        }),
        entered_at: time(),
        expires_at: None,
        action: None,
        owner: None,
    };
    let head = ListHead {
        id: ListId::parse("dno").unwrap(),
        kind: ListKind::DoNotOriginate,
        may_be_empty: false,
        mutation: mutation(),
    };
    assert_eq!(hex(&replacement(&head, std::slice::from_ref(&entry))), REPLACE_LIST);
    let owner = Owner {
        organisation: OwnerName::parse("First Bank").unwrap(),
        brand: Brand::kept("First Card").ok(),
        calls: OwnerCalls::Signed,
    };
    let owned = ListEntry {
        owner: Some(Arc::new(owner)),
        ..entry
    };
    let head = ListHead {
        kind: ListKind::KnownOwner,
        ..head
    };
    assert_eq!(hex(&replacement(&head, &[owned])), REPLACE_OWNERS);
}

#[test]
fn the_content_of_a_moderation_is_frozen() {
    let report = ReportId::parse("r-1").unwrap();
    let content = moderation(number(), &report, CommentModeration::Approved, "why");
    assert_eq!(hex(&content), "0e0764656661756c74f79bf2dd3403722d310203776879");
}

/// The time for which a status holds is appended only where it is set.
#[test]
fn the_content_of_a_status_for_a_time_is_frozen() {
    let input = StatusInput {
        kind: StatusKind::Blocked,
        reason: "why".to_owned(),
        expiry: Some(Expiry::After(std::time::Duration::from_secs(1))),
    };
    assert_eq!(
        hex(&input.content(number())),
        "010764656661756c74f79bf2dd34030377687900e8030000000000000000000000000000"
    );
}

/// The fingerprint that a record stores of a request.
#[test]
fn fingerprints_are_frozen() {
    let content = clearance(number(), None, "");
    let key = [7; 32];
    let plain = Fingerprint::new(&key, &mutation().request, content.bytes());
    let of_role = mutation().link_fingerprint(Method::Link, &case(), Some(CaseRole::Callback), (&key, &content));
    let of_all = mutation().link_fingerprint(Method::Unlink, &case(), None, (&key, &content));
    let ids = [
        111_377_780_465_531_992_938_259_032_243_826_035_888,
        151_523_611_783_360_552_708_417_302_754_809_256_156,
        314_481_004_756_822_068_037_570_426_036_664_994_108,
    ];
    let found = [plain, of_role, of_all];
    assert_eq!(found.map(|fingerprint| fingerprint.pair().0), ids);
    let contents = [
        3_201_846_903_490_135_391,
        1_440_319_552_843_153_927,
        14_350_314_960_868_165_080,
    ];
    assert_eq!(found.map(|fingerprint| fingerprint.pair().1), contents);
    // As earlier releases stored them: the ids without a key, and the contents with one or without.
    let earlier_ids = [
        10_981_796_459_166_608_882_930_040_187_244_341_075,
        67_501_979_200_218_959_907_247_200_134_471_566_982,
        36_983_986_768_993_920_845_872_807_167_039_017_517,
    ];
    for ((fingerprint, id), content) in found.into_iter().zip(earlier_ids).zip(contents) {
        for content in [content, 14_493_495_514_832_077_395] {
            assert!(fingerprint.repeats(Fingerprint::from_pair((id, content))));
        }
    }
    // No role is 0, which stands for all roles.
    assert!(CaseRole::ALL.iter().all(|role| role.code() != 0));
}

#[test]
fn methods_are_frozen() {
    let all = [
        (Method::SetStatus, 1),
        (Method::ClearStatus, 2),
        (Method::Reset, 3),
        (Method::CreateCase, 4),
        (Method::UpdateCase, 5),
        (Method::TransitionCase, 6),
        (Method::Link, 7),
        (Method::Unlink, 8),
        (Method::ReplaceList, 9),
        (Method::WithdrawReports, 10),
        (Method::LinkNumbers, 11),
        (Method::UnlinkNumbers, 12),
        (Method::AddNote, 13),
        (Method::ModerateComment, 14),
        (Method::EraseNumber, 19),
        (Method::ListNumbers, 64),
        (Method::ListReports, 65),
        (Method::ListCases, 66),
        (Method::ListMembers, 67),
        (Method::ListEntries, 68),
        (Method::ListNotes, 69),
        (Method::ListReporterReports, 70),
        (Method::ListSimilar, 80),
        (Method::ListPendingComments, 81),
    ];
    for (method, byte) in all {
        assert_eq!(method as u8, byte, "{method:?}");
    }
}

const SET_STATUS: &str = "010764656661756c74f79bf2dd3403037768790180e8b5bcb95d";
const CLEAR_STATUS: &str = "020764656661756c74f79bf2dd34010303776879";
const CLEAR_ALL: &str = "020764656661756c74f79bf2dd340000";
const RESET: &str = "030764656661756c74f79bf2dd340180e8b5bcb95d03776879";
const CREATE_CASE: &str =
    "040764656661756c740103632d31057469746c650101094d6963726f736f66740773756d6d61727902034654430137080180e8b5bcb95d";
const UPDATE_CASE: &str = "050764656661756c7403632d3101057469746c65000100000000010800";
const TRANSITION_CASE: &str = "060764656661756c7403632d3105046e6f746503465443";
const LINK: &str = "070764656661756c74000000000000e03f080180e8b5bcb95d00";
const UNLINK: &str = "080764656661756c74";
const LINK_NUMBERS: &str = "0b0764656661756c7403632d3101f79bf2dd340214070764656661756c74000000000000e03f08000000";
const UNLINK_NUMBERS: &str = "0c0764656661756c7403632d310377687901f79bf2dd340201f79bf2dd340000";
const NOTE_ON_NUMBER: &str = "0d0764656661756c7401f79bf2dd34047365656e";
const NOTE_ON_CASE: &str = "0d0764656661756c740203632d31047365656e";
const WITHDRAW_IMPORT: &str = "0a0764656661756c74010572756e2d3703776879";
const WITHDRAW_REPORTER: &str = "0a0764656661756c74020700000000000000000000000000000000";
const REPLACE_OWNERS: &str = "090764656661756c7403646e6f07002dffcaa221338880ed517fe215431548";
const REPLACE_LIST: &str = "090764656661756c7403646e6f0100fd1371a2ac1b797b1bb3a3168b1229fb";
