//! The file for `docker compose`.

use serde_json::{Value, json};

use super::{seconds, settings, text};

/// The service as the file has it, and the one with all options that are behind a `#`.
fn services() -> [Value; 2] {
    let text = text("compose/compose.yaml");
    [text.clone(), text.replace("# - ", "- ")].map(|text| {
        let file: Value = serde_saphyr::from_str(&text).unwrap();
        file["services"]["ringwarden"].clone()
    })
}

#[test]
fn the_container_may_do_nothing_that_it_does_not_need() {
    for service in services() {
        may_do_nothing_more(&service);
    }
}

fn may_do_nothing_more(service: &Value) {
    assert_eq!(service["read_only"], true);
    assert_eq!(service["cap_drop"], json!(["ALL"]));
    assert_eq!(service["security_opt"], json!(["no-new-privileges:true"]));
    assert_eq!(service["ipc"], "private");
    assert!(service["mem_limit"].is_string() && service["pids_limit"].is_u64());
    for option in ["privileged", "cap_add", "devices", "network_mode", "pid", "userns_mode"] {
        assert!(service[option].is_null(), "{option}");
    }
    // Nothing is published beyond this machine, and only the state can be written.
    let list = |name: &str| service[name].as_array().unwrap().clone();
    for port in list("ports") {
        assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{port}");
    }
    for volume in list("volumes") {
        let volume = volume.as_str().unwrap();
        assert!(
            volume == "state:/var/lib/ringwarden" || volume.ends_with(":ro"),
            "{volume}"
        );
    }
    let dockerfile = include_str!("../../../Dockerfile");
    let user = service["user"].as_str().unwrap().split(':').next().unwrap();
    assert!(
        dockerfile.contains(&format!("--uid {user} ")),
        "the image has another user"
    );
}

#[test]
fn the_arguments_are_settings_of_the_server() {
    for service in services() {
        are_settings(&service);
    }
}

/// An option that is taken in is complete: its file is in a volume, and its port is published.
#[test]
fn the_options_work_as_written() {
    let [plain, with_options] = services();
    let list = |service: &Value, name: &str| service[name].as_array().unwrap().clone();
    let more = |name: &str| {
        let before = list(&plain, name);
        let after = list(&with_options, name).into_iter();
        after.filter(|item| !before.contains(item)).collect::<Vec<_>>()
    };
    let options = ["--tls-client-ca=/tls/clients.pem", "--admin-addr=0.0.0.0:8081"];
    assert_eq!(more("command"), options);
    assert_eq!(more("ports"), ["127.0.0.1:8081:8081"]);
    assert!(list(&plain, "volumes").contains(&json!("./tls:/tls:ro")));
}

fn are_settings(service: &Value) {
    let settings = settings();
    let arguments = service["command"].as_array().unwrap();
    assert_eq!(arguments[0], "serve");
    let mut times = 0.0;
    for flag in &arguments[1..] {
        let (name, value) = flag.as_str().unwrap().split_once('=').unwrap();
        assert!(settings.contains(name), "no flag {name}");
        if ["--shutdown-grace", "--drain-deadline"].contains(&name) {
            times += seconds(value).as_secs_f64();
        }
    }
    let patience = seconds(service["stop_grace_period"].as_str().unwrap());
    assert!(
        patience.as_secs_f64() > times,
        "the container is killed before it has drained"
    );
}
