//! `model show`: the built-in model as a file.

use crate::support::complaints::{self, Files, day};

const BUILT_IN: &str = include_str!("../../../src/domain/model/built-in.json");

#[test]
fn the_built_in_model_is_written_byte_for_byte_and_read_again() {
    let files = Files::new();
    let shown = files.succeed(&["model", "show"]);
    assert_eq!(shown, BUILT_IN);
    files.write("model.json", &shown);
    assert_eq!(files.succeed(&["model", "show", "--model", "model.json"]), BUILT_IN);
    let summary = files.succeed(&["model", "show", "--summary"]);
    assert!(summary.contains("prior") && summary.contains("fitted on"), "{summary}");

    let filed: Vec<_> = complaints::sample()
        .into_iter()
        .filter(|(date, _)| *date < day(4))
        .collect();
    files.write("complaints.csv", &complaints::three_columns(&filed));
    let measure = |more: &[&str]| {
        let arguments = ["evaluate", "complaints.csv", "--legitimate", "legitimate.csv", "--json"];
        files.succeed(&[&arguments, more].concat())
    };
    assert_eq!(measure(&["--model", "model.json"]), measure(&[]));
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    let files = Files::new();
    let said = files.fail(&["model", "show", "--model", "legitimate.csv"]);
    assert!(
        said.contains("legitimate.csv") && said.contains("is not a model file"),
        "{said}"
    );
}
