//! Rules that hold for every text in every language.

use std::collections::BTreeMap;

use super::*;
use crate::domain::decision::Grounds;
use crate::domain::ids::CaseId;
use crate::domain::kinds::{Action, Basis, Category};
use crate::domain::reason_code::ReasonCode;

const FILES: [&str; 5] = [
    include_str!("data/en.toml"),
    include_str!("data/de.toml"),
    include_str!("data/es.toml"),
    include_str!("data/fr.toml"),
    include_str!("data/hi.toml"),
];

/// All texts of a file by their keys, tables flattened.
fn texts(file: &str) -> BTreeMap<String, String> {
    fn add(prefix: &str, table: &toml::Table, texts: &mut BTreeMap<String, String>) {
        for (key, value) in table {
            let key = format!("{prefix}.{key}");
            if let Some(table) = value.as_table() {
                add(&key, table, texts);
            } else {
                texts.insert(key, value.as_str().unwrap().to_owned());
            }
        }
    }
    let mut all = BTreeMap::new();
    add("", &file.parse().unwrap(), &mut all);
    all
}

/// The places for values in a text, in the order of their names.
fn places(text: &str) -> Vec<&str> {
    let mut places: Vec<_> = text
        .split('{')
        .skip(1)
        .map(|rest| rest.split_once('}').unwrap().0)
        .collect();
    places.sort_unstable();
    places
}

#[test]
fn every_language_has_every_text_with_the_same_places() {
    warm_up();
    let english = texts(FILES[0]);
    assert!(english.len() > 180, "{}", english.len());
    for file in FILES {
        let other = texts(file);
        assert!(english.keys().eq(other.keys()));
        for (key, text) in &other {
            assert_eq!(places(text), places(&english[key]), "{key}: {text}");
            assert!(!text.is_empty() && text.trim() == text, "{key}: {text:?}");
        }
    }
}

/// Only names, sizes and words inside a sentence may be the same in two languages.
#[test]
fn texts_are_translated() {
    let english = texts(FILES[0]);
    for file in &FILES[1..] {
        for (key, text) in texts(file) {
            let may_be_same = key.ends_with(".name") || text.chars().all(|c| !c.is_alphabetic());
            assert!(may_be_same || text != english[&key], "{key}: {text}");
        }
    }
}

fn facts(code: ReasonCode, figure: Option<u32>, points: f64, name: &str) -> ReasonFacts<'_> {
    ReasonFacts {
        code,
        points,
        figure: figure.map(Figure::from_raw),
        name,
        plan_date: "2026-07-17",
    }
}

#[test]
fn every_reason_has_a_whole_sentence_in_every_language() {
    let figures = [None, Some(0), Some(1), Some(2), Some(3), Some(7), Some(u32::MAX)];
    for &code in ReasonCode::ALL {
        for figure in figures {
            for points in [-1.0, 1.0] {
                for name in ["", "Pop-ups {count}"] {
                    let facts = facts(code, figure, points, name);
                    let sentences: Vec<String> = Language::ALL.iter().map(|of| reason(*of, &facts)).collect();
                    for sentence in &sentences {
                        assert!(sentence.ends_with(['.', '।']), "{code}: {sentence}");
                        assert_eq!(
                            sentence.contains('{'),
                            sentence.contains(name) && !name.is_empty(),
                            "{sentence}"
                        );
                    }
                    let distinct: std::collections::HashSet<_> = sentences.iter().collect();
                    assert_eq!(distinct.len(), Language::ALL.len(), "{code}: {sentences:?}");
                }
            }
        }
    }
}

