//! Fetches one file over HTTP: bounded in size, time and attempts.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use tempfile::{NamedTempFile, TempDir};
use tokio::sync::oneshot;
use ureq::Agent;
use ureq::http::{Response, Uri, header};

use super::content::Content;
use super::state::Version;
use super::{FetchLimits, PullError};
use crate::cli::connect::random_byte;
use crate::cli::error::CliError;
use crate::cli::import::FileForm;
use crate::cli::interrupts::Interrupts;
use crate::cli::output;

/// Maximum number of redirections that are followed.
const REDIRECTS_MAX: u32 = 5;

/// Maximum time to open a connection, and to wait for more bytes.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest pause before a further attempt.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// The answer for one file.
pub(super) enum Fetched {
    /// The file, and what is known of it.
    File(Download),
    /// The file has not changed since the known version.
    Unchanged,
    /// There is no such file.
    NoFile,
}

/// A file that was fetched and looked at.
pub(super) struct Download {
    pub(super) file: NamedTempFile,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    pub(super) content: Content,
}

/// The outcome of one attempt.
enum Attempt {
    Done(Fetched),
    /// The same request may succeed later.
    Again(String),
}

/// Fetches files. Clones share the connections and the folder.
#[derive(Clone)]
pub(super) struct Fetcher {
    agent: Agent,
    limits: FetchLimits,
    form: FileForm,
    /// Holds the file that is being fetched. It is removed with the last clone, or by [`Self::fetch`] if it is interrupted.
    folder: Arc<TempDir>,
}

