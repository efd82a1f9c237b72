//! A region that does not exist is refused by name, in every field of every method that takes a region. UK is written
//! for GB again and again, as in `country-regions/country-region-selector#41`.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::{DescriptorProto, FileDescriptorSet};
use ringwarden::wire::FILE_DESCRIPTOR_SET;
use ringwarden::wire::v1;
use serde_json::{Value, json};

use super::ask;
use crate::support::server::Server;

const FIELDS: [&str; 2] = ["default_region", "reporter_country"];

/// Wrong regions, each with what the answer says of it.
const WRONG: [(&str, &str); 9] = [
    ("UK", "UK: write GB"),
    ("uk", "UK: write GB"),
    ("EL", "EL: write GR"),
    ("EN", "EN: write GB or US"),
    ("USA", "USA: write US"),
    ("DEU", "DEU: write DE"),
    ("GER", "GER: write DE"),
    ("XX", "two letters of ISO 3166-1"),
    ("44", "two letters of ISO 3166-1"),
];

/// Requests with a number of each method that takes a region: verb, path, body, and where the region stands.
fn requests() -> Vec<(&'static str, &'static str, &'static str, Value, &'static str)> {
    let number = "4155550199";
    let report = json!({ "reportId": "r", "number": number });
    let change = json!({ "actor": "ana", "requestId": "x", "reason": "seen", "kind": "STATUS_KIND_BLOCKED" });
    let without = |field: &str| {
        let mut body = change.clone();
        body.as_object_mut().unwrap().remove(field);
        body
    };
    let link =
        json!({ "actor": "ana", "requestId": "x", "links": [{ "number": number, "role": "CASE_ROLE_CALLBACK" }] });
    let unlink = json!({ "actor": "ana", "requestId": "x", "numbers": [{ "number": number }] });
    let note = json!({ "number": number, "text": "seen", "actor": "ana", "requestId": "x" });
    let outcome = json!({ "outcomes": [{ "number": number, "callId": "c" }] });
    let none = Value::Null;
    vec![
        (
            "Lookup",
            "POST",
            "/v1/lookup",
            json!({ "number": number }),
            "/defaultRegion",
        ),
        ("Lookup", "GET", "/v1/cid/4155550199?region=", none.clone(), ""),
        (
            "ListAuditEvents",
            "GET",
            "/v1/auditEvents?number=4155550199&default_region=",
            none.clone(),
            "",
        ),
        (
            "BatchLookup",
            "POST",
            "/v1/lookup:batch",
            json!({ "requests": [{ "number": number }] }),
            "/requests/0/defaultRegion",
        ),
        ("SubmitReport", "POST", "/v1/reports", report.clone(), "/defaultRegion"),
        (
            "SubmitReport",
            "POST",
            "/v1/reports",
            report.clone(),
            "/reporterCountry",
        ),
        (
            "BatchSubmitReports",
            "POST",
            "/v1/reports:batch",
            json!({ "reports": [report] }),
            "/reports/0/defaultRegion",
        ),
        (
            "WithdrawReport",
            "DELETE",
            "/v1/reports/r?number=4155550199&defaultRegion=",
            none.clone(),
            "",
        ),
        (
            "SetVisibility",
            "POST",
            "/v1/sharings:setVisibility",
            json!({ "thing": { "noteId": format!("n-{}", "0".repeat(32)) }, "noteNumber": number, "actor": "ana",
                    "scope": "VISIBILITY_SCOPE_ALL", "requestId": "x" }),
            "/defaultRegion",
        ),
        ("ListReports", "GET", "", none.clone(), ""),
        (
            "Search",
            "GET",
            "/v1/search?text=4155550199&defaultRegion=",
            none.clone(),
            "",
        ),
        ("ListSimilarNumbers", "GET", "", none.clone(), ""),
        (
            "ModerateComment",
            "POST",
            "/v1/reports/r:moderate",
            json!({ "number": "4155550199", "moderation": "COMMENT_MODERATION_APPROVED", "actor": "ana", "requestId": "r" }),
            "/defaultRegion",
        ),
        (
            "SubmitCallOutcomes",
            "POST",
            "/v1/callOutcomes",
            outcome,
            "/outcomes/0/defaultRegion",
        ),
        ("GetNumber", "GET", "", none.clone(), ""),
        (
            "SetNumberStatus",
            "POST",
            "/v1/numbers/4155550199:setStatus",
            change.clone(),
            "/defaultRegion",
        ),
        (
            "ClearNumberStatus",
            "POST",
            "/v1/numbers/4155550199:clearStatus",
            change.clone(),
            "/defaultRegion",
        ),
        (
            "ResetNumber",
            "POST",
            "/v1/numbers/4155550199:reset",
            without("kind"),
            "/defaultRegion",
        ),
        (
            "EraseNumber",
            "POST",
            "/v1/numbers/4155550199:erase",
            without("kind"),
            "/defaultRegion",
        ),
        (
            "LinkNumbers",
            "POST",
            "/v1/cases/a:linkNumbers",
            link,
            "/links/0/defaultRegion",
        ),
        (
            "UnlinkNumbers",
            "POST",
            "/v1/cases/a:unlinkNumbers",
            unlink,
            "/numbers/0/defaultRegion",
        ),
        ("AddNote", "POST", "/v1/notes", note, "/defaultRegion"),
        (
            "ListNotes",
            "GET",
            "/v1/notes?number=4155550199&defaultRegion=",
            none,
            "",
        ),
    ]
}

