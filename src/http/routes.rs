//! The table of routes: which request over HTTP stands for which method of the contract.
//!
//! It drives the router, the description in OpenAPI and the table in `docs/http.md`, so that these cannot differ. A
//! further method is a further line here.

use http::Method;

use super::call;
use super::cid;
use super::lists;
use super::outcomes;
use super::route::{Body, Handler, Parameter, Route};
use crate::wire::v1;
use crate::wire::v1::case_service_server::CaseService as _;
use crate::wire::v1::list_service_server::ListService as _;
use crate::wire::v1::lookup_service_server::LookupService as _;
use crate::wire::v1::number_service_server::NumberService as _;
use crate::wire::v1::report_service_server::ReportService as _;

/// The handler that passes the request on to a method of the contract, by that method's name. `{number}` names the field
/// that the text in the path fills, `report: SubmitReportRequest` the field that is the body.
macro_rules! handler {
    ($method:ident) => {
        Handler {
            path_field: None,
            run: |pending| {
                call::unary(
                    pending,
                    |api, request| api.$method(request),
                    |message| message,
                    |_| None,
                )
            },
        }
    };
    ($method:ident { $field:ident }) => {
        Handler {
            path_field: Some(stringify!($field)),
            run: |pending| {
                let same = |message| message;
                call::unary(
                    pending,
                    |api, request| api.$method(request),
                    same,
                    |message| Some(&mut message.$field),
                )
            },
        }
    };
    ($method:ident, $field:ident: $request:ident) => {
        Handler {
            path_field: None,
            run: |pending| {
                let request_of = |field| v1::$request { $field: Some(field) };
                call::unary(pending, |api, request| api.$method(request), request_of, |_| None)
            },
        }
    };
}

/// All routes. The most used one is first, since they are compared in this order.
pub static ROUTES: &[Route] = &[
    post("/v1/lookup", "LookupService", "Lookup", handler!(lookup)).example(include_str!("examples/lookup.json")),
    get(
        "/v1/cid/{number}",
        "LookupService",
        "Lookup",
        Handler {
            path_field: Some("number"),
            run: cid::name,
        },
    )
    .query(&[
        same("call_id"),
        named("called", "called_number"),
        named("region", "default_region"),
        same("verstat"),
        same("attestation"),
    ])
    .line("LookupName"),
    get(
        "/v1/decisions/{decision_id}",
        "LookupService",
        "GetDecision",
        handler!(get_decision { decision_id }),
    ),
    post(
        "/v1/lookup:batch",
        "LookupService",
        "BatchLookup",
        handler!(batch_lookup),
    )
    .example(include_str!("examples/lookup_batch.json"))
    .batch(),
    post(
        "/v1/reports",
        "ReportService",
        "SubmitReport",
        handler!(submit_report, report: SubmitReportRequest),
    )
    .field("report")
    .example(include_str!("examples/report.json")),
    post(
        "/v1/reports:batch",
        "ReportService",
        "BatchSubmitReports",
        handler!(batch_submit_reports),
    )
    .example(include_str!("examples/report_batch.json"))
    .batch(),
    get(
        "/v1/numbers/{e164}/reports",
        "ReportService",
        "ListReports",
        handler!(list_reports { number }),
    )
    .query(&[same("page_size"), same("page_token"), same("include_withdrawn")]),
    delete(
        "/v1/reports/{report_id}",
        "ReportService",
        "WithdrawReport",
        handler!(withdraw_report { report_id }),
    )
    .query(&[same("number"), same("default_region"), same("reason")]),
    post(
        "/v1/reports:withdraw",
        "ReportService",
        "WithdrawReports",
        handler!(withdraw_reports),
    )
    .example(include_str!("examples/withdraw.json")),
    post(
        "/v1/callOutcomes",
        "ReportService",
        "SubmitCallOutcomes",
        Handler {
            path_field: None,
            run: outcomes::count,
        },
    )
    .items("outcomes", "CallOutcome")
    .example(include_str!("examples/call_outcomes.json"))
    .batch(),
    get("/v1/numbers", "NumberService", "ListNumbers", handler!(list_numbers)).query(&[
        same("prefix"),
        same("min_score"),
        same("status"),
        same("case_id"),
        same("page_size"),
        same("page_token"),
    ]),
    get(
        "/v1/numbers/{e164}",
        "NumberService",
        "GetNumber",
        handler!(get_number { number }),
    ),
    post(
        "/v1/numbers/{e164}:setStatus",
        "NumberService",
        "SetNumberStatus",
        handler!(set_number_status { number }),
    )
    .example(include_str!("examples/set_status.json")),
    post(
        "/v1/numbers/{e164}:clearStatus",
        "NumberService",
        "ClearNumberStatus",
        handler!(clear_number_status { number }),
    )
    .example(include_str!("examples/clear_status.json")),
    post(
        "/v1/numbers/{e164}:reset",
        "NumberService",
        "ResetNumber",
        handler!(reset_number { number }),
    )
    .example(include_str!("examples/reset.json")),
    post("/v1/cases", "CaseService", "CreateCase", handler!(create_case))
        .example(include_str!("examples/create_case.json")),
    get("/v1/cases", "CaseService", "ListCases", handler!(list_cases)).query(&[
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
        handler!(get_case { case_id }),
    )
    .query(&[same("include_members"), same("page_size"), same("page_token")]),
    patch(
        "/v1/cases/{case_id}",
        "CaseService",
        "UpdateCase",
        handler!(update_case { case_id }),
    )
    .example(include_str!("examples/update_case.json")),
    post(
        "/v1/cases/{case_id}:transition",
        "CaseService",
        "TransitionCase",
        handler!(transition_case { case_id }),
    )
    .example(include_str!("examples/transition_case.json")),
    post(
        "/v1/cases/{case_id}:linkNumbers",
        "CaseService",
        "LinkNumbers",
        handler!(link_numbers { case_id }),
    )
    .example(include_str!("examples/link_numbers.json"))
    .batch(),
    post(
        "/v1/cases/{case_id}:unlinkNumbers",
        "CaseService",
        "UnlinkNumbers",
        handler!(unlink_numbers { case_id }),
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
        handler!(get_list { list_id }),
    )
    .query(&[same("page_size"), same("page_token")]),
    get("/v1/lists", "ListService", "ListLists", handler!(list_lists)),
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

/// A parameter that is called as the field it fills.
const fn same(name: &'static str) -> Parameter {
    named(name, name)
}

const fn named(name: &'static str, field: &'static str) -> Parameter {
    Parameter { name, field }
}
