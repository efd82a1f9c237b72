//! The description of one route, and a check whether a value fits it.

use jsonschema::Validator;
use ringwarden::http::{AnswerBody as Kind, Route};
use serde_json::{Value, json};

use crate::support::server::{Answer, Server};

/// The description that a server gives of itself.
pub(super) struct Description {
    pub(super) document: Value,
    /// The components, with unknown fields refused everywhere.
    strict: Value,
}

impl Description {
    pub(super) async fn of(server: &Server) -> Self {
        let answer = server.get("/v1/openapi.json").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.head.contains("content-type: application/json"), "{answer:?}");
        let document = answer.json();
        let mut strict = document["components"].clone();
        refuse_unknown(&mut strict);
        Self { document, strict }
    }

    /// The description of a route.
    pub(super) fn operation(&self, route: &Route) -> &Value {
        &self.document["paths"][route.path][route.method.as_str().to_lowercase()]
    }

    /// A path of a route, made of the examples of its parameters. Only the id of a decision has none: nobody can make
    /// one up.
    pub(super) fn path(&self, route: &Route) -> String {
        let mut path = route.path.to_owned();
        let mut query = Vec::new();
        for parameter in self.operation(route)["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let example = parameter["example"].as_str();
            if parameter["in"] == "path" {
                path = path.replace(&format!("{{{name}}}"), example.unwrap_or("x"));
            } else if parameter["required"] == true {
                query.push(format!("{name}={}", example.unwrap()));
            }
        }
        if query.is_empty() {
            path
        } else {
            format!("{path}?{}", query.join("&"))
        }
    }

    /// Fails unless an answer to a route is as described.
    pub(super) fn check(&self, route: &Route, answer: &Answer) {
        let responses = &self.operation(route)["responses"];
        let response = responses
            .get(answer.status.to_string())
            .unwrap_or(&responses["default"]);
        let content = response["content"].as_object().unwrap();
        let (kind, content) = content.iter().next().unwrap();
        let is_of_kind = answer.head.contains(&format!("content-type: {kind}"));
        assert!(is_of_kind, "{}: not {kind}: {answer:?}", route.name);
        let value = match route.answer {
            Kind::Lines(_) if answer.status >= 400 => answer.json(),
            Kind::Message => answer.json(),
            Kind::Line | Kind::Lines(_) => Value::String(answer.body.clone()),
        };
        self.fits(&content["schema"], &value, route.name);
    }

    /// Fails unless a value fits a schema of the document.
    pub(super) fn fits(&self, schema: &Value, value: &Value, what: &str) {
        let errors: Vec<_> = self
            .validator(schema)
            .iter_errors(value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{what}: {errors:#?} in {value:#}");
    }

    pub(super) fn validator(&self, schema: &Value) -> Validator {
        let whole = json!({ "allOf": [schema], "components": self.strict });
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .build(&whole)
            .unwrap()
    }
}

/// Makes every object refuse fields that are not described. The document lets clients of older versions read on.
fn refuse_unknown(schema: &mut Value) {
    match schema {
        Value::Object(keys) => {
            if keys.get("properties").is_some_and(Value::is_object) {
                keys.insert("additionalProperties".to_owned(), false.into());
            }
            keys.values_mut().for_each(refuse_unknown);
        }
        Value::Array(items) => items.iter_mut().for_each(refuse_unknown),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
