//! The series that a server has at `/metrics`: their names, their labels, and the values of the labels.

use std::collections::{BTreeMap, BTreeSet};

use super::promql;

/// Labels that Prometheus adds to every series it reads.
const ADDED: [&str; 2] = ["job", "instance"];
/// The series that Prometheus makes of every target, and what the job is called.
const UP: &str = "up";
const JOB: (&str, &str) = ("job", "ringwarden");

/// All series of a server.
#[derive(Debug)]
pub struct Exposed {
    /// By the name of the series, the values of each label.
    series: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Exposed {
    /// Reads the text format of Prometheus.
    pub fn read(text: &str) -> Self {
        let mut series = BTreeMap::from([(UP.to_owned(), BTreeMap::new())]);
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (selector, _) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
            let named = promql::named(selector).unwrap_or_else(|error| panic!("{error}: {line}"));
            let [selector] = named.selectors.as_slice() else {
                panic!("not one series: {line}");
            };
            let labels: &mut BTreeMap<_, BTreeSet<_>> = series.entry(selector.metric.clone()).or_default();
            for (label, value) in &selector.values {
                labels.entry(label.clone()).or_default().insert(value.clone());
            }
        }
        Self { series }
    }

    /// The names in an expression that do not exist.
    pub fn faults(&self, expression: &str) -> Vec<String> {
        let named = match promql::named(expression) {
            Ok(named) => named,
            Err(error) => return vec![error],
        };
        let mut faults = Vec::new();
        for selector in &named.selectors {
            let Some(labels) = self.series.get(&selector.metric) else {
                faults.push(format!("no series {}", selector.metric));
                continue;
            };
            let unknown = selector.labels.iter().filter(|label| !has(labels, label));
            faults.extend(unknown.map(|label| format!("{} has no label {label}", selector.metric)));
            let absent = selector.values.iter().filter(|(label, value)| {
                let is_job = (label.as_str(), value.as_str()) == JOB;
                has(labels, label) && !is_job && !labels.get(label).is_some_and(|values| values.contains(value))
            });
            faults.extend(absent.map(|(label, value)| format!("{} has no {label}={value}", selector.metric)));
        }
        let metrics: Vec<_> = named
            .selectors
            .iter()
            .map(|selector| selector.metric.as_str())
            .collect();
        for label in &named.groupings {
            faults.extend(self.label_fault(&metrics, label));
        }
        faults
    }

    /// The fault that none of these series has this label, if so. If a series does not exist, that is another fault.
    pub fn label_fault(&self, metrics: &[&str], label: &str) -> Option<String> {
        let found: Option<Vec<_>> = metrics.iter().map(|metric| self.series.get(*metric)).collect();
        let is_absent = !found?.iter().any(|labels| has(labels, label));
        is_absent.then(|| format!("none of {metrics:?} has a label {label}"))
    }
}

fn has(labels: &BTreeMap<String, BTreeSet<String>>, label: &str) -> bool {
    labels.contains_key(label) || ADDED.contains(&label)
}

mod tests {
    use super::*;

    const TEXT: &str = "# HELP a_total Things.\n# TYPE a_total counter\na_total{kind=\"x\"} 1\n\
                        a_total{kind=\"y\",how=\"z\"} NaN\n\nb 2\nc_bucket{le=\"0.05\"} 3\nc_bucket{le=\"+Inf\"} 4\n";

    #[test]
    fn existing_series_are_found() {
        let exposed = Exposed::read(TEXT);
        for expression in [
            r#"sum by (kind, instance) (rate(a_total{kind=~"x|y", how!="z", job="ringwarden"}[5m])) > b"#,
            r#"c_bucket{le="0.05", instance=~"$instance"}"#,
            r#"up{job="ringwarden"}"#,
        ] {
            assert_eq!(exposed.faults(expression), Vec::<String>::new(), "{expression}");
        }
    }

    #[test]
    fn missing_series_are_named() {
        let exposed = Exposed::read(TEXT);
        for (expression, fault) in [
            ("d", "no series d"),
            (r#"a_total{kind="z"}"#, "a_total has no kind=z"),
            (r#"a_total{kind=~"x|w"}"#, "a_total has no kind=w"),
            (r#"b{kind="x"}"#, "b has no label kind"),
            (r#"b{job="another"}"#, "b has no job=another"),
            ("sum by (kind) (b)", r#"none of ["b"] has a label kind"#),
            (r#"c_bucket{le="0.06"}"#, "c_bucket has no le=0.06"),
        ] {
            assert_eq!(exposed.faults(expression), [fault], "{expression}");
        }
    }
}
