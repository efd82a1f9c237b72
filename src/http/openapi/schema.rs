//! The JSON schemas of the messages and enums of the contract.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::contract::{Contract, ContractField, ContractMessage, Enumeration, FieldKind, Oneof};

/// The schemas of a description, by name.
pub(super) struct Schemas<'a> {
    contract: &'a Contract,
    /// The messages of requests, each with the field that is in the path and not in the body.
    requests: BTreeMap<String, Option<&'static str>>,
    /// The names of all schemas that are used.
    named: BTreeSet<String>,
}

impl<'a> Schemas<'a> {
    pub(super) fn of(contract: &'a Contract) -> Self {
        Self {
            contract,
            requests: BTreeMap::new(),
            named: BTreeSet::new(),
        }
    }

    /// A message as the body of a request.
    pub(super) fn request(&mut self, message: &str, in_path: Option<&'static str>) -> Value {
        self.name_all(message, true);
        self.requests.insert(message.to_owned(), in_path);
        reference(message)
    }

    /// A message as the body of a response.
    pub(super) fn answer(&mut self, message: &str) -> Value {
        self.name_all(message, false);
        reference(message)
    }

    /// The schema of a field.
    pub(super) fn field(&mut self, field: &ContractField) -> Value {
        if let FieldKind::Message(name) | FieldKind::Enumeration(name) = &field.kind {
            self.name_all(name, false);
        }
        field_schema(field)
    }

    /// All schemas that are used.
    pub(super) fn into_components(self) -> Map<String, Value> {
        let schemas = self.named.iter().filter_map(|name| {
            let schema = match (self.contract.messages.get(name), self.contract.enums.get(name)) {
                (Some(message), _) => message_schema(message, self.requests.get(name).copied()),
                (None, Some(item)) => enum_schema(item),
                (None, None) => return None,
            };
            Some((name.clone(), schema))
        });
        schemas.collect()
    }

    /// Adds a message, and all messages and enums in it.
    fn name_all(&mut self, name: &str, is_request: bool) {
        let is_new = self.named.insert(name.to_owned());
        let is_newly_sent = is_request && !self.requests.contains_key(name);
        if is_newly_sent {
            self.requests.insert(name.to_owned(), None);
        }
        if !is_new && !is_newly_sent {
            return;
        }
        let Some(message) = self.contract.messages.get(name) else {
            return;
        };
        for field in &message.fields {
            if let FieldKind::Message(name) | FieldKind::Enumeration(name) = &field.kind {
                self.name_all(name, is_request);
            }
        }
    }
}

/// Whether a comment says that its field is required.
pub(super) fn is_required(comment: &str) -> bool {
    let mut rest = comment;
    while let Some((_, after)) = rest.split_once("Required") {
        if after.starts_with(['.', ',', ';']) {
            return true;
        }
        rest = after;
    }
    false
}

/// The schema of a message. `request` is none for a message of responses only; else it has the field that is in the path.
/// The schema of a request refuses unknown fields, as the server does; that of a response allows them.
fn message_schema(message: &ContractMessage, request: Option<Option<&'static str>>) -> Value {
    let in_path = request.flatten();
    let fields = || {
        message
            .fields
            .iter()
            .filter(|field| Some(field.name.as_str()) != in_path)
    };
    let properties: Map<_, _> = fields()
        .map(|field| (field.json_name.clone(), field_schema(field)))
        .collect();
    let mut schema = json!({
        "type": "object",
        "description": message.comment,
        "properties": properties,
    });
    let Some(keys) = schema.as_object_mut() else {
        return schema;
    };
    if request.is_some() {
        let required: Vec<_> = fields()
            .filter(|field| is_required(&field.comment))
            .map(|field| field.json_name.as_str())
            .collect();
        keys.insert("additionalProperties".to_owned(), false.into());
        if !required.is_empty() {
            keys.insert("required".to_owned(), json!(required));
        }
    }
    let choices: Vec<_> = message.oneofs.iter().map(oneof_schema).collect();
    if !choices.is_empty() {
        keys.insert("allOf".to_owned(), choices.into());
    }
    schema
}

fn oneof_schema(oneof: &Oneof) -> Value {
    let one = |name: &String| json!({ "required": [name] });
    let mut choices: Vec<_> = oneof.json_names.iter().map(one).collect();
    if !is_required(&oneof.comment) {
        choices.push(json!({ "not": { "anyOf": choices } }));
    }
    json!({ "description": oneof.comment, "oneOf": choices })
}

fn field_schema(field: &ContractField) -> Value {
    let mut schema = kind_schema(&field.kind);
    if field.is_repeated {
        schema = json!({ "type": "array", "items": schema });
    }
    if let Some(keys) = schema.as_object_mut() {
        if field.kind == FieldKind::Text && !field.is_repeated && is_required(&field.comment) {
            keys.insert("minLength".to_owned(), 1.into());
        }
        keys.insert("description".to_owned(), field.comment.as_str().into());
    }
    schema
}

fn kind_schema(kind: &FieldKind) -> Value {
    match kind {
        FieldKind::Text => json!({ "type": "string" }),
        FieldKind::Bool => json!({ "type": "boolean" }),
        FieldKind::Real => json!({ "type": "number", "format": "double" }),
        FieldKind::Int32 => json!({ "type": "integer", "format": "int32", "minimum": i32::MIN, "maximum": i32::MAX }),
        FieldKind::Uint32 => json!({ "type": "integer", "format": "uint32", "minimum": 0, "maximum": u32::MAX }),
        FieldKind::Int64 => json!({ "type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$" }),
        FieldKind::Uint64 => json!({ "type": "string", "format": "uint64", "pattern": "^[0-9]{1,20}$" }),
        FieldKind::Timestamp => json!({ "type": "string", "format": "date-time" }),
        FieldKind::Duration => json!({ "type": "string", "pattern": "^-?[0-9]{1,12}(\\.[0-9]{1,9})?s$" }),
        FieldKind::Message(name) | FieldKind::Enumeration(name) => reference(name),
    }
}

fn enum_schema(item: &Enumeration) -> Value {
    let names: Vec<_> = item.values.iter().map(|(name, _)| name).collect();
    let mut description = item.comment.clone();
    for (name, comment) in &item.values {
        description.push_str(&format!("\n- `{name}`: {}", comment.replace('\n', " ")));
    }
    json!({ "type": "string", "description": description, "enum": names })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}
