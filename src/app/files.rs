//! The files that an operator names: the model, the decision keys, emergency numbers, ranges of the numbering plan. Each
//! is read whole, up to a limit.

use std::io::Read as _;
use std::path::Path;

use super::AppError;
use crate::config;
use crate::domain::model::ScoreModel;
use crate::number::{self, EmergencyNumbers};
use crate::service::KeyRing;

/// The most bytes of a model file.
const MAX_MODEL_BYTES: usize = 4 * 1024 * 1024;
/// The most bytes of a file of decision keys: some thousand keys.
const MAX_KEY_FILE_BYTES: usize = 256 * 1024;

/// The most bytes of the file with the key of the decision log: the key, and blanks around it.
const MAX_KEY_BYTES: usize = 1024;

/// One kind of file.
#[derive(Clone, Copy)]
struct NamedFile<'a> {
    /// The name of its kind in error texts.
    kind: &'static str,
    path: &'a Path,
}

impl NamedFile<'_> {
    /// The text of the file; at most one byte more than `limit`, so that its reader sees a file that is too long.
    fn read(self, limit: usize) -> Result<String, AppError> {
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let mut text = String::new();
        std::fs::File::open(self.path)
            .and_then(|file| file.take(most).read_to_string(&mut text))
            .map_err(|source| AppError::UnreadableFile {
                kind: self.kind,
                path: self.path.to_owned(),
                source,
            })?;
        Ok(text)
    }

    /// The text of a file whose reader has no limit of its own.
    fn read_at_most(self, limit: usize) -> Result<String, AppError> {
        let text = self.read(limit)?;
        if text.len() > limit {
            return Err(self.invalid(format!("it is longer than {limit} bytes")));
        }
        Ok(text)
    }

    fn invalid(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> AppError {
        AppError::InvalidFile {
            kind: self.kind,
            path: self.path.to_owned(),
            source: source.into(),
        }
    }
}

/// The scoring model: of the configured file, or else the built-in one; with the configured prior.
pub(super) fn load_model(policy: &config::PolicySettings) -> Result<ScoreModel, AppError> {
    let model = match &policy.model {
        None => ScoreModel::default(),
        Some(path) => {
            let file = NamedFile {
                kind: "model file",
                path,
            };
            ScoreModel::from_json(&file.read_at_most(MAX_MODEL_BYTES)?).map_err(|source| file.invalid(source))?
        }
    };
    tracing::info!(model = %model.version, "scoring");
    let prior = policy.prior.unwrap_or(model.prior);
    Ok(ScoreModel { prior, ..model })
}

/// Reads the decision keys from the file of the configuration; `None` if it names none.
///
/// # Errors
/// If the file cannot be read or does not hold valid keys.
pub fn decision_keys(answers: &config::AnswerSettings) -> Result<Option<KeyRing>, AppError> {
    let load = |path: &Path| {
        let file = NamedFile {
            kind: "file of decision keys",
            path,
        };
        KeyRing::parse(&file.read_at_most(MAX_KEY_FILE_BYTES)?).map_err(|source| file.invalid(source))
    };
    answers.decision_keys.as_deref().map(load).transpose()
}

/// The key of the decision log from the file of the configuration; `None` if it names none.
pub(super) fn decision_log_key(path: Option<&Path>) -> Result<Option<[u8; 32]>, AppError> {
    let Some(path) = path else { return Ok(None) };
    let file = NamedFile {
        kind: "key of the decision log",
        path,
    };
    let text = file.read_at_most(MAX_KEY_BYTES)?;
    let key = blake3::Hash::from_hex(text.trim()).map_err(|_| file.invalid("it must be 64 hexadecimal digits"))?;
    Ok(Some(*key.as_bytes()))
}

/// The shipped emergency numbers, and those of the operator's file if there is one.
///
/// # Errors
/// If the file cannot be read, or has a line that cannot be used.
pub fn emergency_numbers(path: Option<&Path>) -> Result<EmergencyNumbers, AppError> {
    let Some(path) = path else {
        return Ok(EmergencyNumbers::default());
    };
    let file = NamedFile {
        kind: "file of emergency numbers",
        path,
    };
    let text = file.read(EmergencyNumbers::MAX_BYTES)?;
    EmergencyNumbers::with_additions(&text).map_err(|source| file.invalid(source))
}

/// Lays the ranges of a file over the numbering plans of this process, before any number is read. Returns how many there
/// are.
///
/// # Errors
/// If the file cannot be read or is not valid.
pub fn extend_numbering_plan(path: &Path) -> Result<usize, AppError> {
    let file = NamedFile {
        kind: "numbering plan",
        path,
    };
    let text = file.read(number::MAX_PLAN_FILE_BYTES)?;
    number::extend_plan(&text).map_err(|source| file.invalid(source))
}