/// The body with the region at this place.
fn with_region(body: &Value, place: &str, region: &str) -> Value {
    let (parent, field) = place.rsplit_once('/').unwrap();
    let mut body = body.clone();
    body.pointer_mut(parent).unwrap()[field] = json!(region);
    body
}

#[tokio::test]
async fn a_wrong_region_is_refused_by_name_everywhere() {
    let server = Server::start().await;
    let case = json!({ "caseId": "a", "title": "A", "actor": "ana", "requestId": "case" });
    server.post("/v1/cases", &case.to_string()).await;
    let before = server.heads().await;
    for (method, verb, path, body, place) in requests() {
        for (wrong, said) in WRONG {
            let answer = match (path, place) {
                ("", _) => continue, // over gRPC below
                (path, "") => server.request(verb, &format!("{path}{wrong}"), "").await,
                (path, place) => {
                    server
                        .request(verb, path, &with_region(&body, place, wrong).to_string())
                        .await
                }
            };
            let field = if place.ends_with("reporterCountry") {
                "reporterCountry"
            } else {
                "defaultRegion"
            };
            if path.starts_with("/v1/cid") {
                assert_eq!(
                    (answer.status, answer.body.as_str()),
                    (400, ""),
                    "an answer in one line has no text"
                );
                continue;
            }
            assert!(answer.body.contains(said), "{method} {wrong}: {answer:?}");
            assert!(answer.body.contains(field), "{method} {wrong}: {answer:?}");
            let is_item = answer.status == 200 && answer.body.contains("\"code\":3");
            assert!(answer.status == 400 || is_item, "{method} {wrong}: {answer:?}");
        }
        // The world is no country: a national number has no meaning there, but the region is known.
        if let (false, true) = (path.is_empty(), place.ends_with("defaultRegion")) {
            let answer = server
                .request(verb, path, &with_region(&body, place, "001").to_string())
                .await;
            assert!(!answer.body.contains("write"), "{method}: {answer:?}");
        }
    }
    assert_eq!(server.heads().await, before);
}

