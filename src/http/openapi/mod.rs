//! The OpenAPI 3.1 description of the JSON edge, made from the table of routes and the descriptors of the contract.
//!
//! It is made on first use, so that the start of the server does not wait for it.

mod contract;
mod schema;

use std::sync::LazyLock;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use self::contract::{Contract, ContractField, ContractMethod};
use self::schema::{Schemas, is_required};
use super::request::Body;
use super::response::{HttpResponse, JSON, response};
use super::route::{AnswerBody, Route};
use super::routes::ROUTES;

/// The path of the description.
pub(super) const PATH: &str = "/v1/openapi.json";

/// The name of the error schema.
const STATUS: &str = "google.rpc.Status";

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document(ROUTES).to_string().into());

/// The document.
pub(super) fn page() -> HttpResponse {
    response(StatusCode::OK, JSON, DOCUMENT.clone())
}

/// The JSON name of a field: `call_id` becomes `callId`.
fn json_name(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

fn document(routes: &[Route]) -> Value {
    let contract = Contract::read();
    let mut schemas = Schemas::of(&contract);
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let Some(method) = contract.method(route.service, route.rpc) else {
            continue;
        };
        let operation = operation(route, method, &contract, &mut schemas);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    let mut components = schemas.into_components();
    components.insert(STATUS.to_owned(), status_schema());
    let tags: Vec<_> = contract
        .services
        .iter()
        .filter(|(name, _)| routes.iter().any(|route| route.service == name.as_str()))
        .map(|(name, service)| json!({ "name": name, "description": service.comment }))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Ringwarden",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": "The methods of package ringwarden.v1 as proto3 JSON. 64-bit integers are text, \
                enumerations are written by name, and fields of default value are left out of answers.",
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths,
        "components": { "schemas": components },
    })
}

fn operation(route: &Route, method: &ContractMethod, contract: &Contract, schemas: &mut Schemas<'_>) -> Value {
    let mut operation = json!({
        "operationId": route.name,
        "tags": [route.service],
        "summary": first_sentence(&method.comment),
        "description": method.comment,
        "responses": responses(route, method, schemas),
    });
    let Some(keys) = operation.as_object_mut() else {
        return operation;
    };
    let message = match route.body {
        Body::Items {
            head: Some((_, message)),
            ..
        } => message,
        Body::None | Body::Request | Body::Field(_) | Body::Items { .. } => &method.request,
    };
    let fields = contract.messages.get(message).map(|message| message.fields.as_slice());
    let parameters = parameters(route, fields.unwrap_or_default(), schemas);
    if !parameters.is_empty() {
        keys.insert("parameters".to_owned(), parameters.into());
    }
    if let Some(schema) = body_schema(route, method, fields.unwrap_or_default(), schemas) {
        let mut content = json!({ "schema": schema });
        let example = route
            .example
            .and_then(|example| serde_json::from_str::<Value>(example).ok());
        if let (Some(content), Some(example)) = (content.as_object_mut(), example) {
            content.insert("example".to_owned(), example);
        }
        let body = json!({ "required": true, "content": { "application/json": content } });
        keys.insert("requestBody".to_owned(), body);
    }
    operation
}

fn first_sentence(comment: &str) -> String {
    let text = comment.replace('\n', " ");
    let first = text.split_once(". ").map_or(text.as_str(), |(first, _)| first);
    first.trim_end_matches('.').to_owned()
}

fn body_schema(
    route: &Route,
    method: &ContractMethod,
    fields: &[ContractField],
    schemas: &mut Schemas<'_>,
) -> Option<Value> {
    match route.body {
        Body::None => None,
        Body::Request => Some(schemas.request(&method.request, route.path_field)),
        Body::Field(name) => {
            let field = fields.iter().find(|field| field.name == name)?;
            let contract::FieldKind::Message(message) = &field.kind else {
                return None;
            };
            Some(schemas.request(message, None))
        }
        Body::Items { field, item, head } => {
            let items = json!({ "type": "array", "items": schemas.request(item, None) });
            let mut properties = Map::from_iter([(field.to_owned(), items)]);
            if let Some((head, message)) = head {
                properties.insert(head.to_owned(), schemas.request(message, route.path_field));
            }
            Some(json!({
                "type": "object",
                "description": "The items that a gRPC client sends as a stream.",
                "properties": properties,
                "additionalProperties": false,
            }))
        }
    }
}

