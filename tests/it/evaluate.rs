//! The command `evaluate` on a small sample. Its figures are computed a second time from the scores and the complaints
//! by other code, and later complaints change no score.
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts and shares are small"
)]

mod kinds;
mod served;

use std::collections::{BTreeMap, BTreeSet};

use crate::support::complaints::{self, DAYS, Filed, Files, day};
use chrono::{Days, NaiveDate};
use ringwarden::domain::feature::Feature;
use ringwarden::domain::model::{Fitted, ScoreModel, Term};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

/// A line of the file of scores.
struct Scored {
    day: NaiveDate,
    kind: String,
    number: u64,
    calls: u64,
    score: f64,
}

/// Runs `evaluate` on `complaints.csv`; gives the JSON, and the scores as they stand in the file.
fn evaluate(files: &Files, more: &[&str]) -> (Value, String) {
    let mut arguments = vec!["evaluate", "complaints.csv", "--legitimate", "legitimate.csv", "--json"];
    arguments.extend(["--scores-out", "scores.csv"]);
    arguments.extend(more);
    let json = files.succeed(&arguments);
    (serde_json::from_str(&json).unwrap(), files.read("scores.csv"))
}

fn scored(text: &str) -> Vec<Scored> {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("date,kind,number,calls,score"));
    let parse = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        Scored {
            day: fields[0].parse().unwrap(),
            kind: fields[1].to_owned(),
            number: fields[2].trim_start_matches('+').parse().unwrap(),
            calls: fields[3].parse().unwrap(),
            score: fields[4].parse().unwrap(),
        }
    };
    lines.map(parse).collect()
}

fn of_kind<'a>(scored: &'a [Scored], kind: &str) -> Vec<&'a Scored> {
    scored.iter().filter(|one| one.kind == kind).collect()
}

fn same(found: &Value, wanted: f64, what: &str) {
    let found = found.as_f64().unwrap();
    assert!((found - wanted).abs() < 1e-12, "{what}: {found}, not {wanted}");
}

