//! Model files: a written file reads back, and each kind of fault is refused with the name of the field.

use serde_json::{Value, json};

use super::*;

/// A valid file that uses all fields.
fn sound() -> Value {
    json!({
        "format": 1,
        "version": "test-1",
        "prior": 0.1,
        "half_lives_days": {
            "recent_reports": 3,
            "reports": 30.5,
            "not_spam": 125,
            "areas": 31,
            "ranges_recent": 2,
            "ranges": 15,
            "ranges_long": 61
        },
        "intercept": -1.25,
        "terms": [
            { "feature": "reports", "knots": [[0.0, 0.0], [0.7, 1.1], [3.0, 1.1]] },
            { "feature": "quiet_days", "knots": [[0.0, 0.1], [4.0, -0.3]] }
        ],
        "tables": [
            { "features": ["reports", "areas"], "rows": [0, 1], "columns": [0.5], "points": [[0.0], [0.2]] }
        ],
        "again_in_7d": {
            "intercept": -2.0,
            "slope": 0.7,
            "terms": [{ "feature": "reports", "knots": [[0.0, 0.3], [1.0, -0.3]] }]
        },
        "rules": {
            "range_only_most": 70,
            "cases": { "caller_id": 2 },
            "attestation": { "a": -1 }
        },
        "fitted": {
            "from": "2020-05-01",
            "to": "2020-10-31",
            "calls": 100,
            "legitimate_numbers": 50,
            "half": 0,
            "seed": 7,
            "loss": 0.3,
            "loss_without": 0.5
        }
    })
}

fn read(file: &Value) -> Result<ScoreModel, ModelError> {
    ScoreModel::from_json(&file.to_string())
}

/// The valid file with one value replaced.
fn with(place: &str, value: Value) -> Value {
    let mut file = sound();
    *file
        .pointer_mut(place)
        .unwrap_or_else(|| panic!("no {place} in the file")) = value;
    file
}

fn refusal(file: &Value) -> String {
    read(file).expect_err("a fault").to_string()
}

#[test]
fn a_written_model_is_read_exactly() {
    let model = read(&sound()).unwrap();
    assert_eq!(ScoreModel::from_json(&model.to_json()).unwrap(), model);
    let built_in = ScoreModel::default();
    assert_eq!(ScoreModel::from_json(&built_in.to_json()).unwrap(), built_in);
    // To the last bit: otherwise a model would drift each time it is written.
    let third = with("/prior", json!(1.0 / 3.0));
    let again = ScoreModel::from_json(&read(&third).unwrap().to_json()).unwrap();
    assert_eq!(again.prior.to_bits(), (1.0f64 / 3.0).to_bits());
}

#[test]
fn every_value_finds_its_place() {
    let model = read(&sound()).unwrap();
    assert_eq!(model.version, "test-1");
    let fold = model.fold;
    assert_eq!(
        [fold.short_days, fold.long_days, fold.not_spam_days],
        [3.0, 30.5, 125.0]
    );
    let ranges = model.ranges;
    assert_eq!(
        [ranges.recent_days, ranges.short_days, ranges.long_days],
        [2.0, 15.0, 61.0]
    );
    assert_eq!(
        [model.areas_half_life_days, model.prior, model.intercept],
        [31.0, 0.1, -1.25]
    );
    assert_eq!(
        (model.terms.len(), model.tables.len(), model.again.terms.len()),
        (2, 1, 1)
    );
    assert_eq!([model.again.intercept, model.again.slope], [-2.0, 0.7]);
    assert_eq!(model.fitted.unwrap().calls, 100);
    // Rules that the file leaves out are defaults.
    let defaults = Rules::default();
    assert_eq!([model.rules.range_only_most, model.rules.cases.caller_id], [70.0, 2.0]);
    assert_eq!(model.rules.cases.most, defaults.cases.most);
    assert_eq!(
        [model.rules.attestation.a, model.rules.attestation.b],
        [-1.0, defaults.attestation.b]
    );
}

#[test]
fn the_built_in_model_is_sound() {
    let model = ScoreModel::from_json(BUILT_IN).unwrap();
    assert_eq!(model, ScoreModel::default());
    assert!(!model.terms.is_empty());
}

#[test]
fn another_format_is_refused_with_any_content() {
    for file in [with("/format", json!(2)), json!({ "format": 2, "weights": [1] })] {
        let refused = read(&file);
        assert!(matches!(refused, Err(ModelError::Format { found: 2 })), "{refused:?}");
    }
}

