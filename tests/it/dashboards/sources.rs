//! The dashboard and the alarms, read from their files.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

/// A file of `deploy`.
pub fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file)
}

/// The text of a file of `deploy`.
pub fn text(file: &str) -> String {
    let path = path(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An alarm.
#[derive(Debug)]
pub struct Alert {
    pub name: String,
    /// `expr`, `for`, `severity`, `summary`, ... as they are written.
    pub fields: BTreeMap<String, String>,
}

impl Alert {
    /// A field that every alarm has.
    pub fn field(&self, name: &str) -> &str {
        let found = self.fields.get(name).filter(|text| !text.is_empty());
        found.unwrap_or_else(|| panic!("{} has no {name}", self.name))
    }
}

/// All alarms on the metrics of the server.
pub fn alerts() -> Vec<Alert> {
    alerts_of("prometheus/ringwarden.rules.yml")
}

/// All alarms of a file of rules. A field is a line: the file says that it keeps to that.
pub fn alerts_of(file: &str) -> Vec<Alert> {
    let mut alerts: Vec<Alert> = Vec::new();
    for line in text(file).lines().map(str::trim) {
        let Some((key, value)) = line.split_once(':').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        if key == "- alert" {
            alerts.push(Alert {
                name: value.trim().to_owned(),
                fields: BTreeMap::new(),
            });
        } else if let Some(alert) = alerts.last_mut().filter(|_| !key.starts_with('-')) {
            alert.fields.insert(key.to_owned(), value.trim().to_owned());
        }
    }
    assert!(!alerts.is_empty(), "no alarms in {file}");
    alerts
}

/// A panel of the dashboard, rows included.
#[derive(Debug)]
pub struct Panel(pub Value);

/// A query of a panel, and its legend.
#[derive(Debug)]
pub struct Query {
    pub expression: String,
    pub legend: String,
}

impl Panel {
    /// A text of the panel; empty if it has none.
    pub fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_default()
    }

    /// Whether it is only a heading.
    pub fn is_row(&self) -> bool {
        self.text("type") == "row"
    }

    /// Left, top, width and height, in 24ths of the width and in lines.
    pub fn place(&self) -> [u64; 4] {
        let place = &self.0["gridPos"];
        ["x", "y", "w", "h"].map(|key| place[key].as_u64().unwrap_or_else(|| panic!("no {key}: {place}")))
    }

    /// All its queries.
    pub fn queries(&self) -> Vec<Query> {
        let targets = self.0["targets"].as_array().into_iter().flatten();
        let query = |target: &Value| Query {
            expression: target["expr"].as_str().unwrap().to_owned(),
            legend: target["legendFormat"].as_str().unwrap().to_owned(),
        };
        targets.map(query).collect()
    }
}

/// The dashboard.
pub fn dashboard() -> Value {
    serde_json::from_str(&text("grafana/ringwarden.json")).unwrap()
}

/// The panels of the dashboard, in order. None is hidden in a row.
pub fn panels() -> Vec<Panel> {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap().iter().cloned().map(Panel);
    let panels: Vec<_> = panels.collect();
    for row in panels.iter().filter(|panel| panel.is_row()) {
        assert_eq!(row.0["panels"].as_array().map(Vec::len), Some(0), "{row:?}");
    }
    panels
}
