//! Whether the configured addresses may be opened: to other machines only by a decision for TLS and for credentials.

use std::net::SocketAddr;

use crate::config::ListenSettings;
use crate::net::is_loopback;

/// Why the server does not listen on an address that other machines can reach.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExposureError {
    /// Passwords, keys and numbers would cross the network in plain text.
    #[error(
        "{flag} {address} can be reached by other machines, and the server has no TLS: give --tls-cert and --tls-key, or say \
         with --tls-terminated-in-front that a proxy in front of the server has it"
    )]
    PlainText {
        /// The flag of the address.
        flag: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// Everybody who reaches the address might do everything.
    #[error(
        "{flag} {address} can be reached by other machines, and the server knows no credentials, so anybody could do \
         everything: give --bootstrap-admin FILE, which makes the key of the first administrator, or --auth required"
    )]
    NoCredentials {
        /// The flag of the address.
        flag: &'static str,
        /// The address.
        address: SocketAddr,
    },
}

/// What the log says at the start of a server on loopback that knows no credentials.
pub const OPEN_ON_LOOPBACK: &str =
    "no credentials are configured: the server listens on loopback only, and every local user may do everything";

/// Checks the addresses. `credentials`: whether the server knows its callers. The address for probes and metrics needs no
/// credentials, since nothing of a person is there, and nothing can be changed.
pub(super) fn check(listen: &ListenSettings, credentials: bool) -> Result<(), ExposureError> {
    let addresses = [
        ("--grpc-addr", Some(listen.grpc_addr), true),
        ("--http-addr", Some(listen.http_addr), true),
        ("--admin-addr", listen.admin_addr, false),
    ];
    for (flag, address, needs_credentials) in addresses {
        let Some(address) = address.filter(|address| is_open(*address)) else {
            continue;
        };
        if listen.tls.is_none() && !listen.tls_terminated_in_front {
            return Err(ExposureError::PlainText { flag, address });
        }
        if needs_credentials && !credentials {
            return Err(ExposureError::NoCredentials { flag, address });
        }
    }
    Ok(())
}

/// Whether the address for probes and metrics speaks TLS, if the server has it: not on loopback, and not if the settings say
/// that plain text is allowed.
pub(super) fn admin_speaks_tls(listen: &ListenSettings, address: SocketAddr) -> bool {
    is_open(address) && !listen.tls_terminated_in_front
}

/// Whether other machines may reach an address.
fn is_open(address: SocketAddr) -> bool {
    !is_loopback(address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TlsSettings;

    fn listen(grpc: &str, http: &str, admin: &str, tls: bool, in_front: bool) -> ListenSettings {
        let address = |text: &str| -> SocketAddr { text.parse().unwrap() };
        ListenSettings {
            grpc_addr: address(grpc),
            http_addr: address(http),
            http_hosts: Vec::new(),
            admin_addr: (!admin.is_empty()).then(|| address(admin)),
            tls: tls.then(|| TlsSettings {
                certificate: "c.pem".into(),
                key: "k.pem".into(),
                client_ca: None,
            }),
            tls_terminated_in_front: in_front,
        }
    }

    /// Every combination of an open address, TLS, the word for a proxy, and credentials.
    #[test]
    fn an_address_is_opened_only_with_tls_and_credentials() {
        const HOME: &str = "127.0.0.1:1";
        for open in [
            "0.0.0.0:1",
            "[::]:1",
            "192.0.2.7:1",
            "[2001:db8::7]:1",
            "[::ffff:192.0.2.7]:1",
        ] {
            for (flag, grpc, http, admin) in [
                ("--grpc-addr", open, HOME, ""),
                ("--http-addr", HOME, open, ""),
                ("--admin-addr", HOME, HOME, open),
                ("--grpc-addr", open, open, open),
            ] {
                for (tls, in_front, credentials) in
                    [0, 1, 2, 3, 4, 5, 6, 7].map(|bits| (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0))
                {
                    let address: SocketAddr = open.parse().unwrap();
                    let expected = if !tls && !in_front {
                        Err(ExposureError::PlainText { flag, address })
                    } else if !credentials && flag != "--admin-addr" {
                        Err(ExposureError::NoCredentials { flag, address })
                    } else {
                        Ok(())
                    };
                    let settings = listen(grpc, http, admin, tls, in_front);
                    assert_eq!(check(&settings, credentials), expected, "{settings:?} {credentials}");
                }
            }
        }
    }

    #[test]
    fn loopback_needs_nothing() {
        for home in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert_eq!(check(&listen(home, home, home, false, false), false), Ok(()));
            let settings = listen(home, home, home, true, false);
            assert!(!admin_speaks_tls(&settings, settings.grpc_addr));
        }
    }

    #[test]
    fn probes_speak_tls_to_other_machines_unless_told_otherwise() {
        let open = "0.0.0.0:1".parse().unwrap();
        assert!(admin_speaks_tls(
            &listen("127.0.0.1:1", "127.0.0.1:1", "", true, false),
            open
        ));
        assert!(!admin_speaks_tls(
            &listen("127.0.0.1:1", "127.0.0.1:1", "", true, true),
            open
        ));
    }

    #[test]
    fn the_sentences_name_the_flags_that_mend_it() {
        let plain = check(&listen("0.0.0.0:1", "127.0.0.1:1", "", false, false), true).unwrap_err();
        for flag in [
            "--grpc-addr 0.0.0.0:1",
            "--tls-cert",
            "--tls-key",
            "--tls-terminated-in-front",
        ] {
            assert!(plain.to_string().contains(flag), "{plain}");
        }
        let open = check(&listen("0.0.0.0:1", "127.0.0.1:1", "", true, false), false).unwrap_err();
        for flag in ["--bootstrap-admin", "--auth required"] {
            assert!(open.to_string().contains(flag), "{open}");
        }
    }
}
