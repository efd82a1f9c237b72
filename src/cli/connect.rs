//! The connection to the server: its address, TLS, the credential, time-outs, and retries of requests without an answer.

use std::time::Duration;

use clap::Args;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use super::access::{Access, Credential};
use super::error::CliError;
use super::output;
use super::reached::{CLIENT_REFUSED, WrongEnd, wrong_end};
use super::status::{asked_delay, sentence, wrong_end_of};

/// Maximum time to open a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum time of one request. A change that takes longer is sent again with the same ids; other requests fail.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Pause before the first retry. Each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Maximum number of times that a change is sent, including the first time.
const ATTEMPTS_MAX: u32 = 5;

/// Longest pause before a retry, even if the server asks for a longer one.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(15);

/// An open connection whose requests carry the credential of the client.
pub(super) type Connection = InterceptedService<Channel, Credential>;

/// The address of the server, how it is reached, and the format of the output.
#[derive(Args, Clone, Debug)]
pub struct Remote {
    /// gRPC address of the server
    #[arg(
        long,
        value_name = "URL",
        env = "RINGWARDEN_SERVER",
        default_value = "http://127.0.0.1:50051"
    )]
    pub server: String,
    /// Print JSON, one document per line, instead of tables and sentences
    #[arg(long)]
    pub json: bool,
    /// TLS and the credential.
    #[command(flatten)]
    pub(super) access: Access,
}

impl Remote {
    /// Opens a connection. If it breaks, it reopens by itself.
    ///
    /// # Errors
    /// If the address is not valid, if a file of TLS or of the key cannot be used, if the server is not trusted, or if none
    /// answers there.
    pub(super) async fn connect(&self) -> Result<Connection, CliError> {
        let credential = self.access.credential()?;
        let endpoint = self.endpoint(credential.is_some())?;
        let channel = endpoint.connect().await.map_err(|source| match wrong_end(&source) {
            Some(end) => self.not_reached(end, source.into()),
            None => CliError::Unreachable {
                server: self.server.clone(),
                source,
            },
        })?;
        if self.access.client_cert.is_some() {
            self.check_welcome(channel.clone()).await?;
        }
        Ok(InterceptedService::new(channel, credential))
    }

    /// Asks for the health of a server that was shown a certificate. In TLS 1.3 the server checks it after the client has
    /// ended its handshake, so a refusal breaks the first call, and says no more than that.
    async fn check_welcome(&self, channel: Channel) -> Result<(), CliError> {
        let asked = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
        match asked {
            Err(status) if is_broken_connection(&status) => {
                Err(self.not_reached(wrong_end_of(&status).unwrap_or(CLIENT_REFUSED), status.into()))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn not_reached(&self, end: WrongEnd, source: Box<dyn std::error::Error + Send + Sync>) -> CliError {
        CliError::NotReached {
            server: self.server.clone(),
            sentence: end.sentence,
            advice: end.advice,
            source,
        }
    }

    fn endpoint(&self, has_key: bool) -> Result<Endpoint, CliError> {
        let bad = |reason| CliError::BadServer {
            server: self.server.clone(),
            reason,
        };
        let url = if self.server.contains("://") {
            self.server.clone()
        } else {
            format!("http://{}", self.server)
        };
        let is_tls = url.starts_with("https://");
        if !is_tls && !url.starts_with("http://") {
            return Err(bad("it begins neither with http:// nor with https://"));
        }
        let endpoint = Endpoint::from_shared(url).map_err(|_| bad("it is not a URL"))?;
        if has_key && !is_tls && !endpoint.uri().host().is_some_and(is_loopback) {
            return Err(CliError::KeyInClear {
                server: self.server.clone(),
            });
        }
        let endpoint = if is_tls {
            let tls = self.access.tls()?;
            endpoint.tls_config(tls).map_err(CliError::ClientTls)?
        } else {
            endpoint
        };
        Ok(endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .tcp_nodelay(true)
            .http2_adaptive_window(true))
    }
}

/// Whether a host of a URL is this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(crate::net::is_loopback)
}

/// Sends a change. While the server does not answer or is unavailable, sends the change again with the same request id,
/// and prints a note about each retry.
///
/// # Errors
/// If the server refuses the change, or if it does not answer the last attempt.
pub(super) async fn change<T, F>(request_id: &str, call: impl FnMut() -> F) -> Result<T, CliError>
where
    F: Future<Output = Result<tonic::Response<T>, Status>>,
{
    change_named("--request-id", request_id, call).await
}

/// The same for a change whose command has another flag for the id. An empty id means that the server makes the same id
/// for the same request.
///
/// # Errors
/// The same.
pub(super) async fn change_named<T, F>(flag: &str, id: &str, mut call: impl FnMut() -> F) -> Result<T, CliError>
where
    F: Future<Output = Result<tonic::Response<T>, Status>>,
{
    let mut attempts = 1;
    let mut unwritten = true;
    loop {
        let status = match call().await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(status) => status,
        };
        if !is_unanswered(&status) {
            return Err(status.into());
        }
        unwritten &= says_unwritten(&status);
        if attempts == ATTEMPTS_MAX {
            return Err(CliError::Unanswered {
                repeat_with: if id.is_empty() {
                    None
                } else {
                    Some(format!("{flag} {id}"))
                },
                unwritten,
                attempts,
                status: Box::new(status),
            });
        }
        let pause = pause_before(attempts, &status);
        output::note(format!(
            "{}; sending the request again with the same id in {} ms",
            sentence(&status),
            pause.as_millis()
        ))?;
        tokio::time::sleep(pause).await;
        attempts += 1;
    }
}

/// Whether a request may be sent again with the same ids: its outcome is unknown, or the server was not ready for it.
pub(super) fn is_unanswered(status: &Status) -> bool {
    let is_unanswered =
        matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) || is_broken_connection(status);
    is_unanswered && wrong_end_of(status).is_none()
}

