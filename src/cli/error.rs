//! What can go wrong in a client command, and what to do then.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use thiserror::Error;
use tonic::Status;

use super::import_error::ImportError;
use super::status::{advice, fields, sentence};
use super::text::clean;
use crate::app::AppError;
use crate::config::ConfigFaults;
use crate::domain::model::ModelError;
use crate::evaluate::PlotError;
use crate::fit::FitError;
use crate::telemetry::TelemetryError;

const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Why a command failed. The text is one sentence; [`CliError::next_step`] says what to do.
#[derive(Debug, Error)]
pub enum CliError {
    /// The value of `--server` is not an address this client can use.
    #[error("`{server}` is not the address of a server: {reason}")]
    BadServer {
        /// What was given.
        server: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Nobody answers there.
    #[error("no server answers at {server}")]
    Unreachable {
        /// Its address.
        server: String,
        /// Why the connection failed.
        source: tonic::transport::Error,
    },
    /// The server answered with an error.
    #[error("{}", sentence(.0))]
    Refused(Box<Status>),
    /// No answer to a change came, though it was repeated: it may have been applied.
    #[error("{}, after {attempts} attempts; it may have been applied all the same", sentence(.status))]
    Unanswered {
        /// The id of the change.
        request_id: String,
        /// How often it was sent.
        attempts: u32,
        /// The last answer.
        status: Box<Status>,
    },
    /// The server answered, and some items of the request failed.
    #[error("{failed} of {total} failed")]
    Items {
        /// How many.
        failed: usize,
        /// Of how many.
        total: usize,
    },
    /// The server is there but does not serve.
    #[error("the server at {server} says {status}")]
    NotServing {
        /// Its address.
        server: String,
        /// What grpc.health.v1 says.
        status: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of complaints holds none of the days asked for.
    #[error("{}: no complaints of these days", path.display())]
    NoComplaints {
        /// Which.
        path: PathBuf,
    },
    /// A line of a file of numbers holds none.
    #[error("{}: line {line} holds no number", path.display())]
    NotANumber {
        /// Which file.
        path: PathBuf,
        /// Which line; the header is line 1.
        line: u64,
    },
    /// A file of numbers holds too many.
    #[error("{}: holds more than {max} numbers", path.display())]
    TooManyNumbers {
        /// Which file.
        path: PathBuf,
        /// How many are taken.
        max: usize,
    },
    /// A model file cannot be used.
    #[error("{}: {source}", path.display())]
    Model {
        /// Which.
        path: PathBuf,
        /// Why.
        source: ModelError,
    },
    /// Two models are no cross-fit.
    #[error("the two models are no cross-fit: {0}")]
    CrossFit(&'static str),
    /// A model cannot be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The figures cannot be drawn.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// What was to be printed could not be.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    /// The system gives no random numbers to name a request by.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// The configuration of a server is wrong.
    #[error(transparent)]
    Config(#[from] ConfigFaults),
    /// The log cannot be set up.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// A server cannot run.
    #[error(transparent)]
    App(#[from] AppError),
    /// Calls under way were cut off when the server ended.
    #[error("the server ended with calls under way")]
    CutOff,
    /// Answers of the demo are not what they should be.
    #[error("the demo's answers are not what they should be:\n  {}", .0.join("\n  "))]
    WrongAnswers(Vec<String>),
    /// An import ended early.
    #[error(transparent)]
    Import(#[from] ImportError),
}

impl CliError {
    /// What to do about it, as a clause without a full stop.
    pub fn next_step(&self) -> Option<String> {
        match self {
            Self::BadServer { .. } => Some("give it as http://HOST:PORT".to_owned()),
            Self::Unreachable { .. } => {
                Some("is it running? start it with `ringwarden serve`, or give --server URL".to_owned())
            }
            Self::Refused(status) => advice(status),
            Self::Unanswered { request_id, .. } => Some(format!(
                "repeat it with --request-id {request_id}: it then counts once, whatever happened before"
            )),
            Self::NotServing { .. } => {
                Some("it may still be starting, or its store may be away: see its log".to_owned())
            }
            Self::Import(error) => error.next_step(),
            Self::Config(_) => Some("`ringwarden serve --help` lists all settings".to_owned()),
            Self::Items { .. }
            | Self::File { .. }
            | Self::NoComplaints { .. }
            | Self::NotANumber { .. }
            | Self::TooManyNumbers { .. }
            | Self::Model { .. }
            | Self::CrossFit(_)
            | Self::Fit(_)
            | Self::Plot(_)
            | Self::Output(_)
            | Self::Random(_)
            | Self::Telemetry(_)
            | Self::App(_)
            | Self::CutOff
            | Self::WrongAnswers(_) => None,
        }
    }

    /// Whether an argument makes no sense, rather than that the command failed.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::BadServer { .. })
    }

    /// Whether whoever reads the output closed it early, as `head` does: no failure.
    pub fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Writes the error for a person: the sentence, the fields at fault, and the next step.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut text = format!("{ERROR}error:{ERROR:#} {self}\n");
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write_line(&mut text, &format!("because {}", clean(&error.to_string())));
            cause = error.source();
        }
        for (field, description) in self.fields() {
            write_line(&mut text, &format!("{}: {}", clean(&field), clean(&description)));
        }
        if let Some(step) = self.next_step() {
            write_line(&mut text, &step);
        }
        out.write_all(text.as_bytes())
    }

    fn fields(&self) -> Vec<(String, String)> {
        match self {
            Self::Refused(status) | Self::Unanswered { status, .. } => fields(status),
            Self::Import(error) => error.status().map(fields).unwrap_or_default(),
            Self::BadServer { .. }
            | Self::Unreachable { .. }
            | Self::Items { .. }
            | Self::NotServing { .. }
            | Self::File { .. }
            | Self::NoComplaints { .. }
            | Self::NotANumber { .. }
            | Self::TooManyNumbers { .. }
            | Self::Model { .. }
            | Self::CrossFit(_)
            | Self::Fit(_)
            | Self::Plot(_)
            | Self::Output(_)
            | Self::Random(_)
            | Self::Config(_)
            | Self::Telemetry(_)
            | Self::App(_)
            | Self::CutOff
            | Self::WrongAnswers(_) => Vec::new(),
        }
    }
}

impl From<Status> for CliError {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(status))
    }
}

fn write_line(text: &mut String, line: &str) {
    // Writing to a String does not fail.
    let _written = writeln!(text, "  {line}");
}

#[cfg(test)]
mod tests {
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
            "error: the report is malformed (INVALID_ARGUMENT)\n  report.number: the number is too short\n"
        );
    }

    #[test]
    fn a_change_without_an_answer_says_how_to_repeat_it() {
        let error = CliError::Unanswered {
            request_id: "r-1".to_owned(),
            attempts: 5,
            status: Box::new(Status::unavailable("the store is away")),
        };
        let text = shown(&error);
        assert!(
            text.starts_with("error: the store is away (UNAVAILABLE), after 5 attempts;"),
            "{text}"
        );
        assert!(text.contains("--request-id r-1"), "{text}");
    }

    #[test]
    fn a_quota_says_how_long_to_wait() {
        let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(30)));
        let status = Status::with_error_details(Code::ResourceExhausted, "the quota is used up", details);
        assert!(shown(&status.into()).ends_with("  try again in 30 s\n"));
    }
}
