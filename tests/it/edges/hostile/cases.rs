//! Invalid requests about cases and links.

use ringwarden::wire::{Timestamp, v1};
use tonic::Code;

use super::{Call, NUMBER, OTHER, Refusal, Row, done};

/// The case that is there: a draft.
pub(super) fn known() -> v1::CreateCaseRequest {
    v1::CreateCaseRequest {
        case_id: "known".into(),
        title: "Known".into(),
        actor: "ana".into(),
        request_id: "create-known".into(),
        ..v1::CreateCaseRequest::default()
    }
}

fn create(change: impl FnOnce(&mut v1::CreateCaseRequest)) -> Call {
    let mut request = v1::CreateCaseRequest {
        case_id: String::new(),
        request_id: "hostile".into(),
        ..known()
    };
    change(&mut request);
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.cases().create_case(request).await).map(drop) })
    })
}

fn get(case_id: &str, page_size: u32, page_token: &str) -> Call {
    let request = v1::GetCaseRequest {
        tenant: String::new(),
        case_id: case_id.into(),
        include_members: true,
        page_size,
        page_token: page_token.into(),
    };
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.cases().get_case(request).await).map(drop) })
    })
}

fn list(change: impl FnOnce(&mut v1::ListCasesRequest)) -> Call {
    let mut request = v1::ListCasesRequest::default();
    change(&mut request);
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.cases().list_cases(request).await).map(drop) })
    })
}

fn update(change: impl FnOnce(&mut v1::UpdateCaseRequest)) -> Call {
    let mut request = v1::UpdateCaseRequest {
        case_id: "known".into(),
        summary: Some("hostile".into()),
        actor: "ana".into(),
        request_id: "hostile".into(),
        ..v1::UpdateCaseRequest::default()
    };
    change(&mut request);
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.cases().update_case(request).await).map(drop) })
    })
}

fn step(case_id: &str, to: i32, note: &str) -> Call {
    let request = v1::TransitionCaseRequest {
        case_id: case_id.into(),
        to,
        note: note.into(),
        actor: "ana".into(),
        request_id: "hostile".into(),
        ..v1::TransitionCaseRequest::default()
    };
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.cases().transition_case(request).await).map(drop) })
    })
}

fn link(case_id: &str, links: Vec<v1::NumberLink>) -> Call {
    let request = v1::LinkNumbersRequest {
        case_id: case_id.into(),
        links,
        actor: "ana".into(),
        request_id: "hostile".into(),
    };
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move {
            for result in done(server.cases().link_numbers(request).await)?.results {
                if let Some(v1::link_number_result::Result::Error(error)) = result.result {
                    return Err(Refusal::from(error));
                }
            }
            Ok(())
        })
    })
}

fn one_link(change: impl FnOnce(&mut v1::NumberLink)) -> Call {
    let mut link_of = v1::NumberLink {
        number: OTHER.into(),
        role: v1::CaseRole::CallerId.into(),
        ..v1::NumberLink::default()
    };
    change(&mut link_of);
    link("known", vec![link_of])
}

fn unlink(numbers: Vec<v1::NumberUnlink>) -> Call {
    let request = v1::UnlinkNumbersRequest {
        case_id: "known".into(),
        numbers,
        actor: "ana".into(),
        request_id: "hostile".into(),
        reason: String::new(),
    };
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move {
            for result in done(server.cases().unlink_numbers(request).await)?.results {
                if let Some(v1::unlink_number_result::Result::Error(error)) = result.result {
                    return Err(Refusal::from(error));
                }
            }
            Ok(())
        })
    })
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = creations();
    rows.extend(readings());
    rows.extend(changes());
    rows.extend(links());
    rows
}

