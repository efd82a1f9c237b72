//! Legitimate numbers and complaint calls labelled and blocked, by kind.

use serde_json::Value;

use super::{Scored, evaluate, names, of_kind, same, scored, weeks};
use crate::support::complaints::{self, Files};

/// The names of the figures of actions and of months.
pub(super) fn names_are_as_promised(figures: &Value) {
    assert_eq!(
        (&figures["label_from"], &figures["block_from"]),
        (&60.0.into(), &80.0.into())
    );
    let kinds = [
        "geographic",
        "toll_free",
        "unspecified",
        "unspecified.geographic",
        "unspecified.toll_free",
    ];
    assert_eq!(names(&figures["by_legitimate_kind"]), kinds);
    for kind in kinds {
        let of_kind = &figures["by_legitimate_kind"][kind];
        assert_eq!(
            names(of_kind),
            [
                "blocked",
                "by_range",
                "interval",
                "labelled",
                "number_days",
                "numbers",
                "withheld"
            ]
        );
        assert_eq!(names(&of_kind["interval"]), ["blocked", "labelled"]);
    }
    let groups = ["all", "geographic", "toll_free"];
    assert_eq!(names(&figures["complaint_calls"]), groups);
    for group in groups {
        assert_eq!(
            names(&figures["complaint_calls"][group]),
            ["blocked", "by_range", "labelled", "share", "withheld"]
        );
    }
    assert_eq!(
        names(&figures["legitimate_numbers"]),
        ["blocked", "by_range", "labelled", "withheld"]
    );
    assert_eq!(figures["range_label"], true);
    assert_eq!(names(&figures["complaint_calls_by_category"]), ["UNSPECIFIED"]);
    assert_eq!(
        figures["complaint_calls_by_category"]["UNSPECIFIED"],
        figures["complaint_calls"]["all"]
    );
    assert_eq!(names(&figures["calibration_by_month"]), ["2020-04"]);
    let month = &figures["calibration_by_month"]["2020-04"];
    assert_eq!(
        names(month),
        ["complaint_calls", "intercept", "mean_score", "posterior", "slope"]
    );
    assert!(month["slope"].as_f64().unwrap() > 0.0);
}

/// Scores of the file are without the cap. So those as served are at most as high: no more is blocked, and just as much
/// is labelled, since the cap is 79.
pub(super) fn actions_are_counted_by_kind(figures: &Value, scored: &[Scored]) {
    let legitimate = of_kind(scored, "legitimate");
    let calls = of_kind(scored, "complaint");
    let share = |of: &[&Scored], from: f64| -> f64 {
        let all: u64 = of.iter().map(|one| one.calls).sum();
        let those = of.iter().filter(|one| one.score >= from);
        those.map(|one| one.calls).sum::<u64>() as f64 / all as f64
    };
    let is_toll_free = |one: &Scored| matches!(one.number / 10_000_000, 1_800 | 1_866 | 1_888);
    for (group, toll_free) in [("geographic", false), ("toll_free", true)] {
        let within = |all: &[&Scored]| -> usize { all.iter().filter(|one| is_toll_free(one) == toll_free).count() };
        let kind = &figures["by_legitimate_kind"][group];
        assert_eq!(kind["number_days"], within(&legitimate));
        assert_eq!(kind["numbers"], within(&legitimate) / 21);
        let those: Vec<&Scored> = calls
            .iter()
            .filter(|one| is_toll_free(one) == toll_free)
            .copied()
            .collect();
        let found = &figures["complaint_calls"][group];
        same(&found["labelled"], share(&those, 60.0), group);
        assert!(found["blocked"].as_f64().unwrap() <= share(&those, 80.0));
    }
    let all = &figures["by_legitimate_kind"]["unspecified"];
    assert_eq!(all["number_days"], legitimate.len());
    same(&all["labelled"], share(&legitimate, 60.0), "labelled");
    assert!(all["blocked"].as_f64().unwrap() <= share(&legitimate, 80.0));
    same(&figures["complaint_calls"]["all"]["share"], 1.0, "all calls");
}

/// Numbers of two files, with kinds; the thresholds are given, and the cap acts on actions without `--as-served`, too.
#[test]
fn actions_are_those_of_the_thresholds_given() {
    let (files, filed) = (Files::new(), complaints::sample());
    files.write("complaints.csv", &complaints::three_columns(&filed));
    let all = complaints::legitimate();
    let lines: Vec<String> = all.iter().map(|number| format!("{number},bank")).collect();
    files.write("legitimate.csv", &format!("number,kind\n{}\n", lines.join("\n")));
    files.write(
        "more.csv",
        &format!("kind,number\nSchool,5035559999\nschool,{}\n", all[0]),
    );
    let weeks = weeks();
    let mut more: Vec<&str> = weeks.iter().map(String::as_str).collect();
    more.extend(["--legitimate", "more.csv", "--label-from", "79", "--block-from", "79.5"]);
    let (measured, _) = evaluate(&files, &more);
    more.push("--as-served");
    let (served, text) = evaluate(&files, &more);
    for figure in ["by_legitimate_kind", "complaint_calls", "label_from"] {
        assert_eq!(measured[figure], served[figure], "{figure}");
    }
    assert_ne!(measured["threshold_at"], served["threshold_at"]);
    let kinds = &served["by_legitimate_kind"];
    assert_eq!(
        (&kinds["bank"]["numbers"], &kinds["school"]["numbers"]),
        (&all.len().into(), &1.into())
    );
    let scored = scored(&text);
    let calls = of_kind(&scored, "complaint");
    let share = |from: f64| {
        let those = calls.iter().filter(|one| one.score >= from).map(|one| one.calls);
        those.sum::<u64>() as f64 / calls.iter().map(|one| one.calls).sum::<u64>() as f64
    };
    let found = &served["complaint_calls"]["all"];
    same(&found["labelled"], share(79.0), "labelled");
    assert!(found["blocked"].as_f64().unwrap() <= share(79.5));
}
