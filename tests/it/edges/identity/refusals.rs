//! What is counted of requests without an accepted credential, and what their senders and the log are told.

use std::time::Duration;

use ringwarden::clock::monotonic;
use ringwarden::domain::identity::{Grants, Role};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::closed::{Closed, of};
use super::{ask, bearer, key, principal, principal_of};
use crate::support::server::Server;

const COUNTED: &str = "ringwarden_refused_credentials_total{reason=\"missing\"}";

/// How many requests without a credential were refused.
fn missing(server: &Server) -> String {
    let metrics = server.instance.services.metrics().render(monotonic());
    let line = metrics.lines().find(|line| line.starts_with(COUNTED));
    line.unwrap_or(COUNTED).to_owned()
}

#[tokio::test]
async fn only_what_is_refused_for_want_of_a_credential_is_counted() {
    let server = Server::start().await;
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    let before = missing(&server);
    for (path, status) in [
        ("/", 200),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/v1/openapi.json", 200),
        ("/v1/nothing", 404),
        ("/favicon.ico", 404),
    ] {
        assert_eq!(ask(&server, "GET", path, "", "").await.status, status, "{path}");
        // A key that is not known changes nothing for those who need none.
        let unknown = bearer(&key(9).text());
        assert_eq!(ask(&server, "GET", path, &unknown, "").await.status, status, "{path}");
    }
    let mut health = HealthClient::new(server.channel.clone());
    health.check(HealthCheckRequest::default()).await.unwrap();
    assert_eq!(missing(&server), before);
    let metrics = server.instance.services.metrics().render(monotonic());
    assert!(
        !metrics.contains("refused_credentials_total{reason=\"unknown\"} 1"),
        "{metrics}"
    );

    for (path, counted) in [("/v1/caller", 1), ("/metrics", 2), ("/v1/numbers", 3)] {
        assert_eq!(ask(&server, "GET", path, "", "").await.status, 401, "{path}");
        assert_eq!(missing(&server), format!("{COUNTED} {counted}"), "{path}");
    }
}

/// No role would help, so none may be asked for.
#[tokio::test]
async fn metrics_tell_another_tenant_that_they_are_for_the_operator() {
    let server = Server::start().await;
    principal(&server, "admin", Role::Admin, Grants::default(), &key(1)).await;
    for (number, role) in [(2, Role::Carrier), (3, Role::Analyst), (4, Role::Admin), (5, Role::App)] {
        principal_of(&server, "north", &format!("north-{number}"), &[role], &key(number)).await;
        let refused = ask(&server, "GET", "/metrics", &bearer(&key(number).text()), "").await;
        assert_eq!(refused.status, 403, "{role:?}");
        assert!(refused.body.contains("only the tenant `default`"), "{refused:?}");
        assert!(!refused.body.contains("CARRIER"), "{refused:?}");
    }
    principal(&server, "app", Role::App, Grants::default(), &key(6)).await;
    let app = ask(&server, "GET", "/metrics", &bearer(&key(6).text()), "").await;
    assert!(app.status == 403 && app.body.contains("ROLE_REQUIRED"), "{app:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_counts_the_refusals_that_have_no_line() {
    let closed = Closed::start(&[]).await;
    closed.principals().await;
    let refused = async || {
        let (status, _) = closed.ask("GET", "/v1/principals", &of(Role::App), "").await;
        assert_eq!(status, 403);
    };
    let told = "none of the caller's roles may call the method";
    refused().await;
    let line = closed.server.program.line(&[told]).await;
    assert!(left_out(&line) == 0, "{line}");
    // However slow the machine is, each refusal has a line or is counted in a later one.
    for _ in 0..4 {
        refused().await;
    }
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    refused().await;
    let sum = async || {
        let log = closed.server.program.log();
        let lines = log.lines().filter(|line| line.contains(told));
        let told = lines.map(|line| 1 + left_out(line));
        told.sum::<u32>() == 6
    };
    closed.server.program.wait_for("all refusals in the log", sum).await;
}

/// The number of lines that were left out before this one.
fn left_out(line: &str) -> u32 {
    let (_, rest) = line.split_once("\"left_out\":").unwrap();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}
