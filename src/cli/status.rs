//! Turns an error status of the server into text for people: the sentence, the fields at fault, and what to do.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::reached::{WrongEnd, wrong_end};
use super::text::clean;
use crate::api::rename_fields;

/// Fields of requests, and the arguments with which commands set them.
const ARGUMENTS: [(&str, &str); 57] = [
    ("default_region", "--region"),
    ("report_id", "--id"),
    ("case_id", "case id"),
    ("list_id", "--list-id"),
    ("category", "--category"),
    ("source", "--source"),
    ("feed", "--feed"),
    ("import_id", "--import"),
    ("reporter_id", "--reporter"),
    ("reporter_area", "--area"),
    ("reporter_country", "--country"),
    ("occurred_at", "--occurred-at"),
    ("impersonated_brand", "--brand"),
    ("comment", "--comment"),
    ("callback_numbers", "--callback"),
    ("attestation", "--attestation"),
    ("verstat", "--verstat"),
    ("actor", "--actor"),
    ("reason", "--reason"),
    ("request_id", "--request-id"),
    ("expected_version", "--expected-version"),
    ("expires_at", "--expires-at"),
    ("valid_for", "--for"),
    ("not_spam", "--not-spam"),
    ("may_be_empty", "--may-be-empty"),
    ("title", "--title"),
    ("agency", "--agency"),
    ("agency_reference", "--agency-reference"),
    ("summary", "--summary"),
    ("last_evidence_at", "--last-evidence-at"),
    ("status", "--status"),
    ("note", "--note"),
    ("query", "--query"),
    ("role", "--role"),
    ("confidence", "--confidence"),
    ("page_token", "--page-token"),
    ("digits", "--digits"),
    ("prefix", "--prefix"),
    ("min_score", "--min-score"),
    ("max_score", "--max-score"),
    ("comment_language", "--language"),
    ("language", "--language"),
    ("revision", "--revision"),
    ("called_number", "--called"),
    ("principal_id", "principal name"),
    ("key_id", "key id"),
    ("tenant", "--tenant"),
    ("roles", "--role"),
    ("sources", "--source"),
    ("feeds", "--feed"),
    ("brands", "--brand"),
    ("certificate_sha256", "certificate"),
    ("subjects", "--oidc-subject"),
    ("others_expire_at", "--overlap"),
    ("override_open_case", "--override-case"),
    ("reporter_principal_id", "--reporter-principal"),
    ("decision_id", "decision id"),
];

/// The message and code of an error status, as a sentence without a full stop. One field at fault is named in it.
pub(super) fn sentence(status: &Status) -> String {
    if let Some(end) = wrong_end_of(status) {
        return end.sentence.to_owned();
    }
    let code = code_name(status.code());
    match all_fields(status).as_slice() {
        [] => {}
        [(field, problem)] => return clean(&format!("{field}: {problem} ({code})")),
        several => return format!("{} values are not valid ({code})", several.len()),
    }
    match clean(&with_arguments(status.message())) {
        message if message.is_empty() => format!("the server answered {code}"),
        message => format!("{message} ({code})"),
    }
}

