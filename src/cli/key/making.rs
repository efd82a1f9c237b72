//! The arguments of a new key, and the way from making it to handing it over.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tonic::{Code, Status};

use super::secret::{self, KeyFile};
use super::shown;
use crate::cli::connect::{self, Remote};
use crate::cli::error::CliError;
use crate::cli::{output, time};
use crate::domain::identity::{self, ApiKey};
use crate::wire::v1::{NewApiKey, Principal};
use pbjson_types::Duration;

/// How a new key is made, and where it goes.
#[derive(Args, Debug)]
pub(super) struct NewKeyArgs {
    /// Span of time after which the key ends, such as 90d [default: the span of the key that it follows; the first does not
    /// end]
    #[arg(long, value_name = "SPAN", value_parser = time::span)]
    pub(super) expires_in: Option<Duration>,
    /// Word in the key that says which server it is for, such as live or test
    #[arg(long, value_name = "WORD", default_value = "live", value_parser = environment)]
    environment: String,
    /// New file for the key, which only you can read; the file must not exist [default: the key goes to standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A key that the server may not know yet.
pub(super) struct MadeKey {
    key: ApiKey,
    file: Option<KeyFile>,
    sent: NewApiKey,
}

impl NewKeyArgs {
    /// Makes the key, and writes its file.
    ///
    /// # Errors
    /// If there are no random numbers, or the file exists or cannot be written.
    pub(super) fn make(&self) -> Result<MadeKey, CliError> {
        let key = secret::make(&self.environment)?;
        let file = self.out.as_deref().map(|path| KeyFile::create(path, &key));
        Ok(MadeKey {
            sent: secret::for_server(&key, self.expires_in.map(super::after)),
            file: file.transpose()?,
            key,
        })
    }
}

impl MadeKey {
    /// The part that the server gets.
    pub(super) fn for_server(&self) -> NewApiKey {
        self.sent.clone()
    }

    /// Sends the request with the key, and settles what becomes of its file: it is removed if the server certainly does not
    /// know the key. If that is unknown, the key is kept, or shown: it may be that of the only administrator.
    ///
    /// # Errors
    /// If the server refuses the request, or does not answer.
    pub(super) async fn send<F>(&self, request_id: &str, mut call: impl FnMut() -> F) -> Result<Principal, CliError>
    where
        F: Future<Output = Result<tonic::Response<Principal>, Status>>,
    {
        let mut attempts = 0_u32;
        let answer = connect::change(request_id, || {
            attempts = attempts.saturating_add(1);
            call()
        })
        .await;
        let error = match answer {
            Ok(principal) => return Ok(principal),
            Err(error) => error,
        };
        if !is_certain(&error, attempts) {
            return Err(self.unknown(error)?);
        }
        if let Some(file) = &self.file {
            file.remove();
        }
        if !matches!(error, CliError::Unanswered { .. }) {
            return Err(error);
        }
        Err(CliError::KeyUnanswered {
            unanswered: Box::new(error),
            next_step: "run the command again later".to_owned(),
        })
    }

    /// The error if the server may know the key. Shows the key if it has no file.
    fn unknown(&self, error: CliError) -> Result<CliError, CliError> {
        let next_step = if let Some(file) = &self.file {
            let path = file.path().display();
            format!(
                "`ringwarden key whoami --key-file {path}` says whether the server knows the key; if not, remove {path} \
                 and run the command again"
            )
        } else {
            output::line(self.key.text())?;
            "standard output has the key; `ringwarden key whoami` with it in RINGWARDEN_KEY says whether the server knows it; \
             if not, run the command again"
                .to_owned()
        };
        Ok(CliError::KeyUnanswered {
            unanswered: Box::new(error),
            next_step,
        })
    }

    /// Hands the key over, and shows the principal. Standard output has only the key, if it has no file.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub(super) fn hand_over(&self, principal: &Principal, remote: &Remote) -> Result<(), CliError> {
        let Some(file) = &self.file else {
            if remote.json {
                return output::json(&json!({ "key": self.key.text(), "principal": principal }));
            }
            output::line(self.key.text())?;
            output::note_table(&shown::card(principal))?;
            return output::note("the key is shown only now: keep it as you keep a password");
        };
        if remote.json {
            return output::json(principal);
        }
        output::show(&shown::card(principal))?;
        output::note(format!(
            "the key {} is in {}; use it with --key-file",
            self.key.id(),
            file.path().display()
        ))
    }
}

/// Whether an error means that the server does not know the key. A refusal of a later attempt means nothing: an earlier one may
/// have made the first administrator, and closed the server for this client.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a change has no other error of the server"
)]
fn is_certain(error: &CliError, attempts: u32) -> bool {
    match error {
        CliError::Unanswered { unwritten, .. } => *unwritten,
        CliError::Refused(status) => {
            attempts == 1
                && !matches!(
                    status.code(),
                    Code::Internal | Code::Unknown | Code::DataLoss | Code::Cancelled
                )
        }
        _ => false,
    }
}

/// Parses the environment of a key.
fn environment(text: &str) -> Result<String, &'static str> {
    identity::environment(text)
        .map(str::to_owned)
        .map_err(|_| "expected 1 to 16 lower-case letters and digits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::time::span;

    fn made(out: Option<PathBuf>) -> MadeKey {
        let args = NewKeyArgs {
            expires_in: Some(span("1d").unwrap()),
            environment: "test".to_owned(),
            out,
        };
        args.make().unwrap()
    }

    /// The error after these answers, and whether the file is left.
    async fn after(answers: &[Code]) -> (CliError, bool) {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("ana.key");
        let mut answers = answers.iter();
        let sent = made(Some(path.clone()))
            .send("r-1", || {
                std::future::ready(Err(Status::new(*answers.next().unwrap(), "no")))
            })
            .await;
        (sent.unwrap_err(), path.exists())
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_the_server_may_know_is_kept() {
        let (error, is_left) = after(&[Code::PermissionDenied]).await;
        assert!(matches!(error, CliError::Refused(_)) && !is_left);
        for answers in [
            &[Code::Unavailable; 5][..],
            // The first attempt made the first administrator.
            &[Code::Unavailable, Code::Unauthenticated],
            &[Code::Internal],
        ] {
            let (error, is_left) = after(answers).await;
            assert!(is_left, "{answers:?}");
            let next_step = error.next_step().unwrap();
            assert!(next_step.contains("whoami --key-file"), "{answers:?}: {next_step}");
        }
    }
}