fn creations() -> Vec<Row> {
    let row = |name, fields: &[&str], call| Row::new(name, Code::InvalidArgument, fields, call);
    let far = Some(Timestamp::from_millis(8_000_000_000_000));
    vec![
        row("no title", &["title"], create(|request| request.title = " ".into())),
        row(
            "long title",
            &["title"],
            create(|request| request.title = "t".repeat(201)),
        ),
        row(
            "title of two lines",
            &["title"],
            create(|request| request.title = "a\nb".into()),
        ),
        row(
            "born merged",
            &["status"],
            create(|request| request.status = v1::CaseStatus::Merged.into()),
        ),
        row(
            "born closed",
            &["status"],
            create(|request| request.status = v1::CaseStatus::ClosedConfirmed.into()),
        ),
        row("unknown status", &["status"], create(|request| request.status = 12)),
        row(
            "unknown category",
            &["category"],
            create(|request| request.category = 19),
        ),
        row("unknown source", &["source"], create(|request| request.source = 10)),
        row(
            "long summary",
            &["summary"],
            create(|request| request.summary = "s".repeat(4_001)),
        ),
        row(
            "long agency",
            &["agency"],
            create(|request| request.agency = "a".repeat(201)),
        ),
        row(
            "long reference",
            &["agency_reference"],
            create(|request| request.agency_reference = "a".repeat(201)),
        ),
        row(
            "id with a slash",
            &["case_id"],
            create(|request| request.case_id = "a/b".into()),
        ),
        row(
            "long id",
            &["case_id"],
            create(|request| request.case_id = "c".repeat(65)),
        ),
        row(
            "evidence from the future",
            &["last_evidence_at"],
            create(|request| request.last_evidence_at = far),
        ),
        row("by nobody", &["actor"], create(|request| request.actor.clear())),
        row(
            "without request id",
            &["request_id"],
            create(|request| request.request_id = "\t".into()),
        ),
        Row::new(
            "id taken",
            Code::AlreadyExists,
            &[],
            create(|request| request.case_id = "known".into()),
        ),
        Row::new(
            "request id taken",
            Code::AlreadyExists,
            &[],
            create(|request| {
                *request = known();
                request.title = "Another".into();
            }),
        ),
    ]
}

fn readings() -> Vec<Row> {
    let row = |name, fields: &[&str], call| Row::new(name, Code::InvalidArgument, fields, call);
    vec![
        Row::new("unknown case", Code::NotFound, &[], get("nobody", 0, "")),
        row("no case", &["case_id"], get("", 0, "")),
        row("case id of emoji", &["case_id"], get("🦊", 0, "")),
        row("huge page", &["page_size"], get("known", 1_001, "")),
        row(
            "forged token",
            &["page_token"],
            get("known", 0, "00000000000000000000000000000000"),
        ),
        row(
            "list of an unknown status",
            &["status"],
            list(|request| request.status = -1),
        ),
        row(
            "list of an unknown category",
            &["category"],
            list(|request| request.category = 200),
        ),
        row(
            "list of a long brand",
            &["impersonated_brand"],
            list(|request| request.impersonated_brand = "b".repeat(65)),
        ),
        row(
            "list of a long query",
            &["query"],
            list(|request| request.query = "q".repeat(201)),
        ),
        row(
            "list of a huge page",
            &["page_size"],
            list(|request| request.page_size = 5_000),
        ),
    ]
}

fn changes() -> Vec<Row> {
    let row = |name, fields: &[&str], call| Row::new(name, Code::InvalidArgument, fields, call);
    let refused = |name, call| Row::new(name, Code::FailedPrecondition, &[], call);
    let of = |status: v1::CaseStatus| i32::from(status);
    vec![
        Row::new(
            "update of an unknown case",
            Code::NotFound,
            &[],
            update(|request| request.case_id = "nobody".into()),
        ),
        Row::new(
            "stale update",
            Code::Aborted,
            &[],
            update(|request| request.expected_version = Some(u64::MAX)),
        ),
        Row::new(
            "request id of the creation",
            Code::AlreadyExists,
            &[],
            update(|request| request.request_id = known().request_id),
        ),
        row(
            "update to no title",
            &["title"],
            update(|request| request.title = Some(String::new())),
        ),
        row(
            "update to no source",
            &["source"],
            update(|request| request.source = Some(0)),
        ),
        row(
            "update to an unknown category",
            &["category"],
            update(|request| request.category = Some(77)),
        ),
        row("step to nowhere", &["to"], step("known", 0, "")),
        row("step to an unknown status", &["to"], step("known", 99, "")),
        row(
            "step with a long note",
            &["note"],
            step("known", of(v1::CaseStatus::Open), &"n".repeat(4_001)),
        ),
        refused("step to MERGED", step("known", of(v1::CaseStatus::Merged), "")),
        refused(
            "step back to DRAFT",
            step("closed", of(v1::CaseStatus::Draft), "why not"),
        ),
        refused("step too far", step("known", of(v1::CaseStatus::Prosecution), "")),
        row(
            "reopening without a note",
            &["note"],
            step("closed", of(v1::CaseStatus::UnderInvestigation), " "),
        ),
        Row::new(
            "step of an unknown case",
            Code::NotFound,
            &[],
            step("nobody", of(v1::CaseStatus::Open), ""),
        ),
    ]
}

