//! Conversion of messages to domain types and back, and the check of their shape.
//!
//! A request is checked as a whole: one error names every field that is wrong. It never repeats a value, since values may
//! be personal data.

pub(super) mod audit;
pub(super) mod call_outcome;
pub(super) mod case;
pub(super) mod categories;
pub(super) mod comparison;
pub(super) mod decision;
pub(super) mod export;
mod kinds;
pub(super) mod list;
pub(super) mod list_dry_run;
mod list_head;
mod list_violations;
pub(super) mod lookup;
pub(super) mod note;
pub(super) mod number;
pub(super) mod number_list;
pub(super) mod principal;
pub(super) mod report;
mod reporter_name;
pub(super) mod sharing;
mod shown;

use std::fmt::Display;
use std::time::Duration;

use super::RequestContext;
use crate::domain::actor::Actor;
use crate::domain::brand::Brand;
use crate::domain::ids::RequestId;
use crate::domain::time::Timestamp;
use crate::domain::visible::hidden_in;
use crate::number::Region;
use crate::service::{Mutation, PageRequest, ServiceError, Violation};
use crate::wire;

/// The longest span of time that a request may name.
const LONGEST_SPAN: Duration = Duration::from_secs(36_525 * 86_400);

/// Checks the number of items of a batch. A batch with too many is refused as a whole.
pub(super) fn check_batch(field: &str, items: usize, most: usize) -> Result<(), ServiceError> {
    if (1..=most).contains(&items) {
        return Ok(());
    }
    Err(ServiceError::field(field, format!("must have 1 to {most} items")))
}

