//! The errors of commands, and what the user can do about them.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use thiserror::Error;
use tonic::Status;
use tracing::Level;

use super::doctor::DoctorError;
use super::import::MappingError;
use super::import_error::ImportError;
use super::legitimate::LegitimateError;
use super::pull::PullError;
use super::status::{advice, fields, sentence, wrong_end_of};
use super::text::{clean, harmless};
use crate::app::AppError;
use crate::config::ConfigFaults;
use crate::domain::model::ModelError;
use crate::evaluate::PlotError;
use crate::fit::FitError;
use crate::telemetry::{Notice, TelemetryError};

const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Why a command failed. The text is one sentence; [`CliError::next_step`] says what to do.
#[derive(Debug, Error)]
pub enum CliError {
    /// The value of `--server` is not an address that this client can use.
    #[error("`{server}` is not the address of a server: {reason}")]
    BadServer {
        /// The given value.
        server: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No server answers at the address.
    #[error("no server answers at {server}")]
    Unreachable {
        /// Address of the server.
        server: String,
        /// Cause of the failed connection.
        source: tonic::transport::Error,
    },
    /// Something else than a server that this client trusts is at the address.
    #[error("cannot use the server at {server}: {sentence}")]
    NotReached {
        /// Address of the server.
        server: String,
        /// What is there.
        sentence: &'static str,
        /// What to do about it.
        advice: &'static str,
        /// Cause of the failed connection.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The certificate and the key of this client cannot be used.
    #[error("--client-cert and --client-key cannot be used together")]
    ClientTls(#[source] tonic::transport::Error),
    /// An argument about the credential cannot be used.
    #[error("{0}")]
    Credential(String),
    /// The API key would cross the network in plain text.
    #[error("the API key is not sent to {server}: everybody on the way could read it")]
    KeyInClear {
        /// Address of the server.
        server: String,
    },
    /// The server answered with an error.
    #[error("{}", sentence(.0))]
    Refused(Box<Status>),
    /// The server answered no attempt of a change. The change may be stored.
    #[error("{}; {}", attempts_failed(.status, *.attempts), outcome(*.unwritten))]
    Unanswered {
        /// The flag and the id with which the change may be repeated, such as `--request-id 17`; none if the same command
        /// is the same change.
        repeat_with: Option<String>,
        /// Whether the server said after each attempt that it wrote nothing.
        unwritten: bool,
        /// Number of times that it was sent.
        attempts: u32,
        /// Answer to the last attempt.
        status: Box<Status>,
    },
    /// The server answered no attempt to store a new key. The same command would make another key.
    #[error("{unanswered}")]
    KeyUnanswered {
        /// The error without an answer.
        unanswered: Box<Self>,
        /// What to do about the key.
        next_step: String,
    },
    /// No principal has a key with this id.
    #[error("no principal has a key with this id: nothing was revoked")]
    NoSuchKey,
    /// The server answered the request, but some of its items failed.
    #[error("{failed} of {total} items failed")]
    Items {
        /// Number of items that failed.
        failed: usize,
        /// Number of all items.
        total: usize,
    },
    /// The server answers, but it is not ready.
    #[error("the server at {server} is not ready: {status}")]
    NotServing {
        /// Address of the server.
        server: String,
        /// Status that the health check returned (grpc.health.v1).
        status: String,
    },
    /// The command destroys something, and nobody is there to be asked.
    #[error("{what}: nothing was changed")]
    NotConfirmed {
        /// What would go.
        what: String,
    },
    /// The person did not want the change.
    #[error("nothing was changed")]
    Declined,
    /// The server has no report with this id on the number.
    #[error("no report with this id is on this number: nothing was withdrawn")]
    NoSuchReport {
        /// Whether the caller may list all reports of a number.
        may_list: bool,
    },
    /// The server has no report of this import.
    #[error("no report of this import is stored: nothing was withdrawn")]
    NoSuchImport {
        /// Ids of imports that are most like the given one.
        similar: Vec<String>,
    },
    /// The server has no report of this reporter.
    #[error("no report of this reporter is stored: nothing was withdrawn")]
    NoSuchReporter,
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// Cause of the error.
        source: io::Error,
    },
    /// A file has no complaints in the requested days.
    #[error("{}: the file has no complaints in these days", path.display())]
    NoComplaints {
        /// Path of the file.
        path: PathBuf,
    },
    /// A file of legitimate numbers is not valid.
    #[error(transparent)]
    Legitimate(#[from] LegitimateError),
    /// A model file is not valid.
    #[error("{}: {source}", path.display())]
    Model {
        /// Path of the file.
        path: PathBuf,
        /// Cause of the error.
        source: ModelError,
    },
    /// Two models cannot be used together in a cross-fit.
    #[error("cannot use the two models for a cross-fit: {0}")]
    CrossFit(&'static str),
    /// A call would be blocked at a score that does not label it.
    #[error("--block-from {block_from} is below --label-from {label_from}")]
    Thresholds {
        /// The lowest score of a labelled call.
        label_from: f64,
        /// The lowest score of a blocked call.
        block_from: f64,
    },
    /// The model cannot be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The plots cannot be drawn.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    /// The operating system provides no random numbers for a request id.
    #[error("the operating system provides no random numbers: {0}")]
    Random(getrandom::Error),
    /// The configuration of the server is not valid.
    #[error(transparent)]
    Config(#[from] ConfigFaults),
    /// The log cannot be set up.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The server cannot start.
    #[error(transparent)]
    App(#[from] AppError),
    /// Requests in progress were cut off when the server shut down.
    #[error("the server shut down before all requests in progress had ended")]
    CutOff,
    /// A task ended that the server cannot do without.
    #[error("a part of the server failed: the log has its name")]
    TaskFailed,
    /// The error is in the log already.
    #[error("the log has the error")]
    Logged,
    /// Some answers in the demo differ from the expected answers.
    #[error("some answers in the demo are wrong:\n  {}", .0.join("\n  "))]
    WrongAnswers(Vec<String>),
    /// A pull failed.
    #[error(transparent)]
    Pull(#[from] PullError),
    /// A check has found something, or could not be made.
    #[error(transparent)]
    Doctor(#[from] DoctorError),
    /// An export stopped early.
    #[error("the export is not complete: {0}")]
    Incomplete(&'static str),
    /// A file of numbers cannot be read.
    #[error("{}: {problem}", path.display())]
    NumberFile {
        /// Path of the file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// An import stopped early.
    #[error(transparent)]
    Import(#[from] ImportError),
}

impl CliError {
    /// What the user can do, as a clause without a full stop; `None` if there is no advice.
    pub fn next_step(&self) -> Option<String> {
        match self {
            Self::BadServer { .. } | Self::Unreachable { .. } | Self::NotReached { .. } | Self::KeyInClear { .. } => {
                self.how_to_reach().map(str::to_owned)
            }
            Self::Refused(status) => advice(status),
            Self::Unanswered {
                unwritten: true,
                repeat_with: Some(repeat_with),
                ..
            } => Some(format!("run the command again later, if you like with {repeat_with}")),
            Self::Unanswered {
                repeat_with: Some(repeat_with),
                ..
            } => Some(format!(
                "run the command again with {repeat_with}: then the change is made only once"
            )),
            Self::Unanswered { repeat_with: None, .. } => {
                Some("run the same command again: the change is made only once".to_owned())
            }
            Self::NotServing { .. } => Some(
                "the server may still be starting, or its store may be unavailable: see the log of the server"
                    .to_owned(),
            ),
            Self::NotConfirmed { .. } => {
                Some("give --yes to make the change, or --dry-run to see only what it would do".to_owned())
            }
            Self::NoSuchReport { may_list } => Some(no_such_report(*may_list)),
            Self::NoSuchImport { similar } if similar.is_empty() => Some("no stored report is of an import".to_owned()),
            Self::NoSuchImport { similar } => {
                let similar: Vec<String> = similar.iter().map(|id| clean(id)).collect();
                Some(format!("the imports with the most similar ids: {}", similar.join(", ")))
            }
            Self::KeyUnanswered { next_step, .. } => Some(next_step.clone()),
            Self::NoSuchKey => Some("see the ids with `ringwarden key list`".to_owned()),
            Self::NoSuchReporter => {
                Some("the name must be the one that was given with the reports (--reporter)".to_owned())
            }
            Self::Import(error) => error.next_step(),
            Self::Pull(error) => error.next_step(),
            Self::Doctor(error) => error.next_step(),
            Self::Incomplete(_) => Some("run it again: an export that is not complete leaves no file".to_owned()),
            Self::App(AppError::FirstAdmin(_)) => Some(
                "mend what the cause names, or name a new file in a folder that is there: the server makes the key"
                    .to_owned(),
            ),
            Self::Config(_) => Some("run `ringwarden serve --help` for a list of all settings".to_owned()),
            Self::Items { .. }
            | Self::Declined
            | Self::ClientTls(_)
            | Self::Credential(_)
            | Self::File { .. }
            | Self::NoComplaints { .. }
            | Self::Legitimate(_)
            | Self::Model { .. }
            | Self::CrossFit(_)
            | Self::Thresholds { .. }
            | Self::Fit(_)
            | Self::Plot(_)
            | Self::Output(_)
            | Self::Random(_)
            | Self::Telemetry(_)
            | Self::App(_)
            | Self::CutOff
            | Self::TaskFailed
            | Self::Logged
            | Self::NumberFile { .. }
            | Self::WrongAnswers(_) => None,
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other errors come after the server was reached"
    )]
    fn how_to_reach(&self) -> Option<&'static str> {
        match self {
            Self::BadServer { .. } => Some("give it as http://HOST:PORT or https://HOST:PORT"),
            Self::Unreachable { .. } => {
                Some("start a server with `ringwarden serve`, or give the address of a running one with --server URL")
            }
            Self::NotReached { advice, .. } => Some(advice),
            Self::KeyInClear { .. } => Some("give the address as https:// with --server"),
            _ => None,
        }
    }

    /// Whether an argument is not valid. All other errors mean that the command failed.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::BadServer { .. } | Self::NotConfirmed { .. } | Self::Credential(_) | Self::KeyInClear { .. }
        ) || matches!(self, Self::Pull(error) if error.is_usage())
    }

    /// Whether a check could not be made. Then nothing is known of what was to be checked.
    pub fn is_unchecked(&self) -> bool {
        matches!(self, Self::Doctor(error) if error.is_unchecked())
    }

    /// Whether the reader of the output closed it early, as `head` does. This is not a failure.
    pub fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The error for the log of a server.
    pub fn notice(&self) -> Notice {
        let choice = anstream::AutoStream::choice(&io::stderr());
        let mut text = anstream::AutoStream::new(Vec::new(), choice);
        // Writing to memory does not fail.
        let _written = self.write(&mut text);
        let text = String::from_utf8_lossy(&text.into_inner()).into_owned();
        let mut notice = Notice::new(Level::ERROR, text, self.to_string());
        let mut causes = Vec::new();
        let mut cause = self.cause();
        let sentence = self.to_string();
        while let Some(error) = cause {
            causes.extend(Some(error.to_string()).filter(|cause| !sentence.contains(cause)));
            cause = error.source();
        }
        if !causes.is_empty() {
            notice = notice.with("cause", causes.join(": "));
        }
        match self.next_step() {
            Some(step) => notice.with("advice", step),
            None => notice,
        }
    }

    /// Writes the error for people: the sentence, its causes, the fields at fault, and what to do. Writes nothing if the
    /// log has the error.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        if matches!(self, Self::Logged) {
            return Ok(());
        }
        let sentence: Vec<String> = self.to_string().lines().map(clean).collect();
        let mut text = format!("{ERROR}error:{ERROR:#} {}\n", sentence.join("\n"));
        let mut cause = self.cause();
        while let Some(error) = cause {
            let shown = error.to_string();
            // Some sentences end with their cause.
            if !text.contains(&shown) {
                write_line(&mut text, &format!("cause: {}", clean(&shown)));
            }
            cause = error.source();
        }
        for (field, description) in self.fields() {
            write_line(&mut text, &format!("{}: {}", clean(&field), clean(&description)));
        }
        if let Some(step) = self.next_step() {
            write_line(&mut text, &step);
        }
        out.write_all(harmless(&text).as_bytes())
    }

    /// The cause of the error. A status that this client made, because the connection failed, has one.
    fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Doctor(error) = self {
            return error.inner().and_then(Self::cause);
        }
        if let Self::Refused(status) | Self::Unanswered { status, .. } = self {
            // The sentence says it all.
            return std::error::Error::source(status.as_ref()).filter(|_| wrong_end_of(status).is_none());
        }
        if let Self::NotReached { source, .. } = self
            && let Some(status) = source.downcast_ref::<Status>()
        {
            // This client made the status, and its text repeats its cause for programmers.
            return std::error::Error::source(status);
        }
        std::error::Error::source(self)
    }

    fn fields(&self) -> Vec<(String, String)> {
        match self {
            Self::Refused(status) | Self::Unanswered { status, .. } => fields(status),
            Self::Import(error) => error.status().map(fields).unwrap_or_default(),
            Self::Doctor(error) => error.inner().map(Self::fields).unwrap_or_default(),
            Self::BadServer { .. }
            | Self::Unreachable { .. }
            | Self::NotReached { .. }
            | Self::ClientTls(_)
            | Self::Credential(_)
            | Self::KeyInClear { .. }
            | Self::Items { .. }
            | Self::NotServing { .. }
            | Self::NotConfirmed { .. }
            | Self::Declined
            | Self::NoSuchReport { .. }
            | Self::NoSuchImport { .. }
            | Self::NoSuchReporter
            | Self::KeyUnanswered { .. }
            | Self::NoSuchKey
            | Self::File { .. }
            | Self::NoComplaints { .. }
            | Self::Legitimate(_)
            | Self::Model { .. }
            | Self::CrossFit(_)
            | Self::Thresholds { .. }
            | Self::Fit(_)
            | Self::Plot(_)
            | Self::Output(_)
            | Self::Random(_)
            | Self::Config(_)
            | Self::Telemetry(_)
            | Self::App(_)
            | Self::CutOff
            | Self::TaskFailed
            | Self::Logged
            | Self::Pull(_)
            | Self::Incomplete(_)
            | Self::NumberFile { .. }
            | Self::WrongAnswers(_) => Vec::new(),
        }
    }
}

impl From<Status> for CliError {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(status))
    }
}

impl From<MappingError> for CliError {
    fn from(error: MappingError) -> Self {
        Self::Import(error.into())
    }
}

fn attempts_failed(status: &Status, attempts: u32) -> String {
    format!("{}, after {attempts} attempts", sentence(status))
}

/// What to do about a report that is not there.
fn no_such_report(may_list: bool) -> String {
    let look = if may_list {
        "see the ids with `ringwarden report list NUMBER`"
    } else {
        "check the number and the id: a report that another principal sent cannot be withdrawn by this one"
    };
    format!("{look}; if the report is still to come, --tombstone keeps it from counting")
}

fn outcome(unwritten: bool) -> &'static str {
    if unwritten {
        "the change was not made"
    } else {
        "it is unknown whether the change was made"
    }
}

fn write_line(text: &mut String, line: &str) {
    // Writing to a String does not fail.
    let _written = writeln!(text, "  {line}");
}