fn parameters(route: &Route, fields: &[ContractField], schemas: &mut Schemas<'_>) -> Vec<Value> {
    let in_path = route.path_name().zip(route.path_field);
    let in_path = in_path.map(|(name, field)| ("path", name.to_owned(), field));
    let in_query = route.query.iter();
    let in_query = in_query.map(|parameter| ("query", json_name(parameter.name), parameter.field));
    let all = in_path.into_iter().chain(in_query).filter_map(|(place, name, field)| {
        let field = fields.iter().find(|known| known.name == field)?;
        let mut parameter = json!({
            "name": name,
            "in": place,
            "required": place == "path" || is_required(&field.comment),
            "description": field.comment,
            "schema": schemas.field(field),
        });
        if let (Some(keys), Some(example)) = (parameter.as_object_mut(), example(&field.name)) {
            keys.insert("example".to_owned(), example.into());
        }
        Some(parameter)
    });
    all.collect()
}

/// The value of a field in the examples of bodies.
fn example(field: &str) -> Option<&'static str> {
    match field {
        "number" => Some("+14155550123"),
        "case_id" => Some("popups-2026"),
        "text" => Some("0123"),
        "report_id" => Some("ticket-4711"),
        "reporter_id" => Some("user-4711"),
        "principal_id" => Some("carrier-1"),
        "tenant" => Some("north"),
        "key_id" => Some("0123456789abcdef"),
        _ => None,
    }
}

fn responses(route: &Route, method: &ContractMethod, schemas: &mut Schemas<'_>) -> Value {
    let status = || json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{STATUS}") } } });
    let (good, bad) = match route.answer {
        AnswerBody::Message => (
            json!({ "application/json": { "schema": schemas.answer(&method.answer) } }),
            status(),
        ),
        AnswerBody::Lines(item) => {
            let lines = json!({
                "type": "string",
                "description": "Lines of JSON. The last one has the total alone: a body without it is not complete.",
                "contentMediaType": "application/jsonl",
                "contentSchema": { "anyOf": [schemas.answer(item), schemas.answer(&method.answer)] },
            });
            (json!({ "application/jsonl": { "schema": lines } }), status())
        }
        AnswerBody::Line => (
            json!({ "text/plain": { "schema": { "type": "string" } } }),
            json!({ "text/plain": { "schema": { "type": "string", "maxLength": 0 } } }),
        ),
    };
    json!({
        "200": { "description": "The request succeeded.", "content": good },
        "default": { "description": "The request failed.", "content": bad },
    })
}

/// The schema of `google.rpc.Status`, which is in another package than the contract.
fn status_schema() -> Value {
    json!({
        "type": "object",
        "description": "Why the request failed.",
        "required": ["code", "message"],
        "properties": {
            "code": {
                "type": "integer", "minimum": 1, "maximum": 16,
                "description": "The google.rpc.Code, such as 3 for INVALID_ARGUMENT.",
            },
            "message": { "type": "string", "description": "In English, without personal data." },
            "details": {
                "type": "array",
                "description": "Details for programs: google.rpc.BadRequest names the wrong fields, \
                    google.rpc.RetryInfo has the delay before a retry, google.rpc.ErrorInfo has the reason.",
                "items": {
                    "type": "object",
                    "required": ["@type"],
                    "properties": {
                        "@type": { "type": "string" },
                        "fieldViolations": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["field", "description"],
                                "properties": {
                                    "field": { "type": "string", "description": "The name in the contract." },
                                    "description": { "type": "string" },
                                },
                            },
                        },
                        "retryDelay": { "type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,9})?s$" },
                        "reason": { "type": "string" },
                        "domain": { "type": "string" },
                        "metadata": { "type": "object", "additionalProperties": { "type": "string" } },
                    },
                },
            },
        },
    })
}
