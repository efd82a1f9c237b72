//! In the time of grace, the server says that it is not ready and answers everything, also on new connections: a load
//! balancer notices late that a server ends, as in `oauth2-proxy/oauth2-proxy#3066`.

use std::time::Duration;

use ringwarden::wire::v1::LookupRequest;
use ringwarden::wire::v1::lookup_service_client::LookupServiceClient;
use tokio::time::Instant;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::support::program::Program;

/// Longer than everything that the test does meanwhile, on a busy machine too.
const GRACE: Duration = Duration::from_secs(4);

async fn health(program: &Program, service: &str) -> ServingStatus {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let mut client = HealthClient::new(program.connect().await);
    client.check(request).await.unwrap().into_inner().status()
}

async fn lookup(program: &Program) -> bool {
    let request = LookupRequest {
        number: "+14155550199".to_owned(),
        ..LookupRequest::default()
    };
    let mut client = LookupServiceClient::new(program.connect().await);
    client.lookup(request).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_ports_answer_for_the_time_of_grace() {
    let mut program = Program::serve_with("memory:", &["--shutdown-grace", "4s"]).await;
    assert_eq!(health(&program, "").await, ServingStatus::Serving);
    let mut watch = HealthClient::new(program.connect().await)
        .watch(HealthCheckRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);

    program.terminate();
    let began = Instant::now();
    assert_eq!(
        watch.message().await.unwrap().unwrap().status(),
        ServingStatus::NotServing
    );
    program
        .wait_for("a 503", async || program.get("/readyz").await.0 == 503)
        .await;
    let (_, body) = program.get("/readyz").await;
    assert!(
        body.contains(r#""ready":false,"reason":"the server is shutting down""#),
        "{body}"
    );
    for service in ["", "ringwarden.v1.LookupService"] {
        assert_eq!(health(&program, service).await, ServingStatus::NotServing, "{service}");
    }
    assert_eq!(program.get("/healthz").await.0, 200);
    assert_eq!(program.get("/metrics").await.0, 200);
    assert_eq!(program.post("/v1/lookup", r#"{"number": "+14155550199"}"#).await.0, 200);
    assert!(lookup(&program).await);
    assert!(began.elapsed() < GRACE, "the machine is too busy for this test");

    assert_eq!(program.ended().await.code(), Some(0), "{}", program.log());
    let took = began.elapsed();
    assert!(took >= GRACE - Duration::from_millis(100), "{took:?}");
    assert!(took < GRACE + Duration::from_secs(5), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_grace_and_the_server_at_once() {
    for second in ["TERM", "INT"] {
        let mut program = Program::serve_with("memory:", &["--shutdown-grace", "60m"]).await;
        program.terminate();
        program
            .wait_for("a 503", async || program.get("/readyz").await.0 == 503)
            .await;
        let began = Instant::now();
        program.signal(second);
        program.ended().await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert!(program.log().contains("second signal"), "{}", program.log());
    }
}

#[test]
fn the_image_gives_load_balancers_five_seconds() {
    let dockerfile = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Dockerfile")).unwrap();
    assert!(dockerfile.contains("RINGWARDEN_SHUTDOWN_GRACE=5s"));
}
