//! The sockets on which the server listens.

use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::certificates::Certificates;
use super::{AppError, exposure};
use crate::config::Config;
use crate::metrics::Metrics;
use crate::net::Listener;

/// The sockets on which the server listens, and the certificates that it serves there.
#[derive(Debug)]
pub struct Listeners {
    /// Socket for gRPC.
    pub grpc: Listener,
    /// Socket for JSON, and for metrics and health checks if they have none of their own.
    pub http: Listener,
    /// Socket for metrics and health checks alone.
    pub admin: Option<Listener>,
    /// The certificates; `None` without TLS.
    pub certificates: Option<Arc<Certificates>>,
}

impl Listeners {
    /// Listens on the configured addresses.
    ///
    /// # Errors
    /// If an address would be open to other machines without TLS or credentials, if a file of TLS cannot be used, if another
    /// process uses one of the addresses, or if it is not an address of this machine.
    pub async fn bind(config: &Config) -> Result<Self, AppError> {
        let listen = &config.listen;
        exposure::check(listen, config.credentials_configured())?;
        if listen.tls_terminated_in_front && config.limits.connections_per_address > 0 {
            tracing::warn!(
                max_connections_per_address = config.limits.connections_per_address,
                "all clients behind a proxy have its address: with --tls-terminated-in-front, set --max-connections-per-address 0"
            );
        }
        let certificates = listen.tls.as_ref().map(Certificates::read).transpose()?;
        let tls = |wanted: bool| {
            let certificates = certificates.as_ref().filter(|_| wanted);
            certificates.map(Certificates::tls)
        };
        let bind = async |address: SocketAddr, speaks_tls: bool| match TcpListener::bind(address).await {
            Ok(socket) => Ok(Listener {
                socket,
                tls: tls(speaks_tls),
            }),
            Err(source) => Err(AppError::Listen { address, source }),
        };
        let grpc = bind(listen.grpc_addr, true).await?;
        let http = bind(listen.http_addr, true).await?;
        let admin = match listen.admin_addr {
            Some(address) => Some(bind(address, exposure::admin_speaks_tls(listen, address)).await?),
            None => None,
        };
        Ok(Self {
            grpc,
            http,
            admin,
            certificates: certificates.map(Arc::new),
        })
    }

    /// Tells the metrics of the certificates, if there are any.
    pub(super) fn tell(&self, metrics: &Metrics) {
        if let Some(certificates) = &self.certificates {
            certificates.tell(metrics);
        }
    }

    /// Further handles on the same sockets. A connection that arrives goes to one of them.
    pub(super) fn try_clone(&self) -> std::io::Result<Self> {
        let clone = |listener: &Listener| {
            let socket = listener.socket.as_fd().try_clone_to_owned()?;
            Ok::<_, std::io::Error>(Listener {
                socket: TcpListener::from_std(std::net::TcpListener::from(socket))?,
                tls: listener.tls.clone(),
            })
        };
        Ok(Self {
            grpc: clone(&self.grpc)?,
            http: clone(&self.http)?,
            admin: self.admin.as_ref().map(clone).transpose()?,
            certificates: self.certificates.clone(),
        })
    }
}
