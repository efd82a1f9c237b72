//! `serve --range-label off`: a score that rests on the neighbouring numbers alone labels no call.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::complaints::{self, Files};
use crate::support::program::Program;

/// A number whose neighbours are reported.
const NUMBER: &str = "+12125550150";

/// The answer for the number of a server with these arguments, and what `decision` tells of it.
async fn answer(arguments: &[&str]) -> (Value, String) {
    let program = Program::serve_with("memory:", arguments).await;
    let server = format!("http://{}", program.grpc());
    let files = Files::new();
    let yesterday = chrono::DateTime::from_timestamp(ringwarden::clock::Clock::system().now().millis() / 1_000, 0);
    let yesterday = yesterday.unwrap().date_naive() - chrono::Days::new(1);
    let mut text = format!("{}\n", complaints::THREE);
    for neighbour in 0..12 {
        writeln!(text, "{yesterday},21255501{neighbour:02},{}", 201 + neighbour).unwrap();
    }
    files.write("complaints.csv", &text);
    files.succeed(&["import", "ftc", "complaints.csv", "--server", &server]);
    let text = files.succeed(&["lookup", NUMBER, "--server", &server, "--json"]);
    let answer: Value = serde_json::from_str(&text).unwrap();
    let id = answer["decisionId"].as_str().unwrap();
    let told = files.succeed(&["decision", id, "--server", &server]);
    (answer, told.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[tokio::test]
async fn neighbours_alone_label_unless_it_is_switched_off() {
    let (labelled, told) = answer(&[]).await;
    let score = labelled["riskScore"].as_f64().unwrap();
    assert!(score >= 60.0, "{labelled}");
    assert_eq!(labelled["action"], "ACTION_LABEL");
    let sentence = "There are warnings about numbers close to this one: it may be used for unwanted calls, too.";
    assert_eq!(labelled["display"]["sentence"], sentence, "{labelled}");
    let sentence = "There were warnings about numbers close to this one, and little was known of the number itself.";
    assert!(
        told.contains(sentence) && !told.contains("What people reported"),
        "{told}"
    );

    let (allowed, _) = answer(&["--range-label", "off"]).await;
    assert_eq!(
        (&allowed["action"], &allowed["basis"]),
        (&"ACTION_ALLOW".into(), &"BASIS_ANALYTICS".into())
    );
    assert!(
        (allowed["riskScore"].as_f64().unwrap() - score).abs() < 0.1,
        "the score stays"
    );
    let reasons = allowed["reasons"].as_array().unwrap();
    let reason = reasons.iter().find(|reason| reason["code"] == "RANGE_ONLY").unwrap();
    assert!(
        reason["detail"].as_str().unwrap().contains("labels no call for that"),
        "{reason}"
    );
}
