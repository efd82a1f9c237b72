//! The counters of the switch as Prometheus reads them: the alarms name them all as they are.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::call::Call;
use crate::service::Service;
use crate::switch::Switch;
use crate::{CALLED, UNKNOWN};

const RULES: &str = include_str!("../../deploy/prometheus/kamailio.rules.yml");
/// More than any answer should take.
const LONG: Duration = Duration::from_secs(10);
const PREFIX: &str = "kamailio_ringwarden_";

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

/// The answer to a request over HTTP, with its body. Kamailio keeps the connection open.
fn answer(stream: &TcpStream, address: SocketAddr, path: &str) -> String {
    let mut writer = stream;
    write!(writer, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut reader = BufReader::new(stream);
    let mut answer = String::new();
    let mut length = 0;
    loop {
        let begin = answer.len();
        reader.read_line(&mut answer).unwrap();
        let line = answer.split_at(begin).1;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    answer + &String::from_utf8(body).unwrap()
}

fn get(address: SocketAddr, path: &str) -> String {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    answer(&stream, address, path)
}

/// The values by the names that the counters have for `kamcmd`.
fn counters(answer: &str) -> BTreeMap<String, f64> {
    let lines = answer.lines().filter_map(|line| line.strip_prefix(PREFIX));
    lines
        .map(|line| {
            let mut parts = line.split_whitespace();
            let name = parts.next().unwrap().to_owned();
            (name, parts.next().unwrap().parse().unwrap())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_the_counters_that_the_alarms_name() {
    let service = Service::start("memory:").await;
    let metrics = free_address();
    let switch = Switch::start_with(service.program.http(), &[format!("RW_METRICS=tcp:{metrics}")]);
    assert_eq!(Call::new(UNKNOWN, CALLED).ask(switch.address()).await.status, 404);
    let answer = get(metrics, "/metrics");
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("text/plain; version=0.0.4"),
        "{answer}"
    );
    let counters = counters(&answer);
    assert_eq!((counters["allowed"], counters["fail_open"]), (1.0, 0.0));
    let named: Vec<_> = RULES
        .split(PREFIX)
        .skip(1)
        .map(|rest| {
            let end = |c: char| c != '_' && !c.is_ascii_alphanumeric();
            rest.split(end).next().unwrap()
        })
        .collect();
    assert!(named.len() >= 5, "{named:?}");
    for name in named {
        assert!(counters.contains_key(name), "no counter {name}: {answer}");
    }
    assert!(get(metrics, "/v1/lookup").starts_with("HTTP/1.1 404"));
}

/// The port of the metrics is no way to ask about calls.
#[tokio::test(flavor = "multi_thread")]
async fn the_port_of_the_metrics_takes_no_calls() {
    let service = Service::start("memory:").await;
    let metrics = free_address();
    let switch = Switch::start_with(service.program.http(), &[format!("RW_METRICS=tcp:{metrics}")]);
    let options = format!(
        "OPTIONS sip:x@test SIP/2.0\r\nVia: SIP/2.0/TCP {metrics};branch=z9hG4bKm\r\nFrom: <sip:a@test>;tag=1\r\n\
         To: <sip:x@test>\r\nCall-ID: m@test\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n"
    );
    let mut stream = TcpStream::connect(metrics).unwrap();
    stream.write_all(options.as_bytes()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    // Requests of a connection are read in order, so an answer to the first would come before this one.
    let answer = answer(&stream, metrics, "/metrics");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(switch.counter("allowed"), 0);
}
