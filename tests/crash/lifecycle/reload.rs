//! SIGHUP reloads the log filter, the keys of decision ids, and what is enforced; a new configuration with a fault changes
//! nothing. SIGHUP ended servers of others: `traefik/traefik#1660`, `trusteddomainproject/OpenDMARC#322`.

use std::path::Path;

use serde_json::Value;

use crate::support::program::Program;

/// A number that is blocked, so that every lookup has a decision id.
const BLOCKED: &str = "+13152328257";

fn key(digit: &str) -> String {
    format!("{}\n", digit.repeat(64))
}

/// Reloads, and waits until it is counted under this outcome `count` times.
async fn reload(program: &Program, outcome: &str, count: u32) {
    program.reload();
    let line = format!("\nringwarden_config_reloads_total{{outcome=\"{outcome}\"}} {count}\n");
    program
        .wait_for("a reload", async || program.get("/metrics").await.1.contains(&line))
        .await;
}

async fn decision_id(program: &Program) -> String {
    let question = format!(r#"{{"number": "{BLOCKED}", "view": "VIEW_FULL"}}"#);
    let (status, body) = program.post("/v1/lookup", &question).await;
    assert_eq!(status, 200, "{body}");
    let answer: Value = serde_json::from_str(&body).unwrap();
    let id = answer["decisionId"].as_str().unwrap_or_default().to_owned();
    assert!(!id.is_empty(), "{body}");
    id
}

async fn opens(program: &Program, id: &str) -> bool {
    program.get(&format!("/v1/decisions/{id}")).await.0 == 200
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn decision_keys_are_replaced_while_the_server_runs() {
    let directory = tempfile::tempdir().unwrap();
    let keys = directory.path().join("keys");
    write(&keys, &key("1"));
    let arguments = ["--decision-keys", keys.to_str().unwrap()];
    let mut program = Program::serve_with("memory:", &arguments).await;
    let first = decision_id(&program).await;

    // A new key in front: it seals, and the old one still opens.
    write(&keys, &(key("2") + &key("1")));
    reload(&program, "applied", 1).await;
    let second = decision_id(&program).await;
    assert!(opens(&program, &first).await && opens(&program, &second).await);

    // A file with a fault, and no file at all, change nothing.
    for (faults, text) in [(1, Some("not a key\n")), (2, Some("")), (3, None)] {
        match text {
            Some(text) => write(&keys, text),
            None => std::fs::remove_file(&keys).unwrap(),
        }
        reload(&program, "refused", faults).await;
        assert!(opens(&program, &first).await && opens(&program, &second).await);
    }
    program.line(&["the old one stays in force"]).await;

    // The old key is gone.
    write(&keys, &key("2"));
    reload(&program, "applied", 2).await;
    assert!(!opens(&program, &first).await && opens(&program, &second).await);
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_filter_comes_from_the_file_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("r.toml");
    write(&file, "[log]\nfilter = 'error'\n");
    let arguments = ["--config", file.to_str().unwrap()];
    let mut program = Program::serve_with("memory:", &arguments).await;
    assert!(
        !program.log().contains("\"INFO\",\"message\":\"ready\""),
        "{}",
        program.log()
    );
    write(
        &file,
        "[log]\nfilter = 'info'\n[policy]\nprior = 0.2\n[limits]\nmax_connections = 7\n",
    );
    reload(&program, "applied", 1).await;
    // What needs a restart is named.
    reload(&program, "applied", 2).await;
    program
        .line(&["limits, policy", "restart the server to use them"])
        .await;

    write(&file, "[log]\nfilter = 'loud'\n");
    reload(&program, "refused", 1).await;
    program.line(&["is not a valid log filter"]).await;
    // The filter of before still lets this through.
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(0));
    assert!(program.log().contains("draining"), "{}", program.log());
}

/// A step back in a roll-out must not need a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_becomes_a_label_and_nothing_at_sighup() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("r.toml");
    write(&file, "[policy]\nenforce = 'block'\n");
    let arguments = ["--config", file.to_str().unwrap()];
    let program = Program::serve_with("memory:", &arguments).await;
    let action = async || {
        // It cannot exist, so it is blocked.
        let (status, body) = program.post("/v1/lookup", r#"{"number": "+16171550123"}"#).await;
        assert_eq!(status, 200, "{body}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        answer["action"].as_str().unwrap().to_owned()
    };
    assert_eq!(action().await, "ACTION_BLOCK");
    for (count, mode, expected) in [(1, "label", "ACTION_LABEL"), (2, "off", "ACTION_ALLOW")] {
        write(&file, &format!("[policy]\nenforce = '{mode}'\n"));
        reload(&program, "applied", count).await;
        assert_eq!(action().await, expected);
        let (_, figures) = program.get("/metrics").await;
        let line = format!("ringwarden_enforcement{{mode=\"{mode}\"}} 1");
        assert!(figures.contains(&line), "no {line} in\n{figures}");
    }
    write(&file, "[policy]\nenforce = 'no'\n");
    reload(&program, "refused", 1).await;
    assert_eq!(action().await, "ACTION_ALLOW");
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_without_a_file_ends_nothing() {
    let mut program = Program::serve("memory:").await;
    for count in 1..=3 {
        reload(&program, "applied", count).await;
    }
    program.line(&["SIGHUP"]).await;
    program.terminate();
    assert_eq!(program.ended().await.code(), Some(0));
}
