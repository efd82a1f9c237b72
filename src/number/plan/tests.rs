//! The plan as a whole: every pattern parses, and matches the same numbers as the crate's own expressions.

use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor};
use regex::Regex;

use super::pattern::Program;
use super::*;

fn all_metadata() -> impl Iterator<Item = &'static Metadata> {
    (0..COUNTRY_CODES).filter_map(|code| DATABASE.by_code(&code)).flatten()
}

/// The descriptors of general form, fixed and mobile lines: the largest patterns there are.
fn large_descriptors(metadata: &Metadata) -> impl Iterator<Item = &Descriptor> {
    let kinds = metadata.descriptors();
    [Some(kinds.general()), kinds.fixed_line(), kinds.mobile()]
        .into_iter()
        .flatten()
}

/// Numbers near `example`: each digit replaced by every other digit, and with one digit more or less.
fn neighbours(example: &str) -> Vec<String> {
    let mut all = vec![example.to_owned(), format!("{example}0")];
    for at in 0..example.len() {
        let (before, rest) = example.split_at(at);
        let (_, after) = rest.split_at(1);
        all.extend((0..10).map(|digit| format!("{before}{digit}{after}")));
        all.push(format!("{before}{after}"));
    }
    all
}

fn national(code: u16, text: &str) -> PlanClassification {
    classify(code, text.as_bytes())
}

#[test]
fn every_country_is_read() {
    for code in 0..COUNTRY_CODES {
        let territories = DATABASE.by_code(&code).unwrap_or_default();
        let Some(main) = territories.first() else {
            assert!(country(code).is_none(), "{code}");
            continue;
        };
        let country = country(code).expect("a country");
        assert_eq!(country.territories().count(), territories.len(), "{code}");
        let international = match main.international_formats().len() {
            0 => main.formats().len(),
            some => some,
        };
        assert_eq!(
            country.formats().rules(),
            (main.formats().len(), international),
            "{code}"
        );
    }
}

