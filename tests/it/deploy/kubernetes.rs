//! The manifest for Kubernetes, against the schemas of Kubernetes 1.37 (`tests/data/README.md`), and against the server.

use std::time::Duration;

use serde_json::{Value, json};

use super::{seconds, settings, text};

const MANIFEST: &str = "kubernetes/ringwarden.yaml";
const SCHEMAS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/kubernetes-1.37.json");
/// The objects of the manifest, and their definitions in the schemas.
const KINDS: [(&str, &str, &str); 5] = [
    ("v1", "ServiceAccount", "core.v1.ServiceAccount"),
    ("apps/v1", "Deployment", "apps.v1.Deployment"),
    ("v1", "Service", "core.v1.Service"),
    ("policy/v1", "PodDisruptionBudget", "policy.v1.PodDisruptionBudget"),
    ("networking.k8s.io/v1", "NetworkPolicy", "networking.v1.NetworkPolicy"),
];

fn objects() -> Vec<Value> {
    serde_saphyr::from_multiple(&text(MANIFEST)).unwrap()
}

fn object(kind: &str) -> Value {
    let found = objects().into_iter().find(|object| object["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}"))
}

fn container() -> Value {
    object("Deployment")["spec"]["template"]["spec"]["containers"][0].clone()
}

/// The faults of an object by the schema of its kind.
fn faults(definition: &str, object: &Value) -> Vec<String> {
    let schemas: Value = serde_json::from_str(&std::fs::read_to_string(SCHEMAS).unwrap()).unwrap();
    let schema = json!({"$ref": format!("#/$defs/io.k8s.api.{definition}"), "$defs": schemas["$defs"]});
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let faults = validator.iter_errors(object);
    faults
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect()
}

#[test]
fn every_object_is_as_kubernetes_describes_it() {
    let objects = objects();
    let kinds: Vec<_> = objects
        .iter()
        .map(|object| [&object["apiVersion"], &object["kind"]])
        .collect();
    assert_eq!(kinds, KINDS.map(|(version, kind, _)| [version, kind]));
    for (object, (_, kind, definition)) in objects.iter().zip(KINDS) {
        assert_eq!(faults(definition, object), Vec::<String>::new(), "{kind}");
    }
}

#[test]
fn the_schemas_find_a_field_that_does_not_exist() {
    let mut deployment = object("Deployment");
    deployment["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = json!({});
    deployment["spec"]["replicas"] = json!("two");
    let faults = faults("apps.v1.Deployment", &deployment).join("\n");
    assert!(faults.contains("readinesProbe") && faults.contains("two"), "{faults}");
}

#[test]
fn the_arguments_are_settings_of_the_server() {
    let settings = settings();
    let container = container();
    let arguments: Vec<_> = container["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a.as_str().unwrap())
        .collect();
    let ["serve", flags @ ..] = arguments.as_slice() else {
        panic!("{arguments:?}")
    };
    for flag in flags {
        let (name, value) = flag.split_once('=').unwrap();
        assert!(settings.contains(name), "no flag {name}");
        assert!(!value.is_empty(), "{flag}");
    }
    for variable in container["env"].as_array().unwrap() {
        let name = variable["name"].as_str().unwrap();
        assert!(settings.contains(name), "no variable {name}");
        assert!(variable["valueFrom"]["secretKeyRef"]["name"].is_string(), "{variable}");
    }
    let of = |name: &str| {
        let value = flags.iter().find_map(|flag| flag.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_else(|| panic!("no {name}"))
    };
    let ports = ["--grpc-addr", "--http-addr", "--admin-addr"]
        .map(|name| of(name).rsplit(':').next().unwrap().parse::<u64>().unwrap());
    let declared = container["ports"].as_array().unwrap();
    let declared: Vec<_> = declared
        .iter()
        .map(|port| port["containerPort"].as_u64().unwrap())
        .collect();
    assert_eq!(declared, ports);
    let pod = object("Deployment")["spec"]["template"]["spec"].clone();
    let patience = Duration::from_secs(pod["terminationGracePeriodSeconds"].as_u64().unwrap());
    assert!(patience > seconds(of("--shutdown-grace")) + seconds(of("--drain-deadline")));
    let mounted = container["volumeMounts"][0]["mountPath"].as_str().unwrap();
    assert!(
        of("--snapshot").starts_with(mounted),
        "a snapshot outside of the volume"
    );
    for (mount, volume) in [0, 1].map(|at| (&container["volumeMounts"][at], &pod["volumes"][at])) {
        assert_eq!(mount["name"], volume["name"]);
    }
    let secret = container["volumeMounts"][1]["mountPath"].as_str().unwrap();
    for file in ["--tls-cert", "--tls-key"] {
        assert!(of(file).starts_with(secret), "{file} is not in the secret");
    }
    // Kubernetes lets the group read it in any case, and the server accepts that of root's files.
    assert_eq!(pod["volumes"][1]["secret"]["defaultMode"], 0o440);
}

/// A restart does not bring Redis back, so only readiness may depend on the index.
#[test]
fn the_probes_are_those_of_the_documentation() {
    let container = container();
    for (probe, path) in [
        ("startupProbe", "/healthz"),
        ("livenessProbe", "/healthz"),
        ("readinessProbe", "/readyz"),
    ] {
        assert_eq!(
            container[probe]["httpGet"],
            json!({"path": path, "port": "admin", "scheme": "HTTPS"}),
            "{probe}"
        );
    }
    let documentation = include_str!("../../../docs/operations.md");
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let documented = documentation.split(&format!("\n{probe}:")).nth(1).unwrap();
        for field in ["periodSeconds", "failureThreshold"] {
            let value = documented.split(&format!("{field}: ")).nth(1).unwrap();
            let value: u64 = value.lines().next().unwrap().parse().unwrap();
            assert_eq!(container[probe][field], value, "{probe} {field}");
        }
    }
}

#[test]
fn the_container_may_do_nothing_that_it_does_not_need() {
    let security = &container()["securityContext"];
    let expected = json!({
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": {"drop": ["ALL"]},
    });
    assert_eq!(*security, expected);
    let pod = object("Deployment")["spec"]["template"]["spec"].clone();
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    let dockerfile = include_str!("../../../Dockerfile");
    let user = pod["securityContext"]["runAsUser"].as_u64().unwrap();
    assert!(
        dockerfile.contains(&format!("--uid {user} ")),
        "the image has another user"
    );
    for side in ["requests", "limits"] {
        assert!(container()["resources"][side]["memory"].is_string(), "{side}");
    }
}

#[test]
fn every_selector_finds_the_pods() {
    let deployment = object("Deployment");
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    assert_eq!(deployment["spec"]["replicas"], 2);
    assert_eq!(deployment["spec"]["selector"]["matchLabels"], *labels);
    assert_eq!(object("Service")["spec"]["selector"], *labels);
    assert_eq!(
        object("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        *labels
    );
    assert_eq!(object("NetworkPolicy")["spec"]["podSelector"]["matchLabels"], *labels);
    let names: Vec<_> = container()["ports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|port| port["name"].clone())
        .collect();
    for port in object("Service")["spec"]["ports"].as_array().unwrap() {
        assert!(names.contains(&port["targetPort"]), "{port}");
    }
    // With one instance allowed to be away, the other one answers.
    assert_eq!(object("PodDisruptionBudget")["spec"]["maxUnavailable"], 1);
}
