//! Makes connections.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{AsyncConnectionConfig, Client, ProtocolVersion, PushInfo, TlsCertificates};

use super::config::{PasswordSource, RedisConfig};
use super::error::RedisFailure;
use crate::store::error::StoreError;

/// The longest that sent bytes may stay unacknowledged before the kernel gives the connection up.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);
/// The silence after which the kernel asks whether the other side still answers, and the pause between its attempts.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// Makes connections to one server.
#[derive(Clone)]
pub(super) struct Dialer {
    client: Client,
    /// None for the password of the client.
    password: Option<PasswordSource>,
    connect_timeout: Duration,
}

impl Dialer {
    /// For the server that `config` names. Does not connect yet.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the root certificates cannot be read.
    pub(super) fn new(config: &RedisConfig) -> Result<Self, StoreError> {
        let connection = config.connection().clone();
        let settings = connection.redis_settings().clone();
        let settings = settings.set_protocol(ProtocolVersion::RESP3).set_skip_set_lib_name();
        let connection = connection.set_redis_settings(settings).set_tcp_settings(tcp_settings());
        let client = if config.is_encrypted() {
            // The driver takes the process's default and panics without one. An error here means that there is one.
            rustls::crypto::ring::default_provider().install_default().ok();
            let certificates = TlsCertificates {
                client_tls: None,
                root_cert: config.root_certificates.clone(),
            };
            Client::build_with_tls(connection, certificates)
        } else {
            Client::open(connection)
        };
        Ok(Self {
            client: client.map_err(|error| StoreError::Refused {
                cause: format!("root certificates: {error}"),
            })?,
            password: config.password.clone(),
            connect_timeout: config.connect_timeout,
        })
    }

    /// The longest that connecting takes.
    pub(super) const fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// A new connection, authenticated, on the right database. Messages that the server sends by itself go to `on_push`;
    /// the last one says that the connection ended.
    pub(super) async fn dial(
        &self,
        on_push: impl Fn(PushInfo) + Send + Sync + 'static,
    ) -> Result<MultiplexedConnection, RedisFailure> {
        let on_push = move |push| {
            on_push(push);
            Ok::<(), redis::aio::SendError>(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(None) // the caller's
            .set_push_sender(on_push);
        let client = self.client().await?;
        let connection = client.get_multiplexed_async_connection_with_config(&config).await;
        connection.map_err(|error| {
            let mut cause = RedisFailure::from(error).to_string();
            if cause.contains("UnknownIssuer") {
                cause.push_str(": no authority that is trusted here signed it, see --store-ca");
            }
            RedisFailure::NotConnected { cause }
        })
    }

    /// The client, with the password of now. So a connection that is made after a refusal may have a new one.
    async fn client(&self) -> Result<Client, RedisFailure> {
        let Some(password) = &self.password else {
            return Ok(self.client.clone());
        };
        let read = Arc::clone(password);
        let failed = |cause: String| RedisFailure::NotConnected { cause };
        let password = tokio::task::spawn_blocking(move || read()).await;
        let password = password.map_err(|panicked| failed(panicked.to_string()))?;
        let connection = self.client.get_connection_info().clone();
        let settings = connection.redis_settings().clone().set_password(password);
        Client::open(connection.set_redis_settings(settings)).map_err(Into::into)
    }
}

fn tcp_settings() -> TcpSettings {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    let settings = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(UNACKNOWLEDGED);
    settings
}
