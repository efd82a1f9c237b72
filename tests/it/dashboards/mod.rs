//! The alarms and the dashboard of `deploy` name all metrics of a running server and no others. The alarms fire when
//! they should, which `promtool` tests.

mod exposed;
mod promql;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use ringwarden::metrics::{CATALOGUE, Type};
use serde_json::Value;

use crate::support::server::Server;
use exposed::Exposed;
use sources::Alert;

/// The place of an expression, and the expression.
fn expressions() -> Vec<(String, String)> {
    let alerts = sources::alerts();
    let rules = alerts
        .iter()
        .map(|alert| (alert.name.clone(), alert.field("expr").to_owned()));
    let panels = sources::panels();
    let queries = panels.iter().flat_map(|panel| {
        let queries = panel.queries().into_iter();
        queries.map(|query| (panel.text("title").to_owned(), query.expression))
    });
    rules.chain(queries).collect()
}

/// A server with a call and a report behind it: a histogram appears with its first sample.
async fn exposed() -> Exposed {
    let server = Server::start().await;
    let report = r#"{"reportId": "r1", "number": "+13152328257", "source": "SOURCE_REGULATOR_FEED"}"#;
    assert_eq!(server.post("/v1/reports", report).await.status, 200);
    let lookup = r#"{"number": "+13152328257"}"#;
    assert_eq!(server.post("/v1/lookup", lookup).await.status, 200);
    let answer = server.get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert!(server.stop().await);
    Exposed::read(&answer.body)
}

