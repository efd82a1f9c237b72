//! What an app and a brand's own team get for their reports, on the command line.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::program::Program;

const NUMBER: &str = "+14155550199";

fn run(server: &Program, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command.args(args);
    command.args(["--server", &format!("http://{}", server.grpc())]);
    command.env_clear().output().unwrap()
}

fn printed(server: &Program, args: &[&str]) -> String {
    let output = run(server, args);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn looked_up(server: &Program, number: &str) -> Value {
    serde_json::from_str(&printed(server, &["lookup", number, "--json"])).unwrap()
}

/// Reports of people whom the server does not know, as an app passes them on.
async fn tell(server: &Program, people: std::ops::Range<u32>, more: &Value) {
    let reports: Vec<Value> = people
        .map(|n| {
            let mut report = json!({
                "reportId": format!("app-{n}-{}", more["notSpam"]),
                "number": NUMBER,
                "source": "SOURCE_APP_FEEDBACK",
                "reporterId": format!("person-{n}"),
                "reporterArea": (201 + n).to_string(),
            });
            let more = more.as_object().unwrap().clone();
            report.as_object_mut().unwrap().extend(more);
            report
        })
        .collect();
    let body = json!({ "reports": reports }).to_string();
    let (status, answer) = server.post("/v1/reports:batch", &body).await;
    assert_eq!(status, 200, "{answer}");
}

/// A new app has no trusted feed. Its users are enough for a label, with the kind of call, the brand and advice.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_five_users_of_a_new_app_label_a_number_and_say_why() {
    let server = Program::serve("memory:").await;
    let said = json!({ "category": "CATEGORY_BANK_IMPERSONATION", "impersonatedBrand": "Chase" });
    tell(&server, 0..3, &said).await;
    assert_eq!(looked_up(&server, NUMBER)["action"], json!("ACTION_ALLOW"));
    tell(&server, 3..25, &said).await;
    let found = looked_up(&server, NUMBER);
    assert_eq!(found["action"], json!("ACTION_LABEL"), "{found}");
    assert_eq!(found["riskLevel"], json!("RISK_LEVEL_HIGH"), "{found}");
    assert_eq!(found["category"], json!("CATEGORY_BANK_IMPERSONATION"), "{found}");
    assert_eq!(found["impersonatedBrand"], json!("Chase"), "{found}");
    let advice = found["advice"].to_string();
    assert!(advice.contains("bank"), "{advice}");
    let card = printed(&server, &["lookup", NUMBER]);
    let words: Vec<&str> = card.split_whitespace().collect();
    let card = words.join(" ");
    assert!(card.contains("UNPROVEN_REPORTERS"), "{card}");
    assert!(card.contains("labels it and does not block it"), "{card}");

    // As many customers of the owner say that the calls were wanted.
    tell(&server, 100..125, &json!({ "notSpam": true })).await;
    let found = looked_up(&server, NUMBER);
    assert_eq!(found["action"], json!("ACTION_ALLOW"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brands_own_team_is_believed_on_its_brand() {
    let server = Program::serve_with("memory:", &["--brand-feed", "acme-fraud=Acme,Acme Bank"]).await;
    let report = |number: &'static str, feed: &'static str, brand: &'static str| {
        let team = ["--source", "ENTERPRISE_BRAND", "--feed", feed, "--brand", brand];
        printed(&server, &[&["report", number], &team[..]].concat());
        looked_up(&server, number)
    };
    let own = report("+14155550111", "acme-fraud", "acme bank");
    assert_eq!(own["action"], json!("ACTION_LABEL"), "{own}");
    let other_brand = report("+12125550122", "acme-fraud", "Microsoft");
    assert_eq!(other_brand["action"], json!("ACTION_ALLOW"), "{other_brand}");
    let other_feed = report("+13055550133", "other", "Acme Bank");
    assert_eq!(other_feed["action"], json!("ACTION_ALLOW"), "{other_feed}");
}

#[test]
fn a_wrong_brand_feed_is_told_with_an_example() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwarden"));
    command.args(["serve", "--store", "memory:", "--brand-feed", "acme-fraud"]);
    let output = command.env_clear().output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("--brand-feed") && said.contains("acme-fraud=Acme,Acme Bank"),
        "{said}"
    );
}
