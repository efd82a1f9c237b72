//! The command `fit`: the same samples give the same file, and later complaints are not read.

use crate::support::complaints::{self, DAYS, Filed, Files, day};
use ringwarden::domain::feature::Direction;
use ringwarden::domain::model::ScoreModel;

/// The days that are fitted on: there must be 24,000 numbers seen before their Tuesdays.
const FROM: u64 = 27;

fn fit(files: &Files, more: &[&str]) -> String {
    let (from, to) = (day(FROM).to_string(), day(DAYS - 1).to_string());
    let mut arguments = vec!["fit", "complaints.csv", "--legitimate", "legitimate.csv"];
    arguments.extend(["--from", &from, "--to", &to, "--out", "model.json"]);
    arguments.extend(more);
    files.succeed(&arguments);
    files.read("model.json")
}

#[test]
fn a_seed_gives_a_model() {
    let (files, mut filed) = (Files::new(), complaints::sample());
    files.write("complaints.csv", &complaints::three_columns(&filed));
    let text = fit(&files, &["--seed", "1"]);
    let model = ScoreModel::from_json(&text).unwrap();
    is_sound(&model, &filed);

    // Without everything that was filed later.
    let later: Vec<Filed> = (0..3_000).map(|n| (day(DAYS + n % 20), 2_122_340_000 + n)).collect();
    filed.extend(later);
    files.write("complaints.csv", &complaints::three_columns(&filed));
    assert_eq!(fit(&files, &["--seed", "1"]), text);

    let half = ScoreModel::from_json(&fit(&files, &["--seed", "2", "--half", "1"])).unwrap();
    assert_ne!(half.version, model.version);
    let (all, half) = (model.fitted.unwrap(), half.fitted.unwrap());
    assert_eq!((half.half, half.seed), (Some(1), 2));
    assert!((1..all.legitimate_numbers).contains(&half.legitimate_numbers));
    assert_ne!(half.calls, all.calls, "another draw");
}

/// It says what it was fitted on, its terms do not fall where more is worse, and it found what there is to find.
fn is_sound(model: &ScoreModel, filed: &[Filed]) {
    let start = ScoreModel::default();
    assert!(
        model.version.starts_with(&format!("fit-{}-", day(DAYS - 1))),
        "{}",
        model.version
    );
    assert!(model.shares_evidence_with(&start) && model.rules == start.rules);
    assert_eq!(model.prior.to_bits(), start.prior.to_bits());
    for term in model
        .terms
        .iter()
        .filter(|term| term.feature.direction() == Direction::Rises)
    {
        let rises = |pair: &[[f64; 2]]| pair[0][0] < pair[1][0] && pair[0][1] <= pair[1][1];
        assert!(term.knots.windows(2).all(rises), "{:?}", term.feature);
    }
    let fitted = model.fitted.as_ref().unwrap();
    assert_eq!(
        (fitted.from.clone(), fitted.to.clone()),
        (day(FROM).to_string(), day(DAYS - 1).to_string())
    );
    assert_eq!((fitted.half, fitted.seed), (None, 1));
    assert_eq!(fitted.legitimate_numbers, complaints::legitimate().len() as u64);
    let calls = filed.iter().filter(|(date, _)| *date >= day(FROM)).count() as u64;
    assert!((calls / 3..calls).contains(&fitted.calls), "one in two of {calls}");
    assert!(fitted.loss < fitted.loss_without * 0.9, "{fitted:?}");
    assert!(model.again.slope > 0.0);
}

/// A model with halved and shifted points, and the model that it was made of, get the same points by the same calls.
#[test]
fn a_recalibration_finds_the_points_again() {
    let (files, filed) = (Files::new(), complaints::sample());
    files.write("complaints.csv", &complaints::three_columns(&filed));
    let fitted = ScoreModel::from_json(&fit(&files, &["--seed", "1"])).unwrap();
    files.write("fitted.json", &fitted.to_json());
    let mut bent = fitted.clone();
    let knots = bent.terms.iter_mut().flat_map(|term| &mut term.knots);
    knots.for_each(|[_, points]| *points /= 2.0);
    bent.intercept = bent.intercept / 2.0 - 1.5;
    files.write("bent.json", &bent.to_json());
    let again = |name: &str| ScoreModel::from_json(&fit(&files, &["--recalibrate", name])).unwrap();
    let (straight, found) = (again("fitted.json"), again("bent.json"));
    assert_eq!(found, again("bent.json"), "the same data give the same model");

    let knots = |model: &ScoreModel| -> Vec<f64> {
        let knots = model.terms.iter().flat_map(|term| &term.knots);
        knots.map(|[_, points]| *points).chain([model.intercept]).collect()
    };
    for (one, other) in knots(&straight).iter().zip(knots(&found)) {
        assert!((one - other).abs() < 1e-4, "{one} {other}");
    }
    let line = |model: &ScoreModel| model.fitted.clone().unwrap().recalibrated.unwrap();
    let (straight_line, line) = (line(&straight), line(&found));
    assert!((0.9..1.2).contains(&straight_line.slope), "{straight_line:?}");
    assert!(straight_line.intercept.abs() < 0.2, "{straight_line:?}");
    assert!((line.slope - 2.0 * straight_line.slope).abs() < 1e-4, "{line:?}");
    assert_eq!((line.of, line.to), (bent.version, day(DAYS - 1).to_string()));
    assert!(found.version.starts_with("recalibrated-"), "{}", found.version);
    assert_ne!(found.version, straight.version);
}