impl Fetcher {
    /// # Errors
    /// If there is no folder for temporary files.
    pub(super) fn new(limits: FetchLimits, form: FileForm) -> Result<Self, PullError> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Each redirection is looked at here.
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(limits.timeout)))
            .timeout_connect(Some(IDLE_TIMEOUT))
            .timeout_per_read(Some(IDLE_TIMEOUT))
            .user_agent(concat!("ringwarden/", env!("CARGO_PKG_VERSION")))
            .build();
        let folder = TempDir::with_prefix("ringwarden-pull-").map_err(|source| PullError::File {
            path: std::env::temp_dir(),
            source,
        })?;
        Ok(Self {
            agent: config.into(),
            limits,
            form,
            folder: Arc::new(folder),
        })
    }

    /// Fetches a file, unless it is still the known version. It works on a thread of its own, so that a signal ends the wait
    /// at once.
    ///
    /// # Errors
    /// [`PullError`].
    pub(super) async fn fetch(
        &self,
        url: &str,
        known: Version,
        interrupts: &mut Interrupts,
    ) -> Result<Fetched, CliError> {
        let (sender, receiver) = oneshot::channel();
        let (fetcher, owned) = (self.clone(), url.to_owned());
        std::thread::Builder::new().name("pull".to_owned()).spawn(move || {
            // Nobody waits for it after a signal.
            let _wanted = sender.send(fetcher.fetch_in_attempts(&owned, &known));
        })?;
        tokio::select! {
            biased;
            () = interrupts.next() => {
                // The thread still has its clone. What cannot be removed stays.
                let _removed = std::fs::remove_dir_all(self.folder.path());
                Err(PullError::Interrupted.into())
            }
            fetched = receiver => Ok(fetched.map_err(|_| PullError::FetcherPanicked)??),
        }
    }

    /// Makes one attempt for each further file: the server is probably away.
    pub(super) fn hurry(&mut self) {
        self.limits.attempts = 1;
    }

    fn fetch_in_attempts(&self, url: &str, known: &Version) -> Result<Fetched, PullError> {
        let mut attempts = 1;
        loop {
            let problem = match self.attempt(url, known)? {
                Attempt::Done(fetched) => return Ok(fetched),
                Attempt::Again(problem) => problem,
            };
            if attempts >= self.limits.attempts {
                let url = url.to_owned();
                return Err(PullError::GaveUp { url, attempts, problem });
            }
            let pause = self.pause_after(attempts);
            // A note that cannot be written is dropped.
            let _written = output::note(format!(
                "{url}: {problem}; trying again in {:.1} s",
                pause.as_secs_f64()
            ));
            std::thread::sleep(pause);
            attempts += 1;
        }
    }

    /// A pause that doubles with each attempt. Up to half of it is added at random, so that the instances of many
    /// operators do not ask at the same moment.
    fn pause_after(&self, attempts: u32) -> Duration {
        let first = Duration::from_millis(self.limits.retry_pause);
        let pause = first.saturating_mul(2_u32.saturating_pow(attempts - 1)).min(PAUSE_MAX);
        pause + pause.mul_f64(f64::from(random_byte()) / 512.0)
    }

    fn attempt(&self, url: &str, known: &Version) -> Result<Attempt, PullError> {
        let mut at = url.to_owned();
        for _ in 0..=REDIRECTS_MAX {
            let mut request = self.agent.get(&at).header(header::ACCEPT_ENCODING, "gzip");
            if let Some(etag) = &known.etag {
                request = request.header(header::IF_NONE_MATCH, etag);
            }
            if let Some(time) = &known.last_modified {
                request = request.header(header::IF_MODIFIED_SINCE, time);
            }
            let answer = match request.call() {
                Ok(answer) => answer,
                Err(error) => return Ok(Attempt::Again(error.to_string())),
            };
            match answer.status().as_u16() {
                200 => return self.save(url, answer),
                // Only if it was asked whether the file has changed.
                304 if known.has_validators() => return Ok(Attempt::Done(Fetched::Unchanged)),
                404 | 410 => return Ok(Attempt::Done(Fetched::NoFile)),
                301 | 308 => {
                    let to = location(&at, &answer).unwrap_or_else(|| "an unknown address".to_owned());
                    return Err(PullError::Moved { url: at, to });
                }
                302 | 303 | 307 => at = followed(&at, &answer)?,
                status @ (408 | 425 | 429 | 500..) => return Ok(Attempt::Again(format!("status {status}"))),
                status => return Err(PullError::Status { url: at, status }),
            }
        }
        Err(PullError::Redirect {
            url: url.to_owned(),
            to: at,
            problem: "there are too many redirections",
        })
    }

    /// Saves the body in a temporary file, and looks at it.
    fn save(&self, url: &str, answer: Response<ureq::Body>) -> Result<Attempt, PullError> {
        let etag = text(&answer, header::ETAG);
        let last_modified = text(&answer, header::LAST_MODIFIED);
        let kind = text(&answer, header::CONTENT_TYPE).unwrap_or_default();
        if kind.trim_start().to_ascii_lowercase().starts_with("text/html") {
            return Err(PullError::WebPage { url: url.to_owned() });
        }
        let max = self.limits.max_bytes;
        let too_large = || PullError::TooLarge {
            url: url.to_owned(),
            max,
        };
        let length = answer.body().content_length();
        if length.is_some_and(|length| length > max) {
            return Err(too_large());
        }
        let fault = |source: io::Error| PullError::File {
            path: self.folder.path().to_owned(),
            source,
        };
        let mut file = NamedTempFile::new_in(self.folder.path()).map_err(fault)?;
        let body = answer.into_body().into_with_config().limit(u64::MAX).reader();
        let mut body = body.take(max.saturating_add(1));
        let mut written = 0;
        let mut buffer = vec![0; 64 * 1_024];
        loop {
            let read = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) => return Ok(Attempt::Again(format!("the file broke off: {error}"))),
            };
            written += read as u64;
            file.write_all(buffer.get(..read).unwrap_or_default()).map_err(fault)?;
        }
        if written > max {
            return Err(too_large());
        }
        if length.is_some_and(|length| length != written) {
            return Ok(Attempt::Again("the file broke off".to_owned()));
        }
        if written == 0 {
            return Err(PullError::Empty { url: url.to_owned() });
        }
        file.flush().map_err(fault)?;
        let content = Content::of(file.path(), &self.form, self.limits.max_unpacked_bytes, url)?;
        Ok(Attempt::Done(Fetched::File(Download {
            file,
            etag,
            last_modified,
            content,
        })))
    }
}

/// The address to which a redirection leads, if it may be followed: to the same scheme only.
fn followed(from: &str, answer: &Response<ureq::Body>) -> Result<String, PullError> {
    let scheme = |url: &str| url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let (to, problem) = match location(from, answer) {
        Some(to) if scheme(&to) == scheme(from) => return Ok(to),
        Some(to) => (to, "only addresses of the same scheme are followed"),
        None => ("no address".to_owned(), "it names no other address"),
    };
    Err(PullError::Redirect {
        url: from.to_owned(),
        to,
        problem,
    })
}

/// The address in `Location`, which may be relative to that of the request.
fn location(from: &str, answer: &Response<ureq::Body>) -> Option<String> {
    let to = text(answer, header::LOCATION)?;
    if to.contains("://") {
        return Some(to);
    }
    let from: Uri = from.parse().ok()?;
    let (scheme, authority) = (from.scheme_str()?, from.authority()?);
    if let Some(other) = to.strip_prefix("//") {
        return Some(format!("{scheme}://{other}"));
    }
    if to.starts_with('/') {
        return Some(format!("{scheme}://{authority}{to}"));
    }
    let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(format!("{scheme}://{authority}{folder}/{to}"))
}

fn text(answer: &Response<ureq::Body>, name: header::HeaderName) -> Option<String> {
    answer.headers().get(name)?.to_str().ok().map(str::to_owned)
}
