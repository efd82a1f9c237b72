//! The table of routes: which HTTP request calls which method of the contract.
//!
//! The router, the OpenAPI description and the table in `docs/http.md` are all made from it, so they cannot differ. To add a
//! method, add a line here.

use http::Method;

use super::call_outcomes;
use super::cid;
use super::export;
use super::handler::{call, handler};
use super::json;
use super::lists;
use super::parameters::Parameter;
use super::request::{Body, Decoded};
use super::route::{Handler, Route};
use crate::wire::v1;

/// All routes. The most frequent one is first, since a request is compared in this order.
pub static ROUTES: &[Route] = &[
    post("/v1/lookup", "LookupService", "Lookup", handler!(lookup(LookupRequest)))
        .example(include_str!("examples/lookup.json")),
    get(
        "/v1/cid/{number}",
        "LookupService",
        "Lookup",
        Handler {
            path_field: Some("number"),
            run: cid::name,
        },
    )
    .query(CALL_PARAMETERS)
    .line("LookupName"),
    Route::new(
        Method::POST,
        "/v1/cid/{number}",
        ("LookupService", "Lookup"),
        Body::None,
        Handler {
            path_field: Some("number"),
            run: cid::name,
        },
    )
    .query(CALL_PARAMETERS)
    .line("LookupNameOfCall"),
    get(
        "/v1/decisions/{decision_id}",
        "LookupService",
        "GetDecision",
        handler!(get_decision(GetDecisionRequest) { decision_id }),
    )
    .query(&[same("language")]),
    get(
        "/v1/categories",
        "LookupService",
        "ListCategories",
        handler!(list_categories(ListCategoriesRequest)),
    )
    .query(&[same("language")]),
    post(
        "/v1/lookup:batch",
        "LookupService",
        "BatchLookup",
        handler!(batch_lookup(BatchLookupRequest).turns),
    )
    .example(include_str!("examples/lookup_batch.json"))
    .batch(),
    post(
        "/v1/reports",
        "ReportService",
        "SubmitReport",
        handler!(submit_report(SubmitReportRequest).await, report),
    )
    .field("report")
    .example(include_str!("examples/report.json")),
    post(
        "/v1/reports:batch",
        "ReportService",
        "BatchSubmitReports",
        handler!(batch_submit_reports(BatchSubmitReportsRequest).await),
    )
    .example(include_str!("examples/report_batch.json"))
    .batch(),
    get(
        "/v1/numbers/{e164}/reports",
        "ReportService",
        "ListReports",
        handler!(list_reports(ListReportsRequest).await { number }),
    )
    .query(&[same("page_size"), same("page_token"), same("include_withdrawn")]),
    get(
        "/v1/reports",
        "ReportService",
        "ListReporterReports",
        handler!(list_reporter_reports(ListReporterReportsRequest).await),
    )
    .query(&[
        same("reporter_id"),
        same("page_size"),
        same("page_token"),
        same("include_withdrawn"),
        same("reporter_principal_id"),
    ]),
    get(
        "/v1/reports:export",
        "ReportService",
        "ExportReports",
        Handler {
            path_field: None,
            run: export::lines,
        },
    )
    .query(&[
        same("number"),
        same("default_region"),
        same("from"),
        same("before"),
        same("source"),
        same("import_id"),
        same("include_comments"),
    ])
    .lines("ExportedReport"),
    get(
        "/v1/reports:pendingComments",
        "ReportService",
        "ListPendingComments",
        handler!(list_pending_comments(ListPendingCommentsRequest).await),
    )
    .query(&[same("page_size"), same("page_token")]),
    post(
        "/v1/reports/{report_id}:moderate",
        "ReportService",
        "ModerateComment",
        handler!(moderate_comment(ModerateCommentRequest).await { report_id }),
    )
    .example(include_str!("examples/moderate_comment.json")),
    delete(
        "/v1/reports/{report_id}",
        "ReportService",
        "WithdrawReport",
        handler!(withdraw_report(WithdrawReportRequest).await { report_id }),
    )
    .query(&[
        same("number"),
        same("default_region"),
        same("reason"),
        same("withdraw_unknown"),
    ]),
    post(
        "/v1/reports:withdraw",
        "ReportService",
        "WithdrawReports",
        handler!(withdraw_reports(WithdrawReportsRequest).await),
    )
    .example(include_str!("examples/withdraw.json")),
    post(
        "/v1/callOutcomes",
        "ReportService",
        "SubmitCallOutcomes",
        Handler {
            path_field: None,
            run: call_outcomes::submit,
        },
    )
    .items("outcomes", "CallOutcome")
    .example(include_str!("examples/call_outcomes.json"))
    .batch(),
    get(
        "/v1/numbers",
        "NumberService",
        "ListNumbers",
        handler!(list_numbers(ListNumbersRequest).await),
    )
    .query(&[
        same("prefix"),
        same("digits"),
        same("region"),
        same("category"),
        same("impersonated_brand"),
        same("source"),
        same("status"),
        same("case_id"),
        same("min_score"),
        same("max_score"),
        same("comment"),
        same("sort"),
        same("ascending"),
        same("page_size"),
        same("page_token"),
    ]),
    get(
        "/v1/search",
        "NumberService",
        "Search",
        handler!(search(SearchRequest).await),
    )
    .query(&[same("text"), same("default_region"), same("page_size")]),
    get(
        "/v1/numbers/{e164}/similar",
        "NumberService",
        "ListSimilarNumbers",
        handler!(list_similar_numbers(ListSimilarNumbersRequest).await { number }),
    )
    .query(&[same("page_size"), same("page_token")]),
    get(
        "/v1/numbers/{e164}",
        "NumberService",
        "GetNumber",
        handler!(get_number(GetNumberRequest).await { number }),
    ),
    post(
        "/v1/numbers/{e164}:setStatus",
        "NumberService",
        "SetNumberStatus",
        handler!(set_number_status(SetNumberStatusRequest).await { number }),
    )
    .example(include_str!("examples/set_status.json")),
    post(
        "/v1/numbers/{e164}:clearStatus",
        "NumberService",
        "ClearNumberStatus",
        handler!(clear_number_status(ClearNumberStatusRequest).await { number }),
    )
    .example(include_str!("examples/clear_status.json")),
    post(
        "/v1/numbers/{e164}:reset",
        "NumberService",
        "ResetNumber",
        handler!(reset_number(ResetNumberRequest).await { number }),
    )
    .example(include_str!("examples/reset.json")),
    post(
        "/v1/numbers/{e164}:erase",
        "NumberService",
        "EraseNumber",
        handler!(erase_number(EraseNumberRequest).await { number }),
    )
    .example(include_str!("examples/erase.json")),
    post(
        "/v1/cases",
        "CaseService",
        "CreateCase",
        handler!(create_case(CreateCaseRequest).await),
    )
    .example(include_str!("examples/create_case.json")),
    get(
        "/v1/cases",
        "CaseService",
        "ListCases",
        handler!(list_cases(ListCasesRequest).await),
    )
    .query(&[
        same("status"),
        same("category"),
        same("impersonated_brand"),
        same("query"),
        same("page_size"),
        same("page_token"),
    ]),
    get(
        "/v1/cases/{case_id}",
        "CaseService",
        "GetCase",
        handler!(get_case(GetCaseRequest).await { case_id }),
    )
    .query(&[
        same("include_members"),
        same("page_size"),
        same("page_token"),
        same("tenant"),
    ]),
    patch(
        "/v1/cases/{case_id}",
        "CaseService",
        "UpdateCase",
        handler!(update_case(UpdateCaseRequest).await { case_id }),
    )
    .example(include_str!("examples/update_case.json")),
    post(
        "/v1/cases/{case_id}:transition",
        "CaseService",
        "TransitionCase",
        handler!(transition_case(TransitionCaseRequest).await { case_id }),
    )
    .example(include_str!("examples/transition_case.json")),
    post(
        "/v1/cases/{case_id}:linkNumbers",
        "CaseService",
        "LinkNumbers",
        handler!(link_numbers(LinkNumbersRequest).await { case_id }),
    )
    .example(include_str!("examples/link_numbers.json"))
    .batch(),
    post(
        "/v1/cases/{case_id}:unlinkNumbers",
        "CaseService",
        "UnlinkNumbers",
        handler!(unlink_numbers(UnlinkNumbersRequest).await { case_id }),
    )
    .example(include_str!("examples/unlink_numbers.json"))
    .batch(),
    put(
        "/v1/lists/{list_id}",
        "ListService",
        "ReplaceList",
        Handler {
            path_field: Some("list_id"),
            run: lists::replace,
        },
    )
    .headed_items(("head", "ListHead"), ("entries", "ListEntry"))
    .example(include_str!("examples/replace_list.json"))
    .batch(),
    get(
        "/v1/lists/{list_id}",
        "ListService",
        "GetList",
        handler!(get_list(GetListRequest).await { list_id }),
    )
    .query(&[same("page_size"), same("page_token"), same("tenant")]),
    get(
        "/v1/auditEvents",
        "NumberService",
        "ListAuditEvents",
        handler!(list_audit_events(ListAuditEventsRequest).await),
    )
    .query(&[
        same("from"),
        same("to"),
        same("actor"),
        same("method"),
        same("number"),
        same("case_id"),
        same("list_id"),
        same("principal_id"),
        same("import_id"),
        same("default_region"),
        same("of_request"),
        same("page_size"),
        same("page_token"),
        same("tenant"),
    ]),
    get(
        "/v1/lists",
        "ListService",
        "ListLists",
        handler!(list_lists(ListListsRequest).await),
    ),
    post(
        "/v1/notes",
        "NoteService",
        "AddNote",
        handler!(add_note(AddNoteRequest).await),
    )
    .example(include_str!("examples/add_note.json")),
    get(
        "/v1/notes",
        "NoteService",
        "ListNotes",
        handler!(list_notes(ListNotesRequest).await),
    )
    .query(&[
        same("number"),
        same("case_id"),
        same("default_region"),
        same("page_size"),
        same("page_token"),
        same("tenant"),
    ]),
    post(
        "/v1/sharings:setVisibility",
        "SharingService",
        "SetVisibility",
        handler!(set_visibility(SetVisibilityRequest).await),
    )
    .example(include_str!("examples/set_visibility.json")),
    post(
        "/v1/sharings:setAcceptance",
        "SharingService",
        "SetAcceptance",
        handler!(set_acceptance(SetAcceptanceRequest).await),
    )
    .example(include_str!("examples/set_acceptance.json")),
    get(
        "/v1/sharings",
        "SharingService",
        "ListSharings",
        handler!(list_sharings(ListSharingsRequest).await),
    )
    .query(&[same("page_size"), same("page_token")]),
    get(
        "/v1/sharedWithMe",
        "SharingService",
        "ListSharedWithMe",
        handler!(list_shared_with_me(ListSharedWithMeRequest).await),
    )
    .query(&[same("tenant"), same("page_size"), same("page_token")]),
    post(
        "/v1/principals",
        "PrincipalService",
        "CreatePrincipal",
        handler!(create_principal(CreatePrincipalRequest).await),
    )
    .example(include_str!("examples/create_principal.json")),
    get(
        "/v1/principals",
        "PrincipalService",
        "ListPrincipals",
        handler!(list_principals(ListPrincipalsRequest).await),
    )
    .query(&[same("page_size"), same("page_token")]),
    post(
        "/v1/principals/{principal_id}:addKey",
        "PrincipalService",
        "AddKey",
        handler!(add_key(AddKeyRequest).await { principal_id }),
    )
    .example(include_str!("examples/add_key.json")),
    get(
        "/v1/principals/{principal_id}",
        "PrincipalService",
        "GetPrincipal",
        handler!(get_principal(GetPrincipalRequest).await { principal_id }),
    ),
    patch(
        "/v1/principals/{principal_id}",
        "PrincipalService",
        "UpdatePrincipal",
        handler!(update_principal(UpdatePrincipalRequest).await { principal_id }),
    )
    .example(include_str!("examples/update_principal.json")),
    post(
        "/v1/keys/{key_id}:revoke",
        "PrincipalService",
        "RevokeKey",
        handler!(revoke_key(RevokeKeyRequest).await { key_id }),
    )
    .example(include_str!("examples/revoke_key.json")),
    get(
        "/v1/caller",
        "PrincipalService",
        "GetCaller",
        handler!(get_caller(GetCallerRequest)),
    ),
    get(
        "/v1/indexComparison",
        "AdminService",
        "GetIndexComparison",
        handler!(get_index_comparison(GetIndexComparisonRequest).await),
    )
    .query(&[same("first_shard"), same("shard_count"), same("include_ids")]),
];