#[test]
fn figures_are_told() {
    for (code, figure, name, expected) in [
        (
            ReasonCode::RecentReports,
            Some(0),
            "",
            "It was last reported within the last 24 hours.",
        ),
        (
            ReasonCode::RecentReports,
            Some(5),
            "",
            "It was last reported 5 days ago.",
        ),
        (ReasonCode::HistoricReports, Some(1), "", "It was reported once."),
        (ReasonCode::HistoricReports, Some(30), "", "It was reported 30 times."),
        (
            ReasonCode::HotRange1000,
            Some(9),
            "",
            "About 9 other numbers of the same 1,000 were reported lately.",
        ),
        (
            ReasonCode::CaseLink,
            Some(77),
            "Pop-ups",
            "It belongs to a fraud case: Pop-ups.",
        ),
        (ReasonCode::Attestation, Some(4), "", "The call is not signed."),
        (
            ReasonCode::SpoofSuspected,
            Some(3),
            "",
            "The number belongs to a known organisation, and the call does not come from there.",
        ),
    ] {
        assert_eq!(reason(Language::English, &facts(code, figure, 1.0, name)), expected);
    }
    assert_eq!(
        reason(Language::German, &facts(ReasonCode::HotRange1000, Some(9), 1.0, "")),
        "Etwa 9 andere Nummern derselben 1.000 wurden kürzlich gemeldet."
    );
}

/// Decision ids outlive releases.
#[test]
fn figures_are_frozen() {
    use crate::domain::call::Signing as S;
    let signed = [S::NotGiven, S::A, S::B, S::C, S::Unsigned, S::Failed].map(|of| Figure::of_signing(of).raw());
    assert_eq!(signed, [0, 1, 2, 3, 4, 5]);
    assert_eq!(
        Figure::of_case(&CaseId::parse("popups-2026").unwrap()).raw(),
        387_659_196
    );
    assert_eq!(Figure::count(u32::MAX).raw(), 2_097_150);
}

const ALL_GROUNDS: [Grounds; 5] = [
    Grounds::Several,
    Grounds::Reports,
    Grounds::Calls,
    Grounds::Neighbours,
    Grounds::Case,
];

/// A customer is told nothing that is not true: of reports only if there were some, and of calls only if they counted.
#[test]
fn a_refusal_by_the_score_tells_what_it_rested_on() {
    for (grounds, sentence) in [
        (
            Grounds::Several,
            "What people reported and how the number calls spoke against it.",
        ),
        (Grounds::Reports, "What people reported spoke against the number."),
        (Grounds::Calls, "How the number calls spoke against it."),
        (
            Grounds::Neighbours,
            "There were warnings about numbers close to this one, and little was known of the number itself.",
        ),
        (Grounds::Case, "The number belongs to a fraud case."),
    ] {
        let told = |action| Told {
            action,
            basis: Basis::Analytics,
            about_to_dial: false,
            grounds,
        };
        let blocked = decision(Language::English, told(Action::Block));
        assert_eq!(blocked, format!("The call was refused. {sentence}"));
        let allowed = decision(Language::English, told(Action::Allow));
        assert!(allowed.ends_with("was not enough for a warning."), "{allowed}");
    }
}

#[test]
fn every_decision_is_told_in_every_language() {
    for &action in Action::ALL {
        for &basis in Basis::ALL {
            for about_to_dial in [false, true] {
                for grounds in ALL_GROUNDS {
                    let told = Told {
                        action,
                        basis,
                        about_to_dial,
                        grounds,
                    };
                    let texts: Vec<String> = Language::ALL.iter().map(|of| decision(*of, told)).collect();
                    let distinct: std::collections::HashSet<_> = texts.iter().collect();
                    assert_eq!(distinct.len(), Language::ALL.len(), "{texts:?}");
                }
            }
        }
    }
    let told = |action, basis, about_to_dial| {
        let told = Told {
            action,
            basis,
            about_to_dial,
            grounds: Grounds::Several,
        };
        decision(Language::English, told)
    };
    assert_eq!(
        told(Action::Block, Basis::Analytics, false),
        "The call was refused. What people reported and how the number calls spoke against it."
    );
    assert_eq!(
        told(Action::WarnBeforeDial, Basis::Analyst, true),
        "There was a warning before the number was dialled. A member of staff who examines reports has decided so for \
         this number."
    );
}

#[test]
fn names_of_categories_differ() {
    for &language in Language::ALL {
        let names: std::collections::HashSet<_> =
            Category::ALL.iter().map(|of| &category(language, *of).name).collect();
        assert_eq!(names.len(), Category::ALL.len());
        for &of in Category::ALL {
            let text = category(language, of);
            assert!(
                text.name.chars().count() <= 34 && text.about.chars().count() <= 110,
                "{text:?}"
            );
        }
    }
}
