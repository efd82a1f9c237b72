//! The proxy for TLS: HAProxy with the configuration of `deploy`, in front of a server.

use std::io::{ErrorKind, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::{path, run, said};
use crate::support::program::Program;

const NAME: &str = "ringwarden.example";
/// The most tries until the proxy answers.
const MAX_TRIES: usize = 200;
const TRY_EVERY: Duration = Duration::from_millis(50);

/// A proxy, which ends when it is dropped.
struct Proxy {
    child: Child,
    http: SocketAddr,
    grpc: SocketAddr,
    certificates: TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn certificates() -> TempDir {
    let directory = TempDir::new().unwrap();
    let mut command = Command::new(path("proxy/certificates.sh"));
    let made = run(command.arg(directory.path()).arg(NAME), "openssl");
    assert!(made.status.success(), "{}", said(&made));
    directory
}

fn haproxy(certificates: &Path) -> Command {
    let mut command = Command::new("haproxy");
    command
        .env("RW_CERTS", certificates)
        .arg("-f")
        .arg(path("proxy/haproxy.cfg"));
    command
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

impl Proxy {
    fn start(server: &Program) -> Self {
        let (http, grpc) = (free_address(), free_address());
        let certificates = certificates();
        let mut command = haproxy(certificates.path());
        command.envs([("RW_HTTP", http.to_string()), ("RW_GRPC", grpc.to_string())]);
        command.env("RW_ONE_HTTP", server.http().port().to_string());
        command.env("RW_ONE_GRPC", server.grpc().port().to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self {
            child: command.spawn().unwrap(),
            http,
            grpc,
            certificates,
        }
    }

    /// What `openssl s_client` prints: of the connection, and of the answer to this request.
    fn ask(&self, address: SocketAddr, protocol: &str, shows_certificate: bool, request: &str) -> String {
        let file = |name: &str| self.certificates.path().join(name);
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &address.to_string(), "-servername", NAME]);
        command.args([
            "-alpn",
            protocol,
            "-verify_return_error",
            "-verify_hostname",
            NAME,
            "-CAfile",
        ]);
        command.arg(file("authority.pem"));
        if shows_certificate {
            command.arg("-cert").arg(file("client.pem"));
        }
        if !request.is_empty() {
            command.arg("-ign_eof");
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        match child.stdin.take().unwrap().write_all(request.as_bytes()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => panic!("{error}"),
            _ => said(&child.wait_with_output().unwrap()),
        }
    }

    fn get(&self, path: &str, shows_certificate: bool) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n");
        self.ask(self.http, "http/1.1", shows_certificate, &request)
    }
}

#[test]
fn haproxy_accepts_the_configuration() {
    let certificates = certificates();
    let checked = run(haproxy(certificates.path()).arg("-c"), "haproxy");
    assert!(
        checked.status.success() && !said(&checked).contains("WARNING"),
        "{}",
        said(&checked)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_clients_with_a_certificate_reach_the_server() {
    let server = Program::serve_with("memory:", &["--http-hosts", NAME]).await;
    let proxy = Proxy::start(&server);
    let question = "/v1/cid/+14155550100";
    let mut answer = String::new();
    for _ in 0..MAX_TRIES {
        answer = proxy.get(question, true);
        if answer.contains("HTTP/1.1 200 OK") {
            break;
        }
        tokio::time::sleep(TRY_EVERY).await;
    }
    assert!(answer.contains("HTTP/1.1 200 OK"), "{answer}");
    let refused = proxy.get(question, false);
    assert!(!refused.contains("HTTP/1.1 200"), "{refused}");
    assert!(refused.contains("certificate required"), "{refused}");
    for inside in ["/metrics", "/healthz", "/readyz"] {
        let answer = proxy.get(inside, true);
        assert!(answer.contains("HTTP/1.1 404"), "{inside}: {answer}");
    }
    let grpc = proxy.ask(proxy.grpc, "h2", true, "");
    assert!(grpc.contains("ALPN protocol: h2"), "{grpc}");
}