const fn get(path: &'static str, service: &'static str, rpc: &'static str, handler: Handler) -> Route {
    Route::new(Method::GET, path, (service, rpc), Body::None, handler)
}

const fn delete(path: &'static str, service: &'static str, rpc: &'static str, handler: Handler) -> Route {
    Route::new(Method::DELETE, path, (service, rpc), Body::None, handler)
}

const fn post(path: &'static str, service: &'static str, rpc: &'static str, handler: Handler) -> Route {
    Route::new(Method::POST, path, (service, rpc), Body::Request, handler)
}

const fn put(path: &'static str, service: &'static str, rpc: &'static str, handler: Handler) -> Route {
    Route::new(Method::PUT, path, (service, rpc), Body::Request, handler)
}

const fn patch(path: &'static str, service: &'static str, rpc: &'static str, handler: Handler) -> Route {
    Route::new(Method::PATCH, path, (service, rpc), Body::Request, handler)
}

/// What a switch tells of a call whose name it asks for.
const CALL_PARAMETERS: &[Parameter] = &[
    same("call_id"),
    named("called", "called_number"),
    named("region", "default_region"),
    same("verstat"),
    same("attestation"),
];

/// A parameter with the name of the field that it fills.
const fn same(name: &'static str) -> Parameter {
    named(name, name)
}

const fn named(name: &'static str, field: &'static str) -> Parameter {
    Parameter { name, field }
}
