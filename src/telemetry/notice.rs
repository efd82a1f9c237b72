//! A line that no filter hides, in the format of the log.

use serde_json::{Map, Value};
use tracing::Level;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};

use crate::config::LogFormat;

/// A line that no filter hides: a text for people, and the same as the fields of a JSON object.
#[derive(Clone, Debug)]
pub struct Notice {
    level: Level,
    text: String,
    fields: Vec<(&'static str, Value)>,
}

impl Notice {
    /// A notice for people that reads `text`, which may have several lines. In JSON, it has this message.
    #[must_use]
    pub fn new(level: Level, text: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            level,
            text: text.into(),
            fields: vec![("message", Value::String(message.into()))],
        }
    }

    /// Adds a field, which only JSON shows.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// The line with its end. In JSON it has the same fields as an event of the log.
    #[must_use]
    pub fn render(&self, format: LogFormat) -> String {
        match format {
            LogFormat::Text => format!("{}\n", self.text.trim_end_matches('\n')),
            LogFormat::Json => {
                let mut object = Map::new();
                object.insert("timestamp".to_owned(), Value::String(now()));
                object.insert("level".to_owned(), Value::String(self.level.to_string()));
                let fields = self.fields.iter();
                object.extend(fields.map(|(name, value)| ((*name).to_owned(), value.clone())));
                object.insert("target".to_owned(), Value::String("ringwarden".to_owned()));
                format!("{}\n", Value::Object(object))
            }
        }
    }
}

/// The time as the events of the log show it; empty if the system has none.
fn now() -> String {
    let mut text = String::new();
    let _written = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_text_for_people_or_one_line_of_json() {
        let notice = Notice::new(Level::ERROR, "error: a\n  cause: b\n", "a").with("cause", "b");
        assert_eq!(notice.render(LogFormat::Text), "error: a\n  cause: b\n");
        let line = notice.render(LogFormat::Json);
        assert_eq!(line.lines().count(), 1, "{line}");
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&event["level"], &event["message"], &event["cause"]),
            (&"ERROR".into(), &"a".into(), &"b".into())
        );
        let timestamp = event["timestamp"].as_str().unwrap();
        assert!(timestamp.ends_with('Z') && timestamp.contains('T'), "{timestamp}");
    }
}