/// The score of a number on a day.
fn score_of(scored: &[Scored], number: u64, date: &str) -> f64 {
    let date: NaiveDate = date.parse().unwrap();
    let of_day = |one: &&Scored| one.kind == "legitimate" && (one.number, one.day) == (number, date);
    scored.iter().find(of_day).unwrap().score
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The last three weeks of the sample, known from its first day on.
fn weeks() -> [String; 4] {
    let date = |place| day(place).to_string();
    ["--from".to_owned(), date(DAYS - 21), "--to".to_owned(), date(DAYS - 1)]
}

#[test]
fn figures_follow_from_the_scores() {
    let (files, filed) = (Files::new(), complaints::sample());
    files.write("complaints.csv", &complaints::three_columns(&filed));
    let weeks = weeks();
    let mut more: Vec<&str> = weeks.iter().map(String::as_str).collect();
    more.extend(["--plots", "plots"]);
    let (figures, text) = evaluate(&files, &more);
    let scored = scored(&text);
    names_are_as_promised(&figures);
    counts_are_those_of_the_files(&figures, &scored, &filed);
    shares_are_those_above_the_threshold(&figures, &scored);
    lists_are_those_of_the_complaints(&figures, &scored, &filed);
    kinds::actions_are_counted_by_kind(&figures, &scored);
    plots_are_drawn(&files);
}

fn names_are_as_promised(figures: &Value) {
    let shares = ["0.0005", "0.001", "0.002", "0.005", "0.01"];
    for by_share in [
        "stopped_at_flagged",
        "stopped_at_flagged_interval",
        "random_flagged_at",
        "threshold_at",
    ] {
        assert_eq!(names(&figures[by_share]), shares, "{by_share}");
    }
    let lists = ["seen_30d_1", "seen_30d_2", "seen_30d_3", "seen_90d_1"];
    assert_eq!(names(&figures["baselines"]), lists);
    for list in lists {
        assert_eq!(names(&figures["baselines"][list]), ["flagged", "stopped"]);
    }
    let kinds = ["new_geographic", "new_toll_free", "seen_30d", "seen_earlier"];
    assert_eq!(names(&figures["by_kind"]), kinds);
    for kind in kinds {
        assert_eq!(names(&figures["by_kind"][kind]), ["share", "stopped"]);
    }
    for figure in ["auc", "log_loss", "brier", "base_log_loss", "rate", "count"] {
        assert!(figures["again_in_7d"][figure].as_f64().unwrap() > 0.0, "{figure}");
    }
    for band in figures["reliability"].as_array().unwrap() {
        for figure in ["from", "to", "mean_score", "posterior", "share_of_calls"] {
            assert!(band[figure].is_number(), "{figure}");
        }
        assert_eq!(band["interval"].as_array().unwrap().len(), 2);
    }
    assert!(figures["time_to_80_days"].is_number());
    kinds::names_are_as_promised(figures);
    assert!(figures["legitimate_over_80"].is_number());
}

fn counts_are_those_of_the_files(figures: &Value, scored: &[Scored], filed: &[Filed]) {
    let days: BTreeSet<NaiveDate> = scored.iter().map(|one| one.day).collect();
    assert_eq!(days, (DAYS - 21..DAYS).map(day).collect());
    assert_eq!(figures["days"], 21);
    let calls = of_kind(scored, "complaint");
    let counts = complaints::by_number_and_day(filed);
    for call in &calls {
        let national = call.number - 10_000_000_000;
        assert_eq!(call.calls, counts[&(national, call.day)] as u64);
    }
    assert!(calls.iter().any(|call| call.calls >= 6), "a loud number");
    let all = filed.iter().filter(|(date, _)| days.contains(date)).count() as u64;
    assert_eq!(calls.iter().map(|call| call.calls).sum::<u64>(), all);
    assert_eq!(figures["complaints"], all);
    let legitimate = 21 * complaints::legitimate().len();
    assert_eq!(of_kind(scored, "legitimate").len(), legitimate);
    assert_eq!(figures["legitimate_number_days"], legitimate);
    assert_eq!(figures["random_number_days"], of_kind(scored, "random").len());
}

fn shares_are_those_above_the_threshold(figures: &Value, scored: &[Scored]) {
    let [calls, legitimate, random] = ["complaint", "legitimate", "random"].map(|kind| of_kind(scored, kind));
    let mut worst: Vec<f64> = legitimate.iter().map(|one| one.score).collect();
    worst.sort_by(|a, b| b.total_cmp(a));
    let above = |of: &[&Scored], threshold: f64| -> f64 {
        let all: u64 = of.iter().map(|one| one.calls).sum();
        let above = of.iter().filter(|one| one.score > threshold);
        above.map(|one| one.calls).sum::<u64>() as f64 / all as f64
    };
    for (name, share) in [
        ("0.0005", 0.000_5),
        ("0.001", 0.001),
        ("0.002", 0.002),
        ("0.005", 0.005),
        ("0.01", 0.01),
    ] {
        let threshold = worst[(share * worst.len() as f64).floor() as usize];
        same(&figures["threshold_at"][name], threshold, name);
        assert!(above(&legitimate, threshold) <= share);
        let stopped = above(&calls, threshold);
        same(&figures["stopped_at_flagged"][name], stopped, name);
        same(&figures["random_flagged_at"][name], above(&random, threshold), name);
        let [low, high] = [0, 1].map(|end| figures["stopped_at_flagged_interval"][name][end].as_f64().unwrap());
        assert!(low <= high && (0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
    }
    assert!(figures["stopped_at_flagged"]["0.01"].as_f64().unwrap() > 0.1);
    same(&figures["legitimate_over_80"], above(&legitimate, 80.0), "over 80");
}

/// A number is on a list if so many complaints of the days before say so.
fn lists_are_those_of_the_complaints(figures: &Value, scored: &[Scored], filed: &[Filed]) {
    let mut dates: BTreeMap<u64, Vec<NaiveDate>> = BTreeMap::new();
    for (date, number) in filed {
        dates.entry(10_000_000_000 + number).or_default().push(*date);
    }
    let seen = |one: &Scored, days: u64| {
        let from = one.day - Days::new(days);
        let dates = dates.get(&one.number).map_or(&[][..], Vec::as_slice);
        dates.iter().filter(|date| (from..one.day).contains(date)).count()
    };
    let share = |kind: &str, listed: &dyn Fn(&Scored) -> bool| {
        let all = of_kind(scored, kind);
        let listed = all.iter().filter(|one| listed(one)).map(|one| one.calls);
        listed.sum::<u64>() as f64 / all.iter().map(|one| one.calls).sum::<u64>() as f64
    };
    for (name, days, least) in [
        ("seen_30d_1", 30, 1),
        ("seen_30d_2", 30, 2),
        ("seen_30d_3", 30, 3),
        ("seen_90d_1", 90, 1),
    ] {
        let listed = |one: &Scored| seen(one, days) >= least;
        let stopped = share("complaint", &listed);
        assert!(stopped > 0.0, "{name}");
        same(&figures["baselines"][name]["stopped"], stopped, name);
        same(
            &figures["baselines"][name]["flagged"],
            share("legitimate", &listed),
            name,
        );
    }
    assert!(figures["baselines"]["seen_30d_1"]["flagged"].as_f64().unwrap() > 0.0);
    let recent = share("complaint", &|one| seen(one, 30) > 0);
    same(&figures["by_kind"]["seen_30d"]["share"], recent, "seen_30d");
    let earlier = share("complaint", &|one| seen(one, 30) == 0 && seen(one, 365) > 0);
    same(&figures["by_kind"]["seen_earlier"]["share"], earlier, "seen_earlier");
}

fn plots_are_drawn(files: &Files) {
    for (file, texts) in [
        (
            "reliability.svg",
            ["Does a score mean what it says?", "labelled from 60 on"],
        ),
        ("stopped.svg", ["3 times in 30 days", "blocked from 80 on, as served"]),
        ("scores.svg", ["Scores of complaint calls", "blocked from 80 on"]),
        ("kinds.svg", ["labelled and blocked, by kind", "toll_free (2 numbers)"]),
    ] {
        let svg = files.read(&format!("plots/{file}"));
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{file}");
        for text in texts {
            assert!(svg.contains(text), "{file}: {text}");
        }
    }
}

/// Complaints of a day or later never change the scores of that day.
#[test]
fn the_future_changes_nothing() {
    let (files, filed) = (Files::new(), complaints::sample());
    let (from, to) = (day(40).to_string(), day(43).to_string());
    let period = ["--from", from.as_str(), "--to", to.as_str()];
    files.write("complaints.csv", &complaints::three_columns(&filed));
    let (_, scores) = evaluate(&files, &period);

    let other = |(date, number): &Filed| (*date, if *date >= day(43) { number ^ 1 } else { *number });
    let mut changed: Vec<Filed> = filed.iter().map(other).collect();
    changed.extend((0..500).map(|place| (day(43 + place % 10), 2_122_340_000 + place)));
    files.write("complaints.csv", &complaints::three_columns(&changed));
    let (_, others) = evaluate(&files, &period);

    let known = |line: &&str| !line.contains("complaint") || !line.starts_with(&to);
    let lines = |text: &str| -> Vec<String> { text.lines().filter(known).map(str::to_owned).collect() };
    assert_eq!(lines(&scores), lines(&others));
    assert_ne!(scores, others, "the calls of the last day are others");
}

#[test]
fn late_complaints_are_known_later() {
    let files = Files::new();
    let number = 12_125_550_147;
    files.write("legitimate.csv", &format!("number\n{number}\n"));
    let filler: Vec<Filed> = (0..8)
        .map(|place| (day(place), 4_155_550_100 + place * 20_011))
        .collect();
    let mut filed = filler;
    filed.push((day(2), number - 10_000_000_000));
    files.write("complaints.csv", &complaints::three_columns(&filed));

    let on = |lag: &str, date: &str| score_of(&scored(&evaluate(&files, &["--lag-days", lag]).1), number, date);
    assert!(on("0", "2020-03-03") <= 0.0, "the complaint is of this day");
    assert!(on("0", "2020-03-04") > 0.0);
    assert!(
        on("1", "2020-03-04") <= 0.0,
        "the complaint of the day before is not known"
    );
    assert!(on("1", "2020-03-05") > 0.0);
    let (figures, _) = evaluate(&files, &["--from", "2020-03-04", "--to", "2020-03-05"]);
    assert_eq!((&figures["days"], &figures["complaints"]), (&2.into(), &2.into()));
}

/// In eight columns, a call is of the day of the call, and known from the day on which it was filed.
#[test]
fn both_layouts_are_read() {
    let (files, filed) = (Files::new(), complaints::sample());
    let filed: Vec<Filed> = filed.into_iter().filter(|(date, _)| *date < day(12)).collect();
    let from = day(9).to_string();
    files.write("complaints.csv", &complaints::three_columns(&filed));
    let three = evaluate(&files, &["--from", &from]);
    files.write("complaints.csv", &complaints::eight_columns(&filed));
    let eight = evaluate(&files, &["--from", &from]);
    assert_eq!(three, eight);

    let number = 12_125_550_147;
    files.write("legitimate.csv", &format!("number\n{number}\n"));
    let mut late = format!("{}\n", complaints::EIGHT);
    late.push_str("2125550147,2020-03-05 09:00:00,2020-03-02 10:00:00,,,212,,\n");
    for place in 1..8 {
        let date = day(place);
        late.push_str(&format!("4155550{place}00,{date} 12:00:00,{date} 11:00:00,,,415,,\n"));
    }
    files.write("complaints.csv", &late);
    let (_, text) = evaluate(&files, &[]);
    let scored = scored(&text);
    let call = scored
        .iter()
        .find(|one| one.kind == "complaint" && one.number == number);
    assert_eq!(call.unwrap().day.to_string(), "2020-03-02");
    assert!(score_of(&scored, number, "2020-03-05") <= 0.0);
    assert!(score_of(&scored, number, "2020-03-06") > 0.0);
}

/// A model that knows nothing but how often a number was reported: 80 is reached with the second report.
fn second_report() -> ScoreModel {
    ScoreModel {
        version: "second-report".to_owned(),
        intercept: 0.0,
        tables: Vec::new(),
        terms: vec![Term {
            feature: Feature::Reports,
            knots: vec![[0.0, 0.0], [0.9, 0.0], [1.0, 8.0]],
        }],
        ..ScoreModel::default()
    }
}

/// As if it had been fitted with the legitimate numbers of one half.
fn of_half(half: u8, intercept: f64) -> String {
    let built_in = ScoreModel::default();
    let model = ScoreModel {
        version: format!("half-{half}"),
        intercept: built_in.intercept + intercept,
        fitted: Some(Fitted {
            from: "2020-03-01".to_owned(),
            to: "2020-03-31".to_owned(),
            calls: 1,
            legitimate_numbers: 1,
            half: Some(half),
            seed: 1,
            loss: 0.1,
            loss_without: 0.7,
            kinds: Vec::new(),
            toll_free: None,
            recalibrated: None,
        }),
        ..built_in
    };
    model.to_json()
}

/// Of numbers first reported in the period: one came to 80 after a day, one after two, one after five, one never.
#[test]
fn the_time_to_80_is_counted_from_the_first_report() {
    let files = Files::new();
    files.write("legitimate.csv", "number\n2015550100\n");
    files.write("model.json", &second_report().to_json());
    let filler = (0..16).map(|place| (day(place), 4_155_550_100));
    let reports = [(5, 1), (5, 1), (5, 2), (6, 2), (5, 3), (9, 3), (5, 4), (15, 5), (15, 5)];
    let reports = reports.map(|(place, number)| (day(place), 2_125_550_100 + number * 1_000_003));
    files.write(
        "complaints.csv",
        &complaints::three_columns(&filler.chain(reports).collect::<Vec<_>>()),
    );
    let from = day(5).to_string();
    let (figures, _) = evaluate(&files, &["--model", "model.json", "--from", &from]);
    same(&figures["time_to_80_days"], 2.0, "median of 1, 2 and 5");
    same(
        &figures["reached_80"],
        0.75,
        "what came on the last day was not heard of",
    );
}

/// Every number is scored by the model fitted without its half, in any order of the two.
#[test]
fn a_cross_fit_scores_each_half_by_the_other() {
    let (files, filed) = (Files::new(), complaints::sample());
    files.write("complaints.csv", &complaints::three_columns(&filed));
    files.write("zero.json", &of_half(0, 0.0));
    files.write("one.json", &of_half(1, -0.5));
    let (from, to) = (day(30).to_string(), day(31).to_string());
    let run = |more: &[&str]| evaluate(&files, &[&["--from", &from, "--to", &to], more].concat());
    let both = run(&["--cross-fit", "zero.json", "one.json"]);
    assert_eq!(both, run(&["--cross-fit", "one.json", "zero.json"]));
    assert_eq!(both.0["models"], serde_json::json!(["half-1", "half-0"]));

    let key = |one: &Scored| (one.kind.clone(), one.day, one.number);
    let by_model = ["zero.json", "one.json"].map(|model| -> BTreeMap<_, f64> {
        let (_, text) = run(&["--model", model]);
        scored(&text).iter().map(|one| (key(one), one.score)).collect()
    });
    let mut halves = [0, 0];
    for one in scored(&both.1) {
        // Toll-free numbers are split by number, all others by exchange.
        let digits = if (800..900).contains(&(one.number / 10_000_000 % 1_000)) {
            format!("{:010}", one.number % 10_000_000_000)
        } else {
            format!("{:06}", one.number / 10_000 % 1_000_000)
        };
        let half = usize::from(xxh3_64(digits.as_bytes()) % 2 == 1);
        let score = by_model[1 - half][&key(&one)];
        assert!((one.score - score).abs() < 1e-9, "{}", one.number);
        halves[half] += 1;
    }
    assert!(halves[0] > 1_000 && halves[1] > 1_000);
}

#[test]
fn unusable_input_of_evaluate_is_refused() {
    let (files, filed) = (Files::new(), complaints::sample());
    files.write("complaints.csv", &complaints::three_columns(&filed[..300]));
    let run = |complaints: &str, more: &[&str]| {
        let arguments = ["evaluate", complaints, "--legitimate", "legitimate.csv"];
        files.fail(&[&arguments[..], more].concat())
    };
    for (half, name) in [(0, "zero.json"), (0, "same.json")] {
        files.write(name, &of_half(half, 0.0));
    }
    let said = run("complaints.csv", &["--cross-fit", "zero.json", "same.json"]);
    assert!(said.contains("`--half 0` and `--half 1`"), "{said}");

    let mut other = second_report();
    other.ranges.short_days = 20.0;
    other.fitted = ScoreModel::from_json(&of_half(1, 0.0)).unwrap().fitted;
    files.write("other.json", &other.to_json());
    let said = run("complaints.csv", &["--cross-fit", "zero.json", "other.json"]);
    assert!(said.contains("different half-lives"), "{said}");

    files.write("bad.json", &of_half(0, 0.0).replace("\"prior\": 0.1", "\"prior\": 1.1"));
    let said = run("complaints.csv", &["--model", "bad.json"]);
    assert!(said.contains("bad.json: prior is not between 0 and 1"), "{said}");

    let said = run("complaints.csv", &["--label-from", "90"]);
    assert!(said.contains("--block-from 80 is below --label-from 90"), "{said}");
    let said = run("legitimate.csv", &[]);
    assert!(said.contains("column"), "{said}");
    let said = run("complaints.csv", &["--from", "2019-01-01", "--to", "2019-01-31"]);
    assert!(said.contains("no complaints in these days"), "{said}");
    files.write("legitimate.csv", "number\n2125550147\nnobody\n");
    let said = run("complaints.csv", &[]);
    assert!(said.contains("legitimate.csv: line 3 has no valid number"), "{said}");
}
