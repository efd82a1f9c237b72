//! The file for `docker compose`.

use serde_json::{Value, json};

use super::{seconds, settings, text};

fn service() -> Value {
    let file: Value = serde_saphyr::from_str(&text("compose/compose.yaml")).unwrap();
    file["services"]["ringwarden"].clone()
}

#[test]
fn the_container_may_do_nothing_that_it_does_not_need() {
    let service = service();
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
    let (settings, service) = (settings(), service());
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