#[tokio::test]
async fn every_metric_label_and_value_that_is_named_exists() {
    let exposed = exposed().await;
    let mut faults = BTreeSet::new();
    for (place, expression) in expressions() {
        let found = exposed.faults(&expression).into_iter();
        faults.extend(found.map(|fault| format!("{place}: {fault}")));
    }
    for panel in sources::panels() {
        for query in panel.queries() {
            let named = promql::named(&query.expression).unwrap();
            let metrics: Vec<_> = named
                .selectors
                .iter()
                .map(|selector| selector.metric.as_str())
                .collect();
            let shown = query.legend.split("{{").skip(1);
            let labels = shown.map(|part| part.split("}}").next().unwrap().trim());
            let found = labels.filter_map(|label| exposed.label_fault(&metrics, label));
            faults.extend(found.map(|fault| format!("{}: {fault}", panel.text("title"))));
        }
    }
    let faults: Vec<_> = faults.into_iter().collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_metric_is_watched() {
    let named: BTreeSet<_> = expressions()
        .iter()
        .flat_map(|(_, expression)| promql::named(expression).unwrap().selectors)
        .map(|selector| selector.metric)
        .collect();
    let unwatched: Vec<_> = CATALOGUE
        .iter()
        .filter(|(name, kind, _)| {
            let parts: &[&str] = if *kind == Type::Histogram {
                &["_bucket", "_sum", "_count"]
            } else {
                &[""]
            };
            !parts.iter().any(|part| named.contains(&format!("{name}{part}")))
        })
        .map(|(name, ..)| name)
        .collect();
    assert!(unwatched.is_empty(), "in no panel and no alarm: {unwatched:?}");
}

#[test]
fn promtool_accepts_the_rules_and_their_tests_pass() {
    for (verb, file) in [
        ("check", "prometheus/ringwarden.rules.yml"),
        ("test", "prometheus/ringwarden.test.yml"),
        ("test", "prometheus/drift.test.yml"),
        ("test", "prometheus/decisions.test.yml"),
        ("check", "prometheus/pull.rules.yml"),
        ("test", "prometheus/pull.test.yml"),
        ("check", "prometheus/kamailio.rules.yml"),
        ("test", "prometheus/kamailio.test.yml"),
    ] {
        let output = Command::new("promtool")
            .args([verb, "rules"])
            .arg(sources::path(file))
            .output()
            .unwrap_or_else(|error| panic!("promtool, of Debian's package prometheus, is needed: {error}"));
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(
            output.status.success() && said.contains("SUCCESS"),
            "{verb} {file}:\n{said}"
        );
    }
}

#[test]
fn every_alarm_is_tested_and_says_what_to_do() {
    let own = ["ringwarden", "drift", "decisions"];
    for (rules, tests) in [
        ("ringwarden", own.as_slice()),
        ("kamailio", &["kamailio"]),
        ("pull", &["pull"]),
    ] {
        let tests = tests
            .iter()
            .map(|name| sources::text(&format!("prometheus/{name}.test.yml")));
        let tests: String = tests.collect();
        for alert in sources::alerts_of(&format!("prometheus/{rules}.rules.yml")) {
            is_tested_and_says_what_to_do(&alert, &tests);
        }
    }
}

fn is_tested_and_says_what_to_do(alert: &Alert, tests: &str) {
    let severity = alert.field("severity");
    assert!(
        ["critical", "warning"].contains(&severity),
        "{}: {severity}",
        alert.name
    );
    for field in ["summary", "description", "runbook"] {
        let text = alert.field(field).trim_matches('"');
        assert!(text.len() > 20, "{}: {field}: {text}", alert.name);
    }
    let checks = tests.split("- eval_time:").skip(1);
    let of_this = checks.filter(|check| check.contains(&format!("alertname: {}\n", alert.name)));
    let (silent, raised): (Vec<_>, Vec<_>) = of_this.partition(|check| check.contains("exp_alerts: []"));
    assert!(!raised.is_empty(), "no test raises {}", alert.name);
    assert!(!silent.is_empty(), "no test keeps {} silent", alert.name);
}

#[test]
fn panels_are_whole_and_do_not_overlap() {
    let panels = sources::panels();
    let mut ids = BTreeSet::new();
    let mut taken: BTreeMap<(u64, u64), String> = BTreeMap::new();
    for panel in &panels {
        let title = panel.text("title");
        assert!(
            !title.is_empty() && ids.insert(panel.0["id"].as_u64().unwrap()),
            "{title}"
        );
        let [left, top, width, height] = panel.place();
        assert!(left + width <= 24, "{title} is too wide");
        for (x, y) in (left..left + width).flat_map(|x| (top..top + height).map(move |y| (x, y))) {
            let other = taken.insert((x, y), title.to_owned());
            assert_eq!(other, None, "{title} overlaps");
        }
        if panel.is_row() {
            continue;
        }
        assert!(
            panel.text("description").ends_with('.'),
            "{title} does not say what it shows"
        );
        assert!(!panel.queries().is_empty(), "{title} shows nothing");
        assert_eq!(panel.0["datasource"]["uid"], "${datasource}", "{title}");
        for query in panel.queries() {
            let named = promql::named(&query.expression).unwrap();
            let all = named
                .selectors
                .iter()
                .all(|selector| selector.labels.iter().any(|label| label == "instance"));
            assert!(all, "{title}: {} is not of the chosen instances", query.expression);
        }
    }
    let rows: Vec<_> = panels
        .iter()
        .filter(|panel| panel.is_row())
        .map(|panel| panel.text("title"))
        .collect();
    let expected = ["At a glance", "Calls", "Evidence", "Store", "Replication", "Process"];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn the_variables_are_those_that_panels_use() {
    let exposed = exposed().await;
    let dashboard = sources::dashboard();
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let names: Vec<_> = variables
        .iter()
        .map(|variable| variable["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["datasource", "instance"]);
    assert_eq!(variables[0]["query"], Value::from("prometheus"));
    let query = variables[1]["query"]["query"].as_str().unwrap();
    let inner = query
        .strip_prefix("label_values(")
        .and_then(|query| query.strip_suffix(")"))
        .unwrap();
    let (metric, label) = inner.split_once(", ").unwrap();
    assert_eq!(exposed.faults(metric), Vec::<String>::new());
    assert_eq!(label, "instance");
}