/// The name of a gRPC status code, such as `NOT_FOUND`.
pub(super) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// The delay before a retry that the server asks for (google.rpc.RetryInfo).
pub(super) fn asked_delay(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

/// Whether the server says that the whole message is larger than its limit: it would refuse the same message again. The
/// texts are those of tonic and grpc-go. A server that is busy asks for a delay.
pub(super) fn is_too_large(status: &Status) -> bool {
    let says_so = |text: &&str| status.message().contains(*text);
    status.code() == Code::ResourceExhausted
        && asked_delay(status).is_none()
        && ["too large", "larger than"].iter().any(says_so)
}

/// The fields at fault, each with a description (google.rpc.BadRequest), if there are several.
pub(super) fn fields(status: &Status) -> Vec<(String, String)> {
    Some(all_fields(status)).filter(|all| all.len() > 1).unwrap_or_default()
}

fn all_fields(status: &Status) -> Vec<(String, String)> {
    let violations = status.get_details_bad_request().into_iter();
    violations
        .flat_map(|bad| bad.field_violations)
        .map(|violation| (argument(&violation.field), with_arguments(&violation.description)))
        .collect()
}

/// A text of the server, with arguments in place of the fields that it names.
pub(super) fn with_arguments(text: &str) -> String {
    rename_fields(text, argument)
}

/// The argument that sets a field: `report.occurred_at` is `--occurred-at`. A field that no argument sets, and an item of a
/// list, keep their names.
fn argument(field: &str) -> String {
    let last = field.rsplit('.').next().unwrap_or_default();
    let known = ARGUMENTS.iter().find(|(name, _)| *name == last);
    let is_item = field.contains('[');
    match known {
        Some((_, argument)) if !is_item => (*argument).to_owned(),
        _ if last == "number" && !is_item => last.to_owned(),
        _ => field.to_owned(),
    }
}

/// What the user can do about an error, as a clause without a full stop; `None` if there is no advice.
pub(super) fn advice(status: &Status) -> Option<String> {
    if let Some(end) = wrong_end_of(status) {
        return Some(end.advice.to_owned());
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "there is no advice for the other codes")]
    let step = match status.code() {
        Code::NotFound => return Some(format!("check the id, or find it with `{}`", command_of_ids(status))),
        Code::AlreadyExists => advice_on_used(status),
        Code::Unauthenticated => {
            "give your API key with --key-file FILE or in the variable RINGWARDEN_KEY; if you gave one, it is not, or no longer, valid here: ask an administrator"
        }
        Code::PermissionDenied if is_for_the_operator(status) => {
            "ask the operator of the server: an administrator of the tenant `default` grants sources, feeds and brands, and binds certificates and subjects"
        }
        Code::PermissionDenied if is_grant_missing(status) => {
            "an administrator of the tenant `default`, which operates the server, can grant it: `ringwarden key update NAME` with --source or --feed"
        }
        Code::PermissionDenied => {
            "use the key of a principal with such a role (--key-file FILE or RINGWARDEN_KEY), or ask an administrator for the role: `ringwarden key update NAME --role ROLE`"
        }
        Code::Aborted => {
            "another user has changed the record: read it again, then repeat the command with the new version"
        }
        Code::FailedPrecondition => {
            return Some(format!("check the current state with `{}`", command_of_state(status)));
        }
        Code::ResourceExhausted => match asked_delay(status) {
            Some(delay) => return Some(format!("try again in {} s", delay.as_secs().max(1))),
            None => "try again later",
        },
        Code::Unavailable => "try again in a moment",
        Code::Unimplemented => "the server does not know this command; it may be older than this client",
        // An error of this client has a cause, which is shown.
        Code::Internal | Code::Unknown if std::error::Error::source(status).is_none() => {
            "see the log of the server for the cause"
        }
        _ => return None,
    };
    Some(step.to_owned())
}

/// Whether the roles of the caller allow the method, but its grants do not allow a source or a feed of the request.
fn is_grant_missing(status: &Status) -> bool {
    let info = status.get_details_error_info();
    info.is_some_and(|info| info.reason == "NOT_GRANTED")
}

/// What to do about an id, a name or a credential that was used before.
fn advice_on_used(status: &Status) -> &'static str {
    let info = status.get_details_error_info();
    let field = info.and_then(|mut info| info.metadata.remove("field"));
    match field.as_deref() {
        Some("principal_id") => "choose another name",
        Some("certificate_sha256") => {
            "use another certificate, or first take it from the other principal: `ringwarden key update NAME --no-certificates`"
        }
        Some("subjects") => {
            "use another subject, or first take it from the other principal: `ringwarden key update NAME --no-subjects`"
        }
        Some("key_id") => "run the command again: it makes another key",
        _ => "choose another id, or leave the id out to get a new one",
    }
}

/// The command that shows the record whose state does not allow a change.
fn command_of_state(status: &Status) -> &'static str {
    // What comes after a colon says how to make the change all the same, and may name other things.
    let message = status.message().split(':').next().unwrap_or_default();
    if message.contains("administrator") || message.contains("principals") || message.contains("tenants") {
        "ringwarden key list"
    } else if message.contains("principal") {
        "ringwarden key show NAME"
    } else if message.contains("case") {
        "ringwarden case show ID"
    } else if message.contains("list") {
        "ringwarden list ls"
    } else {
        "ringwarden number show NUMBER"
    }
}

