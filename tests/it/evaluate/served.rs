//! What is labelled and blocked at thresholds of one's own: by flags, or by the configuration of a server.

use super::{evaluate, names, weeks};
use crate::support::complaints::{self, Files};

/// The sample in eight columns, with a subject for every third complaint.
fn with_subjects(files: &Files) {
    let filed = complaints::sample();
    let text = complaints::eight_columns(&filed);
    let lines = text.lines().enumerate().map(|(place, line)| match place % 3 {
        1 => line.trim_end_matches(',').to_owned() + ",Computer & technical support,Y",
        _ => line.to_owned(),
    });
    files.write("complaints.csv", &(lines.collect::<Vec<_>>().join("\n") + "\n"));
}

#[test]
fn categories_and_good_numbers_are_counted_at_the_thresholds_of_a_server() {
    let files = Files::new();
    with_subjects(&files);
    files.write(
        "server.toml",
        "[policy]\nlabel_from = 40\nblock_from = 70\nrange_label = 'off'\nsingle_report_blocks_for = 'default'\n",
    );
    let weeks = weeks();
    let weeks: Vec<&str> = weeks.iter().map(String::as_str).collect();
    let (of_file, _) = evaluate(&files, &[&weeks[..], &["--config", "server.toml"]].concat());
    assert_eq!(
        (&of_file["label_from"], &of_file["block_from"]),
        (&40.0.into(), &70.0.into())
    );
    assert_eq!(of_file["range_label"], false);
    for group in ["all", "geographic", "toll_free"] {
        assert_eq!(
            of_file["complaint_calls"][group]["by_range"], 0.0,
            "neighbours alone label nothing"
        );
    }
    let categories = &of_file["complaint_calls_by_category"];
    assert_eq!(names(categories), ["TECH_SUPPORT_SCAM", "UNSPECIFIED"]);
    let share = |name: &str| categories[name]["share"].as_f64().unwrap();
    assert!((share("TECH_SUPPORT_SCAM") - 1.0 / 3.0).abs() < 0.01, "{categories}");
    assert!((share("TECH_SUPPORT_SCAM") + share("UNSPECIFIED") - 1.0).abs() < 1e-9);

    // Flags override the file.
    let flags = [
        "--config",
        "server.toml",
        "--label-from",
        "60",
        "--block-from",
        "80",
        "--range-label",
        "on",
    ];
    let (of_flags, _) = evaluate(&files, &[&weeks[..], &flags].concat());
    assert_eq!(
        (&of_flags["label_from"], &of_flags["range_label"]),
        (&60.0.into(), &true.into())
    );
    assert!(of_flags["complaint_calls"]["all"]["by_range"].as_f64().unwrap() > 0.0);
    let withheld = |figures: &serde_json::Value| figures["complaint_calls"]["all"]["withheld"].as_f64().unwrap();
    let (plain, _) = evaluate(&files, &weeks);
    assert!(
        withheld(&plain) > withheld(&of_flags),
        "the file lets a single report block"
    );
}

#[test]
fn the_table_begins_with_good_and_bad_at_the_thresholds() {
    let files = Files::new();
    with_subjects(&files);
    let weeks = weeks();
    let mut arguments = vec!["evaluate", "complaints.csv", "--legitimate", "legitimate.csv"];
    arguments.extend(weeks.iter().map(String::as_str));
    arguments.extend(["--label-from", "50", "--range-label", "off"]);
    let text = files.succeed(&arguments);
    let head: Vec<&str> = text.lines().take(8).collect();
    assert!(
        head[0].contains("as served") && head[0].contains("by range") && head[0].contains("withheld"),
        "{text}"
    );
    assert!(
        text.contains("legitimate number-days") && text.contains("a score from 50 on"),
        "{text}"
    );
    assert!(
        text.contains("--range-label off") && text.contains("TECH_SUPPORT_SCAM"),
        "{text}"
    );
}

#[test]
fn wrong_configurations_are_refused_as_a_server_refuses_them() {
    let files = Files::new();
    files.write("server.toml", "[policy]\nrange_label = 'maybe'\n");
    let said = files.fail(&[
        "evaluate",
        "c.csv",
        "--legitimate",
        "legitimate.csv",
        "--config",
        "server.toml",
    ]);
    assert!(
        said.contains("is neither on nor off") && said.contains("policy.range_label"),
        "{said}"
    );
    let said = files.fail(&[
        "evaluate",
        "c.csv",
        "--legitimate",
        "legitimate.csv",
        "--label-from",
        "90",
    ]);
    assert!(said.contains("--block-from 80 is below --label-from 90"), "{said}");
}