#[test]
fn a_recalibration_without_a_fitted_model_is_refused() {
    let (files, filed) = (Files::new(), complaints::sample());
    files.write("complaints.csv", &complaints::three_columns(&filed));
    let model = ScoreModel {
        fitted: None,
        ..ScoreModel::default()
    };
    files.write("start.json", &model.to_json());
    let arguments = [
        "fit",
        "complaints.csv",
        "--legitimate",
        "legitimate.csv",
        "--from",
        "2020-04-01",
    ];
    let run = |more: &[&str]| files.fail(&[&arguments[..], &["--to", "2020-04-29", "--out", "o.json"], more].concat());
    let said = run(&["--recalibrate", "start.json"]);
    assert!(said.contains("has no `fitted`"), "{said}");
    let said = run(&["--recalibrate", "start.json", "--seed", "1"]);
    assert!(said.contains("--seed"), "{said}");
    let said = run(&[]);
    assert!(said.contains("--seed"), "{said}");
}

/// Forty toll-free numbers a day, most of them with several complaints, and forty legitimate ones of two kinds.
#[test]
fn toll_free_numbers_are_fitted_apart() {
    let (files, mut filed) = (Files::new(), complaints::sample());
    let campaign = |place: u64, n: u64| 8_885_550_000 + (place / 3 * 40 + n) % 9_000;
    filed.extend((0..DAYS).flat_map(|place| (0..40).map(move |n| (day(place), campaign(place, n)))));
    filed.sort();
    files.write("complaints.csv", &complaints::three_columns(&filed));
    let toll_free = (0..40).map(|n| {
        let kind = if n < 30 { "bank" } else { "health" };
        format!("{},{kind}\n", 8_005_551_000_u64 + n * 37)
    });
    let text = format!("number,kind\n{}", toll_free.collect::<String>());
    files.write("toll-free.csv", &text);
    let text = fit(&files, &["--seed", "1", "--legitimate", "toll-free.csv"]);
    let model = ScoreModel::from_json(&text).unwrap();
    let part = model.toll_free.as_ref().unwrap();
    assert!(part.terms.iter().all(|term| term.feature.name() != "spread_1000"));
    assert!(model.terms.iter().any(|term| term.feature.name() == "spread_1000"));

    let fitted = model.fitted.unwrap();
    let share = fitted.toll_free.unwrap().share_of_complaint_calls;
    assert!((0.05..0.2).contains(&share), "{share}");
    let kinds: Vec<_> = fitted.kinds.iter().filter(|kind| kind.toll_free).collect();
    let found: Vec<_> = kinds.iter().map(|kind| (kind.kind.as_str(), kind.numbers)).collect();
    assert_eq!(found, [("bank", 30), ("health", 10), ("unspecified", 2)]);
    let sum: f64 = kinds.iter().map(|kind| kind.share).sum();
    assert!((sum - 1.0).abs() < 1e-9 && (kinds[0].share / kinds[1].share - 3.0).abs() < 1e-9);
}

#[test]
fn too_little_is_refused() {
    let (files, filed) = (Files::new(), complaints::sample());
    files.write("complaints.csv", &complaints::three_columns(&filed));
    let run = |from: &str, to: &str| {
        let arguments = ["fit", "complaints.csv", "--legitimate", "legitimate.csv", "--seed", "1"];
        let said = files.fail(&[&arguments[..], &["--from", from, "--to", to, "--out", "model.json"]].concat());
        assert!(!files.path("model.json").exists());
        said
    };
    let said = run("2020-03-02", "2020-03-05");
    assert!(
        said.contains("too few complaint calls to fit on: ") && said.contains("at least 1000"),
        "{said}"
    );
    assert!(run("2019-03-02", "2019-03-05").contains("no complaints in these days"));
}
