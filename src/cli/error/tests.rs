//! Tests of what errors say.

use std::time::Duration;

use tonic::Code;
use tonic_types::{ErrorDetails, StatusExt as _};

use super::*;

fn shown(error: &CliError) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    error.write(&mut out).unwrap();
    String::from_utf8(out.into_inner()).unwrap()
}

#[test]
fn fields_at_fault_are_named() {
    let details = ErrorDetails::with_bad_request_violation("report.number", "the number is too short");
    let status = Status::with_error_details(Code::InvalidArgument, "the report is malformed", details);
    assert_eq!(
        shown(&status.into()),
        "error: number: the number is too short (INVALID_ARGUMENT)\n"
    );
}

#[test]
fn a_change_without_an_answer_says_how_to_repeat_it() {
    let error = |unwritten| CliError::Unanswered {
        repeat_with: Some("--request-id r-1".to_owned()),
        unwritten,
        attempts: 5,
        status: Box::new(Status::unavailable("the store is away")),
    };
    assert_eq!(
        shown(&error(false)),
        "error: the store is away (UNAVAILABLE), after 5 attempts; it is unknown whether the change was made\n  \
         run the command again with --request-id r-1: then the change is made only once\n"
    );
    assert_eq!(
        shown(&error(true)),
        "error: the store is away (UNAVAILABLE), after 5 attempts; the change was not made\n  \
         run the command again later, if you like with --request-id r-1\n"
    );
}

#[test]
fn a_cause_that_the_sentence_names_is_not_repeated() {
    let source = io::Error::from(io::ErrorKind::NotFound);
    let error = CliError::File {
        path: "a.csv".into(),
        source,
    };
    assert_eq!(shown(&error), "error: a.csv: entity not found\n");
}

#[test]
fn a_quota_says_how_long_to_wait() {
    let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(30)));
    let status = Status::with_error_details(Code::ResourceExhausted, "the quota is used up", details);
    assert!(shown(&status.into()).ends_with("  try again in 30 s\n"));
}