/// A total of items; the largest that fits, if there are more.
pub(super) fn total(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

/// Reads the fields of one message and collects the violations. A method returns `None` for a field that is wrong, after it
/// has added the violation, and for an optional field that is not set.
#[derive(Debug, Default)]
struct FieldReader {
    violations: Vec<Violation>,
}

impl FieldReader {
    /// The value made of the fields, if no field is wrong.
    fn finish<T>(self, value: Option<T>) -> Result<T, ServiceError> {
        match value {
            Some(value) if self.violations.is_empty() => Ok(value),
            _ if self.violations.is_empty() => Err(ServiceError::Internal),
            _ => Err(ServiceError::Invalid(self.violations)),
        }
    }

    fn refuse(&mut self, field: &str, problem: impl Into<String>) {
        self.violations.push(Violation::new(field, problem));
    }

    /// The value of a parsed field, or a violation.
    fn keep<T>(&mut self, field: &str, result: Result<T, impl Display>) -> Option<T> {
        result.map_err(|problem| self.refuse(field, problem.to_string())).ok()
    }

    /// A text that may be empty.
    fn optional<T, E: Display>(&mut self, field: &str, text: &str, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        if text.is_empty() {
            return None;
        }
        self.keep(field, parse(text))
    }

    /// An enum value that may be unset: 0 is unset.
    fn code<T>(&mut self, field: &str, code: i32, from: impl Fn(u8) -> Option<T>) -> Option<T> {
        if code == 0 {
            return None;
        }
        let value = u8::try_from(code).ok().and_then(from);
        if value.is_none() {
            self.refuse(field, "is not a value that this server knows");
        }
        value
    }

    /// An enum value that must be set.
    fn required_code<T>(&mut self, field: &str, code: i32, from: impl Fn(u8) -> Option<T>) -> Option<T> {
        if code == 0 {
            self.refuse(field, "must be set");
        }
        self.code(field, code, from)
    }

    /// The text of a number, which must not be empty. The service checks that it is a number.
    fn number(&mut self, field: &str, text: String) -> String {
        if text.trim().is_empty() {
            self.refuse(field, "must not be empty");
        }
        text
    }

    fn region(&mut self, field: &str, text: &str) -> Option<Region> {
        self.optional(field, text, str::parse::<Region>)
    }

    fn brand(&mut self, field: &str, text: &str) -> Option<Brand> {
        self.refuse_hidden(field, text);
        self.optional(field, text, Brand::parse)
    }

    /// Refuses a name that looks like another one.
    fn refuse_hidden(&mut self, field: &str, text: &str) {
        if hidden_in(text.trim()).is_some_and(|c| !c.is_control()) {
            self.refuse(field, "must have visible characters only");
        }
    }

    /// A text of one line.
    fn line(&mut self, field: &str, text: String, most_chars: usize) -> String {
        if hidden_in(&text).is_some() {
            self.refuse(field, "must have visible characters only");
        }
        self.length(field, &text, most_chars);
        text
    }

    /// A name of one line, with a limit in bytes.
    fn name(&mut self, field: &str, text: String, most_bytes: usize) -> String {
        if text.len() > most_bytes {
            self.refuse(field, format!("must have at most {most_bytes} bytes"));
        }
        self.line(field, text, most_bytes)
    }

    /// A text that may have several lines.
    fn prose(&mut self, field: &str, text: String, most_chars: usize) -> String {
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.refuse(field, "must have visible characters, line breaks and tabs only");
        }
        self.length(field, &text, most_chars);
        text
    }

    fn length(&mut self, field: &str, text: &str, most_chars: usize) {
        if text.chars().count() > most_chars {
            self.refuse(field, format!("must have at most {most_chars} characters"));
        }
    }

    /// A time that may be unset.
    fn time(&mut self, field: &str, time: Option<wire::Timestamp>) -> Option<Timestamp> {
        let millis = time?.millis();
        if millis.is_none() {
            self.refuse(field, "must be a time from the year 1 to the year 9999");
        }
        millis.map(Timestamp::from_millis)
    }

    /// A span of time: not negative, and at most 100 years.
    fn span(&mut self, field: &str, span: &pbjson_types::Duration) -> Option<Duration> {
        let seconds = u64::try_from(span.seconds).ok();
        let nanos = u32::try_from(span.nanos).ok();
        let span = seconds.zip(nanos).map(|(seconds, nanos)| Duration::new(seconds, nanos));
        let span = span.filter(|span| *span <= LONGEST_SPAN);
        if span.is_none() {
            self.refuse(field, "must be from 0 s to 100 years");
        }
        span
    }

    /// A time that may be unset. A time before the year 2000 is refused as a mistake.
    fn recent_time(&mut self, field: &str, time: Option<wire::Timestamp>) -> Option<Timestamp> {
        let time = self.time(field, time)?;
        if time < Timestamp::EARLIEST {
            self.refuse(field, "must not be before the year 2000");
        }
        Some(time)
    }

    /// A value within the limits, both included. NaN is refused.
    fn within(&mut self, field: &str, value: f64, least: f64, most: f64) -> f64 {
        if !(least..=most).contains(&value) {
            self.refuse(field, format!("must be between {least} and {most}"));
        }
        value
    }

    /// The actor, the request id and the expected version of a change. The actor is the principal; the text of the client
    /// counts only on a server without principals.
    fn mutation(
        &mut self,
        context: &RequestContext,
        actor: &str,
        request_id: &str,
        expected_version: Option<u64>,
    ) -> Option<Mutation> {
        let actor = match context.caller.principal() {
            Some(principal) => Some(Actor::of(&principal.id)),
            None => {
                if actor.trim().is_empty() {
                    self.refuse("actor", "must not be empty");
                }
                self.refuse_hidden("actor", actor);
                self.keep("actor", Actor::parse(actor))
            }
        };
        let request = self.request_id(request_id);
        Some(Mutation {
            request: request?,
            actor: actor?,
            via: context.via(),
            expected_version,
        })
    }

    fn request_id(&mut self, request_id: &str) -> Option<RequestId> {
        self.keep("request_id", RequestId::parse(request_id))
    }
}

fn page(size: u32, token: String) -> PageRequest {
    PageRequest { size, token }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::monotonic;
    use crate::metrics::EdgeLabel;

    #[test]
    fn one_error_names_every_wrong_field() {
        let mut fields = FieldReader::default();
        let context = RequestContext::open(EdgeLabel::Grpc, monotonic());
        fields.mutation(&context, " ", "", None);
        fields.required_code("kind", 0, Some);
        fields.within("confidence", f64::NAN, 0.0, 1.0);
        fields.within("min_score", f64::INFINITY, 0.0, 100.0);
        let Err(ServiceError::Invalid(violations)) = fields.finish(Some(())) else {
            panic!("accepted");
        };
        let named: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(named, ["actor", "request_id", "kind", "confidence", "min_score"]);
    }

    #[test]
    fn texts_of_several_lines_may_have_tabs_but_no_null() {
        let mut fields = FieldReader::default();
        fields.prose("note", "a\r\n\tb".to_owned(), 5);
        assert!(fields.violations.is_empty());
        fields.prose("note", "a\0".to_owned(), 5);
        fields.prose("note", "abcdef".to_owned(), 5);
        fields.line("title", "a\nb".to_owned(), 5);
        assert_eq!(fields.violations.len(), 3);
    }

    #[test]
    fn batches_have_a_least_and_a_greatest_size() {
        assert!(check_batch("reports", 0, 5).is_err());
        assert!(check_batch("reports", 5, 5).is_ok());
        assert!(check_batch("reports", 6, 5).is_err());
    }
}