#[test]
fn other_json_is_not_a_model_file() {
    for text in ["", "{", "[]", "{}", "null", "{\"format\": 1}"] {
        assert!(
            matches!(ScoreModel::from_json(text), Err(ModelError::Json(_))),
            "{text}"
        );
    }
    let overflowing = sound().to_string().replace("-1.25", "1e999");
    assert!(matches!(ScoreModel::from_json(&overflowing), Err(ModelError::Json(_))));
    let no_number = sound().to_string().replace("-1.25", "NaN");
    assert!(matches!(ScoreModel::from_json(&no_number), Err(ModelError::Json(_))));
}

#[test]
fn an_unknown_field_is_refused_by_name() {
    for place in [
        "",
        "/half_lives_days",
        "/terms/0",
        "/tables/0",
        "/again_in_7d",
        "/rules",
        "/rules/cases",
        "/rules/attestation",
        "/fitted",
    ] {
        let mut file = sound();
        let object = file.pointer_mut(place).and_then(Value::as_object_mut).unwrap();
        object.insert("surprise".to_owned(), json!(1));
        assert!(refusal(&file).contains("unknown field `surprise`"), "in {place}");
    }
    let unknown = refusal(&with("/terms/0/feature", json!("moon_phase")));
    assert!(unknown.contains("moon_phase"), "{unknown}");
}