fn links() -> Vec<Row> {
    let row = |name, fields: &[&str], call| Row::new(name, Code::InvalidArgument, fields, call);
    let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
    let good = v1::NumberUnlink {
        number: NUMBER.into(),
        ..v1::NumberUnlink::default()
    };
    let unlinked = |change: fn(&mut v1::NumberUnlink)| {
        let mut number = good.clone();
        change(&mut number);
        unlink(vec![number])
    };
    vec![
        row("no links", &["links"], link("known", Vec::new())),
        row(
            "1,001 links",
            &["links"],
            link("known", vec![v1::NumberLink::default(); 1_001]),
        ),
        row(
            "an empty link",
            &["links[0].number"],
            link("known", vec![v1::NumberLink::default()]),
        ),
        Row::new(
            "links to an unknown case",
            Code::NotFound,
            &[],
            link("nobody", vec![v1::NumberLink::default()]),
        ),
        row(
            "link of garbage",
            &["links[0].number"],
            one_link(|link| link.number = "garbage".into()),
        ),
        row(
            "link of an unknown region",
            &["links[0].default_region"],
            one_link(|link| link.default_region = "XX".into()),
        ),
        row("link without role", &["links[0].role"], one_link(|link| link.role = 0)),
        row(
            "link of an unknown role",
            &["links[0].role"],
            one_link(|link| link.role = 6),
        ),
        row(
            "link of an unknown source",
            &["links[0].source"],
            one_link(|link| link.source = 99),
        ),
        row(
            "confidence NaN",
            &["links[0].confidence"],
            one_link(|link| link.confidence = Some(f64::NAN)),
        ),
        row(
            "confidence infinite",
            &["links[0].confidence"],
            one_link(|link| link.confidence = Some(f64::NEG_INFINITY)),
        ),
        row(
            "confidence above 1",
            &["links[0].confidence"],
            one_link(|link| link.confidence = Some(1.000_001)),
        ),
        row(
            "link before the year 2000",
            &["links[0].from"],
            one_link(|link| link.from = at(0)),
        ),
        row(
            "link to no time",
            &["links[0].to"],
            one_link(|link| link.to = at(i64::MAX)),
        ),
        row(
            "link that ends before it begins",
            &["links[0].to"],
            one_link(|link| {
                link.from = at(1_700_000_000);
                link.to = at(1_600_000_000);
            }),
        ),
        Row::new(
            "stale link",
            Code::Aborted,
            &[],
            one_link(|link| link.expected_version = Some(7)),
        ),
        row("nothing to unlink", &["numbers"], unlink(Vec::new())),
        row("1,001 to unlink", &["numbers"], unlink(vec![good.clone(); 1_001])),
        row(
            "unlinking garbage",
            &["numbers[0].number"],
            unlinked(|unlink| unlink.number = "---".into()),
        ),
        row(
            "unlinking an unknown role",
            &["numbers[0].role"],
            unlinked(|unlink| unlink.role = -3),
        ),
        Row::new(
            "stale unlinking",
            Code::Aborted,
            &[],
            unlinked(|unlink| unlink.expected_version = Some(9_999)),
        ),
    ]
}