#[tokio::test]
async fn a_wrong_region_is_refused_over_grpc() {
    let server = Server::start().await;
    for (wrong, said) in WRONG {
        let number = "4155550199".to_owned();
        let default_region = wrong.to_owned();
        let lookup = v1::LookupRequest {
            default_region: default_region.clone(),
            ..ask(&number, "")
        };
        let reports = v1::ListReportsRequest {
            number: number.clone(),
            default_region: default_region.clone(),
            ..v1::ListReportsRequest::default()
        };
        let similar = v1::ListSimilarNumbersRequest {
            number: number.clone(),
            default_region: default_region.clone(),
            ..v1::ListSimilarNumbersRequest::default()
        };
        let dossier = v1::GetNumberRequest { number, default_region };
        let stream = tokio_stream::iter([lookup.clone()]);
        let streamed = server.lookups().stream_lookup(stream).await.unwrap().into_inner();
        let streamed: Vec<_> = futures_util::StreamExt::collect(streamed).await;
        assert!(format!("{streamed:?}").contains(said), "{streamed:?}");
        for refused in [
            server.lookups().lookup(lookup).await.unwrap_err(),
            server.reports().list_reports(reports).await.unwrap_err(),
            server.numbers().list_similar_numbers(similar).await.unwrap_err(),
            server.numbers().get_number(dossier).await.unwrap_err(),
        ] {
            assert_eq!(refused.code(), tonic::Code::InvalidArgument);
            assert!(
                refused.message().contains(said) && refused.message().contains("default_region"),
                "{refused:?}"
            );
        }
    }
}

/// A field that takes a country does not advise the world, and names of places without numbers are countries.
#[tokio::test]
async fn each_field_says_what_it_takes() {
    let server = Server::start().await;
    for (field, wrong, said) in [
        ("defaultRegion", "xx", "XX is not a region: a region is two letters"),
        ("defaultRegion", "TF", "TF has no telephone numbers of its own"),
        ("defaultRegion", "aq", "AQ has no telephone numbers of its own"),
        ("defaultRegion", "BV", "BV has no telephone numbers of its own"),
        (
            "reporterCountry",
            "xx",
            "must be two letters of ISO 3166-1, such as GB or US",
        ),
        (
            "reporterCountry",
            "001",
            "must be two letters of ISO 3166-1, such as GB or US",
        ),
        ("reporterCountry", "uk", "UK: write GB; must be two letters"),
    ] {
        let report = json!({ "reportId": "r", "number": "4155550199", field: wrong });
        let answer = server.post("/v1/reports", &report.to_string()).await;
        assert_eq!(answer.status, 400, "{field} {wrong}: {answer:?}");
        assert!(answer.body.contains(said), "{field} {wrong}: {answer:?}");
        let is_world_advised = answer.body.contains("001 for the world");
        assert!(!is_world_advised || field == "defaultRegion", "{wrong}: {answer:?}");
    }
    let report = json!({ "reportId": "r", "number": "+14155550199", "reporterCountry": "tf" });
    let answer = server.post("/v1/reports", &report.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// The methods that take a region are those of the contract.
#[test]
fn every_method_with_a_region_is_tried() {
    let set: FileDescriptorSet = prost::Message::decode(FILE_DESCRIPTOR_SET).unwrap();
    let files = set.file.iter().filter(|file| file.package() == "ringwarden.v1");
    let messages: BTreeMap<String, &DescriptorProto> = files
        .clone()
        .flat_map(|file| &file.message_type)
        .map(|message| (format!(".ringwarden.v1.{}", message.name()), message))
        .collect();
    let methods = files.flat_map(|file| &file.service).flat_map(|service| &service.method);
    let with_region = methods.filter(|method| has_region(&messages, method.input_type()));
    let with_region: BTreeSet<&str> = with_region.map(prost_types::MethodDescriptorProto::name).collect();
    let tried = requests()
        .iter()
        .map(|(method, ..)| *method)
        .chain(["StreamLookup", "ExportReports"])
        .collect();
    assert_eq!(with_region, tried);
}

fn has_region(messages: &BTreeMap<String, &DescriptorProto>, name: &str) -> bool {
    messages.get(name).is_some_and(|message| {
        let mut fields = message.field.iter();
        fields.any(|field| FIELDS.contains(&field.name()) || has_region(messages, field.type_name()))
    })
}