/// Whether only the operator of the server grants what the request grants: the detail names a field of the grants.
fn is_for_the_operator(status: &Status) -> bool {
    let info = status.get_details_error_info();
    let field = info.and_then(|mut info| info.metadata.remove("field"));
    field
        .is_some_and(|field| ["sources", "feeds", "brands", "certificate_sha256", "subjects"].contains(&field.as_str()))
}

/// The command that shows the ids of what the server did not find.
fn command_of_ids(status: &Status) -> &'static str {
    let message = status.message();
    if message.contains("case") {
        "ringwarden case list"
    } else if message.contains("report") {
        "ringwarden report list NUMBER"
    } else if message.contains("principal") || message.contains("key") {
        "ringwarden key list"
    } else if message.contains("list") {
        "ringwarden list ls"
    } else {
        "ringwarden search TEXT"
    }
}

/// What the client has reached instead of the port for gRPC, if the connection broke because of it.
pub(super) fn wrong_end_of(status: &Status) -> Option<WrongEnd> {
    wrong_end(std::error::Error::source(status)?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use tonic_types::ErrorDetails;

    use super::*;
    use crate::cli::args::Cli;

    fn flags(command: &clap::Command, found: &mut Vec<String>) {
        let own = command.get_arguments().filter_map(clap::Arg::get_long);
        found.extend(own.map(|flag| format!("--{flag}")));
        for inner in command.get_subcommands() {
            flags(inner, found);
        }
    }

    #[test]
    fn every_named_flag_exists() {
        let mut found = Vec::new();
        flags(&Cli::command(), &mut found);
        for (field, argument) in ARGUMENTS {
            assert!(
                !argument.starts_with("--") || found.iter().any(|flag| flag == argument),
                "{field}: {argument}"
            );
        }
    }

    #[test]
    fn a_refused_change_leads_to_the_record_that_refuses_it() {
        for (message, command, flag) in [
            (
                "the number has the status BLOCKED: to erase it all the same, set `override_open_case` and a reason",
                "ringwarden number show NUMBER",
                "`--override-case`",
            ),
            (
                "the number is linked to the open case popups: to erase it all the same, set `override_open_case` and a reason",
                "ringwarden case show ID",
                "`--override-case`",
            ),
            (
                "the principal has 2 valid keys, which is the limit: revoke one first",
                "ringwarden key show NAME",
                "",
            ),
            (
                "no administrator with a valid credential would be left: make another one first",
                "ringwarden key list",
                "",
            ),
        ] {
            let status = Status::failed_precondition(message);
            assert_eq!(
                advice(&status),
                Some(format!("check the current state with `{command}`"))
            );
            assert!(sentence(&status).contains(flag), "{}", sentence(&status));
        }
    }

    #[test]
    fn a_message_that_is_too_large_is_told_from_a_busy_server() {
        let large = "Error, decoded message length too large: found 9000000 bytes, the limit is: 8388608 bytes";
        assert!(is_too_large(&Status::resource_exhausted(large)));
        assert!(!is_too_large(&Status::resource_exhausted(
            "too many requests at the same time"
        )));
    }

    #[test]
    fn fields_are_named_as_the_user_wrote_them() {
        let mut details = ErrorDetails::new();
        details.add_bad_request_violation("report.number", "has no country code: it needs `default_region`");
        let one = Status::with_error_details(Code::InvalidArgument, "x", details.clone());
        assert_eq!(
            sentence(&one),
            "number: has no country code: it needs `--region` (INVALID_ARGUMENT)"
        );
        assert!(fields(&one).is_empty());
        details.add_bad_request_violation("report.impersonated_brand", "is too long");
        details.add_bad_request_violation("links[3].confidence", "must be at most 1");
        let three = Status::with_error_details(Code::InvalidArgument, "x", details);
        assert_eq!(sentence(&three), "3 values are not valid (INVALID_ARGUMENT)");
        let names: Vec<_> = fields(&three).into_iter().map(|(field, _)| field).collect();
        assert_eq!(names, ["number", "--brand", "links[3].confidence"]);
    }
}
