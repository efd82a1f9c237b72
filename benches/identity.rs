//! What identity adds to the CPU time of a lookup in the server.
//!
//! Run with `cargo bench --bench identity`. It starts four servers over stores in memory with the same report: one that is
//! open on loopback and one with principals, both in plain text; and the same two under mutual TLS. Each way in which a client
//! is recognised is compared with the open server of the same transport: an API key of a carrier, a token of an OpenID
//! provider (the server notes a checked token for some minutes, so this is what each request costs), and a bound client
//! certificate, which is shown to both servers. One client asks one question at a time over kept connections of gRPC, a
//! round of the one server after a round of the other. It prints the CPU time of the server's process for one lookup (user
//! and system, as the scheduler counts it) in each round, and the median of the ratios with its goal. It never fails.
#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a benchmark may fail loudly"
)]

#[path = "../tests/support/oidc.rs"]
mod oidc;
#[path = "../tests/support/program.rs"]
mod program;
#[path = "../tests/support/redis_server.rs"]
mod redis_server; // for its free ports
#[path = "../tests/support/tls.rs"]
mod tls;
#[path = "../tests/support/web.rs"]
mod web;

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use oidc::{AUDIENCE, ISSUER, SigningKey, claims, key_set};
use program::Program;
use ringwarden::domain::identity::{ApiKey, KeyId};
use ringwarden::wire::v1;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use ringwarden::wire::v1::principal_service_client::PrincipalServiceClient;
use ringwarden::wire::v1::report_service_client::ReportServiceClient;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};
use tls::{Files, Pair, TlsProgram};
use tonic::Request;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

/// Rounds of each comparison that count, and lookups of a round; one more round before them warms both servers up.
const ROUNDS: usize = 10;
const LOOKUPS: usize = 5_000;
/// The most that identity may add: the CPU time of a lookup with it, as a multiple of that without it.
const GOAL: f64 = 1.05;
/// A number that is reported.
const NUMBER: &str = "+14155550123";
/// The subject of the token.
const SUBJECT: &str = "carrier-1";

/// The connection of a client, and the header with its credential.
struct Client {
    process: u32,
    lookups: LookupServiceClient<Channel>,
    authorization: Option<AsciiMetadataValue>,
}

/// The servers: open and with principals, in plain text and under TLS.
struct Servers {
    files: Files,
    signing: SigningKey,
    certificate: Pair,
    open: Program,
    closed: Program,
    open_tls: TlsProgram,
    closed_tls: TlsProgram,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let servers = Servers::start().await;
    println!("{ROUNDS} rounds of {LOOKUPS} lookups each; microseconds of the server's CPU for one lookup");
    let key = bearer(&key("switch").text());
    let claims = claims(SUBJECT, now());
    let token = bearer(&servers.signing.token("k1", &claims));
    let plain = async |authorization| {
        let open = Client::new(&servers.open, servers.open.connect().await, None);
        let closed = servers.closed.connect().await;
        (open, Client::new(&servers.closed, closed, Some(authorization)))
    };
    let (mut open, mut closed) = plain(key).await;
    compare("an API key", &mut open, &mut closed).await;
    let (mut open, mut closed) = plain(token).await;
    compare("a token", &mut open, &mut closed).await;
    let (open, closed) = (&servers.open_tls.program, &servers.closed_tls.program);
    let shown = Some(&servers.certificate);
    let mut open = Client::new(open, servers.connect_tls(open, shown).await, None);
    let mut closed = Client::new(closed, servers.connect_tls(closed, shown).await, None);
    compare("a certificate", &mut open, &mut closed).await;
}

impl Servers {
    async fn start() -> Self {
        let (files, signing) = (Files::new(), SigningKey::es256());
        files.write("keys.json", &key_set(&[signing.public("k1")]));
        files.write("admin.key", &key("admin").text());
        let (admin, keys) = (files.text("admin.key"), files.text("keys.json"));
        let mut identity = vec!["--bootstrap-admin", &admin, "--oidc-issuer", ISSUER];
        identity.extend(["--oidc-audience", AUDIENCE, "--oidc-keys", &keys]);
        let servers = Self {
            certificate: files.clients.sign("switch"),
            open: Program::serve("memory:").await,
            closed: Program::serve_with("memory:", &identity).await,
            open_tls: files.program().await,
            closed_tls: files.program_with(&identity).await,
            files,
            signing,
        };
        for program in [&servers.closed, &servers.closed_tls.program] {
            program.line(&["the principal `admin` was made"]).await;
        }
        let admin = bearer(&key("admin").text());
        for (channel, admin) in [
            (servers.open.connect().await, None),
            (servers.closed.connect().await, Some(&admin)),
            (servers.connect_tls(&servers.open_tls.program, None).await, None),
            // The administrator shows a key. A certificate beside it would be that of another principal, or of none.
            (
                servers.connect_tls(&servers.closed_tls.program, None).await,
                Some(&admin),
            ),
        ] {
            if admin.is_some() {
                let request = v1::CreatePrincipalRequest {
                    bound: Some(bound(&servers.certificate)),
                    ..carrier()
                };
                let mut principals = PrincipalServiceClient::new(channel.clone());
                principals.create_principal(with(request, admin)).await.unwrap();
            }
            let request = v1::SubmitReportRequest { report: Some(report()) };
            let mut reports = ReportServiceClient::new(channel);
            reports.submit_report(with(request, admin)).await.unwrap();
        }
        servers
    }

