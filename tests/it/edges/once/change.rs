//! Requests that change something, and others with the same id and other content.

use serde_json::Value;

/// A request of a method, and others that must not be taken under the same id.
pub(super) struct Change {
    pub(super) first: Sent,
    pub(super) others: Vec<Sent>,
    /// Fields of the answer that say that the request is a repetition.
    pub(super) says_so: &'static [&'static str],
}

#[derive(Clone)]
pub(super) struct Sent {
    pub(super) verb: &'static str,
    pub(super) path: String,
    pub(super) body: Value,
}

pub(super) fn sent(verb: &'static str, path: &str, body: Value) -> Sent {
    Sent {
        verb,
        path: path.to_owned(),
        body,
    }
}

pub(super) fn post(path: &str, body: Value) -> Sent {
    sent("POST", path, body)
}

/// The body with these fields set to other values.
pub(super) fn with(body: &Value, fields: &Value) -> Value {
    let mut body = body.clone();
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// A change with the given other contents, sent to the same path.
pub(super) fn change(first: Sent, others: &[Value]) -> Change {
    let others = others.iter().map(|other| Sent {
        body: with(&first.body, other),
        ..first.clone()
    });
    Change {
        others: others.collect(),
        first,
        says_so: &[],
    }
}

/// The same body for another number.
pub(super) fn elsewhere(mut change: Change, path: &str) -> Change {
    change.others.push(Sent {
        path: path.to_owned(),
        ..change.first.clone()
    });
    change
}