#[test]
fn a_missing_field_is_refused_by_name() {
    for field in [
        "version",
        "prior",
        "half_lives_days",
        "intercept",
        "terms",
        "again_in_7d",
    ] {
        let mut file = sound();
        file.as_object_mut().unwrap().remove(field);
        assert!(refusal(&file).contains(&format!("missing field `{field}`")), "{field}");
    }
    for field in ["tables", "rules", "fitted"] {
        let mut file = sound();
        file.as_object_mut().unwrap().remove(field);
        assert!(read(&file).is_ok(), "{field} may be left out");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of faults")]
fn each_fault_is_refused_with_its_field() {
    let too_many_knots: Vec<[f64; 2]> = (0..7).map(|n| [f64::from(n), f64::from(n)]).collect();
    for (place, value, wanted) in [
        ("/version", json!(""), "version"),
        ("/version", json!("x".repeat(65)), "version"),
        ("/version", json!("two\nlines"), "version"),
        ("/prior", json!(0), "prior"),
        ("/prior", json!(1), "prior"),
        ("/prior", json!(-0.1), "prior"),
        ("/intercept", json!(1e300), "intercept"),
        ("/half_lives_days/reports", json!(0), "half_lives_days.reports"),
        ("/half_lives_days/areas", json!(-3), "half_lives_days.areas"),
        (
            "/half_lives_days/ranges_long",
            json!(3_651),
            "half_lives_days.ranges_long",
        ),
        ("/terms/0/knots", json!([]), "terms.reports.knots"),
        (
            "/terms/0/knots",
            json!(too_many_knots),
            "terms.reports.knots has 7 knots",
        ),
        (
            "/terms/0/knots",
            json!([[0, 0], [0, 1]]),
            "terms.reports.knots do not ascend",
        ),
        (
            "/terms/0/knots",
            json!([[1, 0], [0, 1]]),
            "terms.reports.knots do not ascend",
        ),
        ("/terms/0/knots", json!([[0, 1], [1, 0.9]]), "terms.reports.knots fall"),
        (
            "/terms/0/knots",
            json!([[0, 0], [1, 1e300]]),
            "terms.reports.knots holds",
        ),
        ("/terms/1/feature", json!("reports"), "terms.reports is there twice"),
        ("/tables/0/rows", json!([]), "tables.reports/areas has no grid"),
        (
            "/tables/0/columns",
            json!([1, 2, 3, 4, 5, 6, 7]),
            "tables.reports/areas has no grid",
        ),
        ("/tables/0/rows", json!([1, 1]), "tables.reports/areas has lines"),
        ("/tables/0/rows", json!([1, 2, 3]), "tables.reports/areas has points"),
        (
            "/tables/0/points",
            json!([[0], [0, 1]]),
            "tables.reports/areas has points",
        ),
        ("/tables/0/points", json!([[0], [1e300]]), "tables.reports/areas holds"),
        ("/again_in_7d/intercept", json!(-1e300), "again_in_7d.intercept"),
        (
            "/again_in_7d",
            json!({ "intercept": 0, "slope": 1, "toll_free": 1e300 }),
            "again_in_7d.toll_free",
        ),
        ("/again_in_7d/slope", json!(0), "again_in_7d.slope"),
        ("/again_in_7d/slope", json!(-1), "again_in_7d.slope"),
        ("/again_in_7d/slope", json!(1e300), "again_in_7d.slope"),
        (
            "/again_in_7d/terms/0/knots",
            json!([]),
            "again_in_7d.terms.reports.knots",
        ),
        ("/rules/range_only_most", json!(100.5), "rules.range_only_most"),
        (
            "/rules/cases",
            json!({ "floor_confidence": 1.1 }),
            "rules.cases.floor_confidence",
        ),
        (
            "/rules/cases",
            json!({ "half_life_days": 0 }),
            "rules.cases.half_life_days",
        ),
        ("/rules/cases", json!({ "caller_id": -1 }), "rules.cases.caller_id"),
        ("/rules/attestation", json!({ "c": 101 }), "rules.attestation.c"),
    ] {
        let refused = read(&with(place, value.clone()));
        assert!(matches!(refused, Err(ModelError::Fault(_))), "{place} = {value}");
        let text = refused.unwrap_err().to_string();
        assert!(text.starts_with(wanted), "{place} = {value}: {text}");
    }
}

#[test]
fn rules_for_established_numbers_are_read_and_checked() {
    let with_rule = |rule: Value| {
        let mut file = with("/rules", json!({ "established_weeks": 12 }));
        file["unknown_when_established"] = rule;
        file
    };
    let model = read(&with_rule(json!({ "from_weeks": 1, "floor": 0.5 }))).unwrap();
    assert_eq!(model.rules.established_weeks, 12);
    let expected = UnknownWhenEstablished {
        from_weeks: 1,
        floor: 0.5,
        ..UnknownWhenEstablished::DEFAULT
    };
    assert_eq!(model.fold.unknown_when_established, expected);
    assert_eq!(ScoreModel::from_json(&model.to_json()).unwrap(), model);
    for (rule, wanted) in [
        (json!({ "floor": 1.5 }), "unknown_when_established.floor"),
        (json!({ "from_weeks": 8 }), "unknown_when_established.to_weeks"),
    ] {
        assert!(refusal(&with_rule(rule)).starts_with(wanted), "{wanted}");
    }
    let none = with("/rules", json!({ "established_weeks": 0 }));
    assert!(refusal(&none).starts_with("rules.established_weeks"));
}

#[test]
fn the_number_of_terms_is_limited() {
    let table = sound()["tables"][0].clone();
    let tables = |count: usize| with("/tables", json!(vec![table.clone(); count]));
    assert!(read(&tables(MAX_TERMS - 2)).is_ok());
    assert!(refusal(&tables(MAX_TERMS - 1)).starts_with("terms are more than 40"));
}

/// `again` is a forecast: a fact that keeps a call unwanted may still make another call less likely.
#[test]
fn falling_terms_are_refused_in_the_score_only() {
    assert!(read(&sound()).unwrap().again.terms[0].check_direction().is_err());
}

/// The valid file with a part for toll-free numbers.
fn with_toll_free(toll_free: Value) -> Value {
    let mut file = sound();
    file.as_object_mut().unwrap().insert("toll_free".to_owned(), toll_free);
    file
}

#[test]
fn toll_free_numbers_have_a_part_of_their_own() {
    let part = |intercept: f64, terms: Value, tables: Value| {
        with_toll_free(json!({ "intercept": intercept, "terms": terms, "tables": tables }))
    };
    let reports = json!([{ "feature": "reports", "knots": [[0, 0], [1, 2]] }]);
    let model = read(&part(0.5, reports.clone(), json!([]))).unwrap();
    assert_eq!(ScoreModel::from_json(&model.to_json()).unwrap(), model);
    assert_eq!(model.toll_free.unwrap().terms[0].feature.name(), "reports");
    assert!(read(&sound()).unwrap().toll_free.is_none());

    let table =
        |points: Value| json!([{ "features": ["reports", "areas"], "rows": [0, 1], "columns": [0], "points": points }]);
    for (file, wanted) in [
        (part(1e300, json!([]), json!([])), "toll_free.intercept is not"),
        (
            part(
                0.0,
                json!([{ "feature": "reports", "knots": [[0, 1], [1, 0]] }]),
                json!([]),
            ),
            "toll_free.terms.reports.knots fall",
        ),
        (
            part(
                0.0,
                json!([{ "feature": "quiet_days", "knots": [[0, 0], [1, 1]] }]),
                json!([]),
            ),
            "toll_free.terms.quiet_days.knots rise",
        ),
        (
            part(0.0, reports, table(json!([[1], [0]]))),
            "toll_free.tables.reports/areas has points that fall",
        ),
    ] {
        let text = refusal(&file);
        assert!(text.starts_with(wanted), "{text}");
    }
}