#[test]
fn patterns_mean_what_expressions_mean() {
    let mut compared = 0_u32;
    for metadata in all_metadata() {
        for descriptor in large_descriptors(metadata) {
            let pattern = descriptor.national_number().as_str();
            let program = Program::new(pattern).expect("a pattern");
            let expression = Regex::new(&format!("(?x)^(?:{pattern})$")).expect("an expression");
            for text in descriptor.example().map(neighbours).unwrap_or_default() {
                let expected = expression.is_match(&text);
                assert_eq!(
                    program.match_all(text.as_bytes()).is_some(),
                    expected,
                    "{text} in {}",
                    metadata.id()
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 30_000, "only {compared} numbers compared");
}

#[test]
fn examples_are_valid_and_of_their_kind() {
    for metadata in all_metadata() {
        let kinds = metadata.descriptors();
        for (line_type, kind) in [
            (LineType::TollFree, kinds.toll_free()),
            (LineType::PremiumRate, kinds.premium_rate()),
            (LineType::Pager, kinds.pager()),
            (LineType::Voicemail, kinds.voicemail()),
        ] {
            let Some(example) = kind.and_then(Descriptor::example) else {
                continue;
            };
            let found = national(metadata.country_code(), example);
            assert_eq!(found.line_type, line_type, "{example} in {}", metadata.id());
            assert_eq!(found.validity, Validity::Valid, "{example} in {}", metadata.id());
        }
    }
}

#[test]
fn regions_of_a_shared_country_code() {
    for (code, text, region, line_type) in [
        (1, "4155550199", Some("US"), LineType::FixedLineOrMobile),
        (1, "4165550199", Some("CA"), LineType::FixedLineOrMobile),
        (1, "2425550199", Some("BS"), LineType::Unknown),
        (1, "8005550199", Some("US"), LineType::TollFree),
        (1, "1115550199", None, LineType::Unknown),
        (39, "0612345678", Some("IT"), LineType::FixedLine),
        (39, "0669812345", Some("VA"), LineType::FixedLine),
        (800, "12345678", Some("001"), LineType::TollFree),
    ] {
        let found = national(code, text);
        assert_eq!(
            found.region,
            region.map(|region| region.parse().unwrap()),
            "{code} {text}"
        );
        assert_eq!(found.line_type, line_type, "{code} {text}");
    }
}

#[test]
fn lengths_make_a_number_possible() {
    assert_eq!(national(1, "5555550199").validity, Validity::Possible);
    assert_eq!(national(1, "555555019").validity, Validity::UnknownLength);
    assert_eq!(
        national(1, "1115550199").validity,
        Validity::Impossible,
        "no area code begins with 1"
    );
    assert_eq!(
        national(210, "1115550199").validity,
        Validity::Impossible,
        "no such country"
    );
    assert!(national(1, "5550199").local_only);
}

#[test]
fn the_tables_stay_small() {
    let rows: usize = plan()
        .by_code
        .iter()
        .flatten()
        .map(|country| country.classes().len())
        .sum();
    assert!((5_000..20_000).contains(&rows), "{rows} rows of some 50 bytes");
}

#[test]
fn newer_ranges_lie_over_the_metadata() {
    for (code, text, region, line_type) in [
        (220, "833212345", "GM", LineType::Mobile),
        (220, "444212345", "GM", LineType::FixedLine),
        (220, "3012345", "GM", LineType::Mobile),
        (34, "400123456", "ES", LineType::FixedLine),
        (1, "2745550123", "US", LineType::FixedLineOrMobile),
        (1, "2735550123", "CA", LineType::FixedLineOrMobile),
        (46, "781234567", "SE", LineType::Mobile),
        (506, "20001234", "CR", LineType::Voip),
    ] {
        let found = national(code, text);
        assert_eq!(
            (found.validity, found.line_type),
            (Validity::Valid, line_type),
            "{code} {text}"
        );
        assert_eq!(found.region, region.parse().ok(), "{code} {text}");
    }
    assert_eq!(
        national(220, "999999999").validity,
        Validity::Possible,
        "its length is known now"
    );
    assert_eq!(national(220, "83321234").validity, Validity::UnknownLength);
}

#[test]
fn a_file_of_the_operator_comes_first() {
    let file = "country_code,region,line_type,lengths,prefixes,since,source,checked\n\
        220,GM,VOIP,9 10,8332 77,,operator,2026-11-29\n\
        1,CA,TOLL_FREE,10,2745,,operator,2026-11-29\n";
    let ranges: Vec<NewerRange> = newer::read(file)
        .unwrap()
        .into_iter()
        .chain(newer::in_force())
        .collect();
    let plan = NumberingPlan::load(&ranges);
    let of = |code, text: &str| plan.classify(code, text.as_bytes());
    assert_eq!(of(220, "833212345").line_type, LineType::Voip);
    assert_eq!(of(220, "8332123456").validity, Validity::Valid);
    assert_eq!(of(220, "833312345").line_type, LineType::Mobile, "the built-in range");
    assert_eq!(
        of(220, "9999999999").validity,
        Validity::Possible,
        "a length of the file"
    );
    let shared = of(1, "2745550123");
    assert_eq!(
        (shared.region, shared.line_type),
        ("CA".parse().ok(), LineType::TollFree)
    );
    assert_eq!(of(1, "2743550123").region, Some(Region::US));
}

/// No number that the metadata calls valid is ruled out.
#[test]
fn no_example_is_ruled_out() {
    for metadata in all_metadata().filter(|metadata| metadata.country_code() == 1) {
        for example in large_descriptors(metadata).filter_map(Descriptor::example) {
            assert!(
                !nanp::is_ruled_out(1, example.as_bytes()),
                "{example} in {}",
                metadata.id()
            );
        }
    }
}
