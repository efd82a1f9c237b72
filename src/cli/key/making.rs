//! The arguments of a new key, and the way from making it to handing it over.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::secret::{self, KeyFile};
use super::shown;
use crate::cli::connect::Remote;
use crate::cli::error::CliError;
use crate::cli::{output, time};
use crate::domain::identity::{self, ApiKey};
use crate::wire::v1::{NewApiKey, Principal};
use pbjson_types::Duration;

/// How a new key is made, and where it goes.
#[derive(Args, Debug)]
pub(super) struct NewKeyArgs {
    /// Span of time after which the key ends, such as 90d [default: it does not end]
    #[arg(long, value_name = "SPAN", value_parser = time::span)]
    expires_in: Option<Duration>,
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

    /// The outcome of the request with the key. Its file is removed if the server certainly does not know the key.
    ///
    /// # Errors
    /// If the request failed.
    pub(super) fn settle(&self, name: &str, answer: Result<Principal, CliError>) -> Result<Principal, CliError> {
        let Err(error) = answer else { return answer };
        let is_unknown = matches!(error, CliError::Unanswered { unwritten: false, .. });
        if let Some(file) = self.file.as_ref().filter(|_| !is_unknown) {
            file.remove();
        }
        if !matches!(error, CliError::Unanswered { .. }) {
            return Err(error);
        }
        let next_step = if is_unknown {
            let id = self.key.id();
            let loss = match &self.file {
                Some(file) => format!("if not, remove {} and run the command again", file.path().display()),
                None => "if so, revoke it, since it was not shown; then run the command again".to_owned(),
            };
            format!("see with `ringwarden key show {name}` whether the server has the key {id}; {loss}")
        } else {
            "run the command again later".to_owned()
        };
        Err(CliError::KeyUnanswered {
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

/// Parses the environment of a key.
fn environment(text: &str) -> Result<String, &'static str> {
    identity::environment(text)
        .map(str::to_owned)
        .map_err(|_| "expected 1 to 16 lower-case letters and digits")
}