    /// A connection on which the client shows this certificate.
    async fn connect_tls(&self, program: &Program, shown: Option<&Pair>) -> Channel {
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(self.files.authority.pem()))
            .domain_name("localhost");
        let tls = match shown {
            Some(pair) => tls.identity(Identity::from_pem(&pair.certificate, &pair.key)),
            None => tls,
        };
        let endpoint = Endpoint::from_shared(format!("https://{}", program.grpc())).unwrap();
        endpoint.tls_config(tls).unwrap().connect().await.unwrap()
    }
}

impl Client {
    fn new(program: &Program, channel: Channel, authorization: Option<AsciiMetadataValue>) -> Self {
        Self {
            process: program.id(),
            lookups: LookupServiceClient::new(channel),
            authorization,
        }
    }

    /// The CPU time of the server for one lookup, in microseconds, over a round.
    async fn round(&mut self) -> f64 {
        let before = cpu_nanos(self.process);
        for _ in 0..LOOKUPS {
            let question = with(question(), self.authorization.as_ref());
            let answer = self.lookups.lookup(question).await.unwrap().into_inner();
            // The short answer has no counts; that the number is known shows that it was looked up.
            assert_ne!(answer.risk_level(), v1::RiskLevel::Unknown);
        }
        (cpu_nanos(self.process) - before) as f64 / 1_000.0 / LOOKUPS as f64
    }
}

/// Measures both servers in turn, so that a machine that becomes slower does so for both.
async fn compare(name: &str, open: &mut Client, closed: &mut Client) {
    println!("\n{name}\n{:>6} {:>10} {:>10} {:>10}", "round", "off", "on", "on / off");
    let (mut off, mut on, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        // In turn the one first and the other.
        let (without, with) = if round % 2 == 0 {
            let without = open.round().await;
            (without, closed.round().await)
        } else {
            let with = closed.round().await;
            (open.round().await, with)
        };
        if round == 0 {
            continue;
        }
        println!("{round:>6} {without:>10.2} {with:>10.2} {:>10.3}", with / without);
        off.push(without);
        on.push(with);
        ratios.push(with / without);
    }
    let (off, on, ratio) = (median(off), median(on), median(ratios));
    let verdict = if ratio <= GOAL { "met" } else { "MISSED" };
    println!("median {off:>10.2} {on:>10.2} {ratio:>10.3}   goal {GOAL}: {verdict}");
}

/// The key of a principal of this name: its secret says nothing, and the servers are gone soon.
fn key(name: &str) -> ApiKey {
    let hash: [u8; 32] = Sha256::digest(name).into();
    ApiKey::new("bench", KeyId::from_raw(u64::from(hash[0]) + 1), hash).unwrap()
}

fn bearer(text: &str) -> AsciiMetadataValue {
    format!("Bearer {text}").parse().unwrap()
}

fn with<T>(message: T, authorization: Option<&AsciiMetadataValue>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(value) = authorization {
        request.metadata_mut().insert("authorization", value.clone());
    }
    request
}

/// A switch with a key.
fn carrier() -> v1::CreatePrincipalRequest {
    let key = key("switch");
    v1::CreatePrincipalRequest {
        principal_id: "switch".to_owned(),
        roles: vec![v1::Role::Carrier.into()],
        key: Some(v1::NewApiKey {
            key_id: key.id().to_string(),
            secret_sha256: key.secret_hash().text(),
            ..v1::NewApiKey::default()
        }),
        request_id: "create".to_owned(),
        ..v1::CreatePrincipalRequest::default()
    }
}

/// The other credentials of the switch.
fn bound(certificate: &Pair) -> v1::BoundCredentials {
    let der = CertificateDer::from_pem_slice(certificate.certificate.as_bytes()).unwrap();
    let hash = Sha256::digest(&der);
    v1::BoundCredentials {
        certificate_sha256: vec![hash.iter().map(|byte| format!("{byte:02x}")).collect()],
        subjects: vec![v1::OidcSubject {
            issuer: ISSUER.to_owned(),
            subject: SUBJECT.to_owned(),
        }],
    }
}

/// A report that every server takes, open or not.
fn report() -> v1::Report {
    v1::Report {
        report_id: "r".to_owned(),
        number: NUMBER.to_owned(),
        category: v1::Category::TechSupportScam.into(),
        source: v1::Source::Consumer.into(),
        ..v1::Report::default()
    }
}

/// The question of a switch that counts no call, which is the cheapest: the share of identity is the largest.
fn question() -> v1::LookupRequest {
    v1::LookupRequest {
        number: NUMBER.to_owned(),
        view: v1::View::Basic.into(),
        record_event: Some(false),
        ..v1::LookupRequest::default()
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// CPU time of a process: the first figure of each thread's `schedstat`, which counts in nanoseconds where `stat` counts
/// in hundredths of a second. The server's threads do not end.
fn cpu_nanos(process: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let of_each = threads.map(|thread| {
        let figures = fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
        figures.split(' ').next().unwrap().parse::<u64>().unwrap()
    });
    of_each.sum()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}
