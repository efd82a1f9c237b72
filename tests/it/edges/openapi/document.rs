//! The description itself: complete, valid, and served by this server.

use std::collections::{BTreeSet, HashSet};

use prost_types::FileDescriptorSet;
use ringwarden::http::{Body, ROUTES};
use ringwarden::wire::FILE_DESCRIPTOR_SET;
use serde_json::Value;

use super::described::Description;
use super::start;

#[tokio::test]
async fn every_route_is_described_and_nothing_else_is() {
    let server = start().await;
    let description = Description::of(&server).await;
    assert_eq!(description.document["openapi"], "3.1.0");
    let mut described = BTreeSet::new();
    for (path, operations) in description.document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let routes: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(described, routes);
    assert_eq!(routes.len(), ROUTES.len(), "a route stands twice in the table");
    let names: HashSet<_> = ROUTES.iter().map(|route| route.name).collect();
    assert_eq!(names.len(), ROUTES.len(), "a name stands twice in the table");
}

#[tokio::test]
async fn every_parameter_and_body_of_the_table_is_described() {
    let server = start().await;
    let description = Description::of(&server).await;
    for route in ROUTES {
        let operation = description.operation(route);
        assert_eq!(operation["operationId"], route.name);
        assert!(operation["description"].as_str().unwrap().len() > 10, "{}", route.name);
        let parameters = operation["parameters"].as_array().map_or(0, Vec::len);
        let expected = route.query.len() + usize::from(route.path_field.is_some());
        assert_eq!(parameters, expected, "{}", route.name);
        assert_eq!(
            route.path_name().is_some(),
            route.path_field.is_some(),
            "{}",
            route.name
        );
        let has_body = operation["requestBody"].is_object();
        assert_eq!(has_body, route.body != Body::None, "{}", route.name);
        assert_eq!(route.example.is_some(), has_body, "{} has no example", route.name);
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_all_is_explained() {
    let server = start().await;
    let description = Description::of(&server).await;
    let schemas = description.document["components"]["schemas"].as_object().unwrap();
    let mut referred = BTreeSet::new();
    references(&description.document, &mut referred);
    let defined: BTreeSet<_> = schemas
        .keys()
        .map(|name| format!("#/components/schemas/{name}"))
        .collect();
    assert_eq!(referred, defined);
    for (name, schema) in schemas {
        assert!(!schema["description"].as_str().unwrap().is_empty(), "{name}");
        for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
            let is_ours = name.as_str() != "google.rpc.Status";
            let comment = schema["description"].as_str().unwrap_or_default();
            assert!(!is_ours || !comment.is_empty(), "{name}.{field}");
        }
        jsonschema::draft202012::meta::validate(schema).unwrap();
    }
}

/// Methods that have no route, with the reason.
const WITHOUT_ROUTE: &[&str] = &[
    // Over HTTP, batches take its place.
    "LookupService.StreamLookup",
];

#[test]
fn every_method_of_the_contract_has_a_route() {
    let set: FileDescriptorSet = prost::Message::decode(FILE_DESCRIPTOR_SET).unwrap();
    let mut methods = BTreeSet::new();
    let ours = set.file.iter().filter(|file| file.package() == "ringwarden.v1");
    for service in ours.flat_map(|file| &file.service) {
        for method in &service.method {
            methods.insert(format!("{}.{}", service.name(), method.name()));
        }
    }
    let routed = ROUTES.iter().map(|route| format!("{}.{}", route.service, route.rpc));
    let known: BTreeSet<_> = routed
        .chain(WITHOUT_ROUTE.iter().map(|name| (*name).to_owned()))
        .collect();
    assert_eq!(known, methods);
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(keys) => {
            found.extend(keys.get("$ref").and_then(Value::as_str).map(str::to_owned));
            keys.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
