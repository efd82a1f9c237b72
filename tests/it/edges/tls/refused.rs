//! What a server tells of client certificates that it refuses.

use std::io;

use crate::support::tls::{Authority, Files, Pair, TlsProgram, VERSION_1, get, open};

/// Shows a certificate, and asks something.
async fn ask(files: &Files, server: &TlsProgram, shown: &Pair) -> io::Result<String> {
    let connector = files.client(Some(shown), &[b"http/1.1"], None);
    // In TLS 1.3 the client has ended its handshake before the server checks.
    let mut stream = open(&connector, server.program.http()).await?;
    get(&mut stream, "/healthz").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_certificate_is_counted_by_its_cause() {
    let files = Files::new();
    let server = files.program().await;
    let (good, other) = (files.clients.sign("switch"), files.clients.sign("switch"));
    let version_1 = Pair {
        certificate: VERSION_1.to_owned(),
        key: other.key.clone(),
    };
    let without_key = Pair {
        certificate: good.certificate.clone(),
        key: other.key,
    };
    ask(&files, &server, &good).await.unwrap();
    for (shown, reason, count) in [
        (files.clients.sign_until("switch", 2_001, 1), "expired", 1.0),
        (files.clients.sign_from("switch", 2_100), "not_yet", 1.0),
        (Authority::new("strangers").sign("switch"), "foreign", 1.0),
        (Authority::new("clients").sign("switch"), "foreign", 2.0),
        (version_1, "form", 1.0),
        (files.clients.own_pair(), "form", 2.0),
        (files.clients.sign_for_servers("switch"), "form", 3.0),
        (without_key, "key", 1.0),
    ] {
        ask(&files, &server, &shown).await.unwrap_err();
        let metric = format!("ringwarden_refused_credentials_total{{reason=\"certificate_{reason}\"}}");
        assert!((server.metric(&metric).await - count).abs() < 0.1, "{reason} {count}");
    }
    ask(&files, &server, &good).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_which_certificate_was_refused() {
    let files = Files::new();
    let server = files.program().await;
    let ended = files.clients.sign_until("somebody", 2_001, 1);
    ask(&files, &server, &ended).await.unwrap_err();
    // An administrator sees the same part of the fingerprint beside the principal.
    let fingerprint = ended.fingerprint();
    let line = server
        .program
        .line(&["WARN", "the certificate of a client was refused", &fingerprint[..16]])
        .await;
    assert!(line.contains("it has expired"), "{line}");
    // Neither what the client wrote into it, nor where it is.
    for hidden in ["somebody", "127.0.0.1"] {
        assert!(!line.contains(hidden), "{line}");
    }

    // The authorities are replaced, and refusals are told as before.
    let reads = server.metric("ringwarden_tls_reloads_total{outcome=\"applied\"}").await;
    files.write("clients.pem", &Authority::new("others").pem());
    let replaced = async || server.metric("ringwarden_tls_reloads_total{outcome=\"applied\"}").await > reads;
    server.program.wait_for("the authorities", replaced).await;
    let good = files.clients.sign("somebody");
    ask(&files, &server, &good).await.unwrap_err();
    let metric = "ringwarden_refused_credentials_total{reason=\"certificate_foreign\"}";
    assert!((server.metric(metric).await - 1.0).abs() < 0.1);
}