/// Whether the server says that it wrote nothing. Later attempts find a change that an earlier one made, and a server that is
/// sure says so.
fn says_unwritten(status: &Status) -> bool {
    let reason = status.get_details_error_info().map(|info| info.reason);
    reason.is_some_and(|reason| {
        ["STORE_UNAVAILABLE", "INDEX_LOADING", "EVIDENCE_VERSION_MISMATCH"].contains(&reason.as_str())
    })
}

/// The pause before the next retry of a request that was sent `attempts` times: the delay that the server asks for, or
/// else a pause that doubles each time. Up to a quarter is added at random, so that clients do not retry together.
pub(super) fn pause_before(attempts: u32, status: &Status) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    let pause = asked_delay(status).unwrap_or(doubled).min(PAUSE_MAX);
    pause + pause.mul_f64(f64::from(random_byte()) / 1_024.0)
}

/// A unique id for a request or a report: 128 random bits in hex.
///
/// # Errors
/// If the operating system provides no random numbers.
pub(super) fn random_id() -> Result<String, CliError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(CliError::Random)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bits)))
}

/// The given request id, or a new one.
///
/// # Errors
/// Same as [`random_id`].
pub(super) fn request_id(given: Option<String>) -> Result<String, CliError> {
    given.map_or_else(random_id, Ok)
}

/// Whether this client made the error, because the connection broke or the time was up. Errors from the server have no
/// source.
fn is_broken_connection(status: &Status) -> bool {
    std::error::Error::source(status).is_some() || status.message() == "Timeout expired"
}

/// A random byte, for pauses.
pub(super) fn random_byte() -> u8 {
    let mut byte = [0];
    match getrandom::fill(&mut byte) {
        Ok(()) => u8::from_be_bytes(byte),
        // Without random numbers, the pause has no random part; retries still work.
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(server: &str) -> Remote {
        Remote {
            server: server.to_owned(),
            json: false,
            access: Access::default(),
        }
    }

    #[test]
    fn addresses_may_go_without_a_scheme() {
        assert_eq!(
            remote("localhost:1").endpoint(false).unwrap().uri().to_string(),
            "http://localhost:1/"
        );
        assert!(remote("https://example.org").endpoint(true).is_ok());
        for bad in ["http://", "https://", "ftp://x", "a b"] {
            assert!(remote(bad).endpoint(false).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_does_not_leave_this_machine_in_plain_text() {
        for here in [
            "localhost:1",
            "http://127.0.0.1:1",
            "http://[::1]:1",
            "http://LOCALHOST:1",
        ] {
            assert!(remote(here).endpoint(true).is_ok(), "{here}");
        }
        for away in [
            "http://example.org:1",
            "192.0.2.7:1",
            "http://[2001:db8::7]:1",
            "localhost.example:1",
        ] {
            let refused = remote(away).endpoint(true);
            assert!(matches!(refused, Err(CliError::KeyInClear { .. })), "{away}");
            assert!(remote(away).endpoint(false).is_ok(), "{away}");
        }
    }

    #[test]
    fn pauses_double_up_to_a_maximum() {
        let status = Status::unavailable("");
        for (attempts, millis) in [(1, 200), (2, 400), (3, 800), (20, 15_000), (u32::MAX, 15_000)] {
            let pause = pause_before(attempts, &status).as_millis();
            assert!((millis..=millis * 5 / 4).contains(&pause), "{attempts}: {pause} ms");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_repeated_until_answered() {
        let mut calls = 0;
        let answer = change("r-1", || {
            calls += 1;
            let answer = match calls {
                3 => Ok(tonic::Response::new("done")),
                _ => Err(Status::unavailable("not yet")),
            };
            std::future::ready(answer)
        })
        .await;
        assert_eq!(answer.unwrap(), "done");
        assert_eq!(calls, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_not_repeated_for_ever_nor_when_refused() {
        let mut calls = 0;
        let unanswered = change::<(), _>("r-1", || {
            calls += 1;
            std::future::ready(Err(Status::unavailable("never")))
        })
        .await;
        assert!(matches!(unanswered, Err(CliError::Unanswered { attempts: 5, .. })));
        assert_eq!(calls, 5);

        let refused = change::<(), _>("r-1", || std::future::ready(Err(Status::not_found("no case")))).await;
        assert!(matches!(refused, Err(CliError::Refused(_))));
    }
}
