//! Forms that are calls for help, forms that are none, and the agreement of the service with the switch.

use std::fmt::Write as _;

use proptest::prelude::*;
use regex::{Regex, RegexBuilder};

use super::super::super::plan;
use super::super::super::{Validity, parse};
use super::*;
use crate::number::Parsed;

const EMERGENCY: Option<EmergencyService> = Some(EmergencyService::Emergency);
const PUBLIC_SAFETY: Option<EmergencyService> = Some(EmergencyService::PublicSafety);

fn region(text: &str) -> Option<Region> {
    (!text.is_empty()).then(|| text.parse().unwrap())
}

fn dialled(text: &str, place: &str) -> Option<EmergencyService> {
    service(text, region(place), &EmergencyNumbers::default())
}

/// `Simple-Dialer` took Norwegian numbers that begin with 911 for calls for help (SimpleMobileTools/Simple-Dialer#372),
/// and a real caller used `+1911...` (futel/asteriskserver#194): only whole numbers count.
#[test]
fn a_number_that_only_begins_like_an_emergency_number_is_none() {
    for (text, place) in [
        ("+911126123456", "IN"),
        ("+4911123456", "DE"),
        ("+4791112345", "NO"),
        ("91112345", "NO"),
        ("+19114206969", "US"),
        ("9112", "US"),
        ("9111", "US"),
        ("91", "US"),
        ("0911", "DE"),
        ("0911 12345", "DE"),
        ("0112", "IT"),
        ("112112", "DE"),
        ("1912", "US"),
        ("1911", "DE"),
        ("1911", "FR"),
        ("3315", "FR"),
        ("01112", "US"),
        ("4112", "DE"),
        ("11833", "DE"),
        ("+1415911", "US"),
        ("+14155550911", "US"),
        ("sip:1.9.1.1", "US"),
        ("urn:service:counseling", "US"),
        ("alice", "US"),
        ("", "US"),
        ("#", "US"),
        ("+", "US"),
        ("988", "GB"),
        ("0116000", "IT"),
        ("298112", "FO"),
        ("1470116000", "GB"),
        ("9116117", "DE"),
        ("011381112", "RS"),
    ] {
        let found = dialled(text, place);
        let is_italian_outside_line = text == "0112" && place == "IT";
        assert_eq!(found.is_some(), is_italian_outside_line, "{text} in {place}: {found:?}");
    }
}

/// What stands before a country code: other prefixes of single regions are in the tests below.
const ABROAD: [&str; 2] = ["+", "00"];

/// Every form in which a region's own number is dialled.
///
/// Without those that are valid numbers, as 0116000 is in Turin.
fn forms_of(number: &str, place: Option<Region>) -> Vec<String> {
    let code = place.and_then(plan::code_of).map(|code| code.to_string());
    let national = place.and_then(plan::national_prefix).unwrap_or_default();
    let mut forms = vec![format!("0{number}"), format!("{national}{number}")];
    if number.len() >= 3 {
        for prefix in ["9", "0", "00"] {
            forms.push(format!("{prefix}{number}"));
        }
        forms.push(format!("9{national}{number}"));
        forms.push(format!("0{national}{number}"));
        let privacy = place.into_iter().flat_map(super::super::privacy::digit_codes);
        forms.extend(privacy.map(|code| format!("{code}{number}")));
        if let Some(code) = &code {
            forms.push(format!("{code}{number}"));
            forms.push(format!("{code}{national}{number}"));
        }
    }
    if let Some(code) = &code {
        for prefix in ABROAD {
            forms.push(format!("{prefix}{code}{number}"));
            forms.push(format!("{prefix}{code}{national}{number}"));
        }
    }
    let is_taken =
        |form: &String| matches!(parse(form, place), Ok(Parsed::Number(found)) if found.validity() == Validity::Valid);
    if let Some(code) = &code {
        let behind_zero = ABROAD.map(|prefix| format!("{prefix}{code}0{number}"));
        forms.extend(behind_zero.into_iter().filter(|form| !is_taken(form)));
    }
    forms.extend(
        place
            .into_iter()
            .flat_map(forms::old_prefixes)
            .map(|prefix| format!("{prefix}{number}")),
    );
    forms.retain(|form| place.is_none_or(|place| !forms::is_valid_number(form, place)));
    let with_plus: Vec<String> = forms.iter().map(|form| format!("+{form}")).collect();
    forms.extend(with_plus);
    forms
}

/// A form that is a valid number would take a call from its owner. And each form is recognised, by the service and by
/// the expressions for a switch.
#[test]
fn every_form_of_every_number_of_every_region_is_recognised_and_no_valid_number() {
    let numbers = EmergencyNumbers::default();
    let expressions = Compiled::of(&numbers);
    let mut wrong = String::new();
    let mut count = 0;
    for place in plan::regions() {
        for number in numbers.all_of(Some(place)) {
            for form in forms_of(&number, Some(place)) {
                let is_valid = matches!(parse(&form, Some(place)),
                    Ok(Parsed::Number(found)) if found.validity() == Validity::Valid);
                let found = service(&form, Some(place), &numbers).is_some();
                let by_switch = expressions.matches(&format!("sip:{form}@h.example"), Some(place));
                if is_valid || !found || !by_switch {
                    writeln!(
                        wrong,
                        "{form} in {place}: valid {is_valid}, found {found}, switch {by_switch}"
                    )
                    .unwrap();
                }
                count += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count > 20_000, "{count}");
}

/// A called text, its region, and the service that it reaches.
const FORMS: &[(&str, &str, Option<EmergencyService>)] = &[
    ("911#", "US", EMERGENCY),
    ("911##", "US", EMERGENCY),
    ("*911", "US", EMERGENCY),
    ("911*", "US", EMERGENCY),
    ("9-1-1", "US", EMERGENCY),
    ("9.1.1", "US", EMERGENCY),
    ("(911)", "US", EMERGENCY),
    ("1-911", "US", EMERGENCY),
    ("9,911", "US", EMERGENCY),
    ("9w911", "US", EMERGENCY),
    ("9p911", "US", EMERGENCY),
    ("9;911", "US", EMERGENCY),
    ("0,112", "DE", EMERGENCY),
    ("9,,988", "US", PUBLIC_SAFETY),
    ("911,", "US", EMERGENCY),
    ("911,,5", "US", EMERGENCY),
    ("988,", "US", PUBLIC_SAFETY),
    ("988p", "US", PUBLIC_SAFETY),
    ("113,", "NL", PUBLIC_SAFETY),
    ("101,", "GB", PUBLIC_SAFETY),
    ("116117,", "DE", PUBLIC_SAFETY),
    ("15p", "FR", EMERGENCY),
    ("20,112", "EG", None),
    ("sip:911%2C@h.example", "US", EMERGENCY),
    ("call 988", "US", PUBLIC_SAFETY),
    ("911 police", "US", EMERGENCY),
    ("911 (police)", "US", EMERGENCY),
    ("112 Notruf", "DE", EMERGENCY),
    ("+1(0)911", "US", EMERGENCY),
    ("+34(0)112", "ES", EMERGENCY),
    ("+39(0)118", "IT", EMERGENCY),
    ("+39(0)116000", "IT", None),
    ("*67#112", "US", EMERGENCY),
    ("*31*112", "DE", EMERGENCY),
    ("#31#*911", "US", EMERGENCY),
    ("*82#911", "US", EMERGENCY),
    ("*31112", "DE", None),
    ("365115", "FR", EMERGENCY),
    ("3651 17", "FR", EMERGENCY),
    ("01911", "MX", EMERGENCY),
    ("044911", "MX", EMERGENCY),
    ("045066", "MX", EMERGENCY),
    ("01911", "DE", None),
    ("0999", "", EMERGENCY),
    ("1999", "", None),
    ("sip:urn%3Aservice%3Asos@h.example", "US", EMERGENCY),
    ("sip:urn:service:sos.fire@h.example", "US", EMERGENCY),
    ("urn:service:sos@h.example", "US", EMERGENCY),
    ("sip:sos@h.example", "US", EMERGENCY),
    ("sip:SOS;a=b@h.example", "US", EMERGENCY),
    ("tel:sos", "US", EMERGENCY),
    ("sip:sos.example", "US", None),
    ("sip:sosx@h.example", "US", None),
    ("sip:911%23@h.example", "US", EMERGENCY),
    ("sip:%39%31%31@h.example", "US", EMERGENCY),
    ("sip:9%2D1%2D1@h.example", "US", EMERGENCY),
    ("sip:+911@h.example", "US", EMERGENCY),
    ("sip:1911@h.example;user=phone", "US", EMERGENCY),
    ("tel:911@h.example", "US", EMERGENCY),
    ("tel:911;ext=5", "US", EMERGENCY),
    ("<tel:911>;tag=1", "US", EMERGENCY),
    ("\"911\" <sip:+1911@h.example>", "US", EMERGENCY),
    ("*67911", "US", EMERGENCY),
    ("*82 1 911", "US", EMERGENCY),
    ("1167911", "US", EMERGENCY),
    ("#31#112", "DE", EMERGENCY),
    ("*31#+49112", "DE", EMERGENCY),
    ("141999", "GB", EMERGENCY),
    ("tel:112;phone-context=+49", "US", EMERGENCY),
    ("tel:15;phone-context=+33", "US", EMERGENCY),
    ("tel:911;phone-context=+1415", "DE", EMERGENCY),
    ("tel:0112;phone-context=+49", "", EMERGENCY),
    ("tel:110;phone-context=carrier.example", "DE", EMERGENCY),
    ("９１１", "US", EMERGENCY),
    ("+000", "AU", EMERGENCY),
    ("0000", "AU", EMERGENCY),
    ("+49(0)112", "US", EMERGENCY),
    ("urn:service:sos", "US", EMERGENCY),
    ("URN:service:sos.police", "", EMERGENCY),
    ("999", "US", EMERGENCY),
    ("08", "US", EMERGENCY),
    ("+44999", "US", EMERGENCY),
    ("+353112", "", EMERGENCY),
    ("+1999", "US", EMERGENCY),
    ("1911", "", EMERGENCY),
    ("0112", "", EMERGENCY),
    ("911", "001", EMERGENCY),
    ("+3315", "DE", EMERGENCY),
    ("+33197", "", EMERGENCY),
    ("0111911", "US", EMERGENCY),
    ("01149112", "US", EMERGENCY),
    ("0049112", "DE", EMERGENCY),
    ("0049112", "US", EMERGENCY),
    ("49112", "DE", EMERGENCY),
    ("0112", "DE", EMERGENCY),
    ("00112", "DE", EMERGENCY),
    ("61000", "AU", EMERGENCY),
    ("8107112", "RU", EMERGENCY),
    ("01049112", "JP", EMERGENCY),
    ("001449112", "BR", EMERGENCY),
    ("01149112", "", EMERGENCY),
    ("001161000", "AU", EMERGENCY),
    ("9911", "US", EMERGENCY),
    ("91911", "US", EMERGENCY),
    ("988#", "US", PUBLIC_SAFETY),
    ("+1988", "DE", PUBLIC_SAFETY),
    ("116 117", "DE", PUBLIC_SAFETY),
    ("+49116117", "US", PUBLIC_SAFETY),
    ("0049116117", "FR", PUBLIC_SAFETY),
    ("116000", "FR", EMERGENCY),
    ("0197", "FR", EMERGENCY),
];

#[test]
fn separators_symbols_and_addresses_make_no_difference() {
    for &(text, place, service) in FORMS {
        assert_eq!(dialled(text, place), service, "{text} in {place}");
        let is_keys = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+*#-.(),;pw".contains(&byte));
        let is_uri =
            ["sip:", "tel:", "urn:"].iter().any(|scheme| text.starts_with(scheme)) && !text.contains("phone-context");
        if is_uri && place != "001" {
            let by_switch = DEFAULT.with(|switch| switch.matches(text, region(place)));
            assert_eq!(by_switch, service.is_some(), "{text} in {place}");
        }
        if is_keys && place != "001" {
            let by_switch = DEFAULT.with(|switch| switch.matches(&format!("sip:{text}@h.example"), region(place)));
            assert_eq!(by_switch, service.is_some(), "{text} in {place}");
        }
    }
}

#[test]
fn an_operators_number_is_recognised_in_every_form() {
    let numbers = EmergencyNumbers::with_additions("CH,1414\nUS,933,public-safety").unwrap();
    let expressions = Compiled::of(&numbers);
    for (place, number) in [("CH", "1414"), ("CH", "117"), ("US", "933"), ("US", "911")] {
        for form in forms_of(number, region(place)) {
            assert!(service(&form, region(place), &numbers).is_some(), "{form} in {place}");
            let uri = format!("sip:{form}@h.example");
            assert!(expressions.matches(&uri, region(place)), "{form} in {place}");
        }
    }
    assert_eq!(dialled("1414", "CH"), None);
}

/// The expressions for a switch, run by another engine in the way in which the switch runs them.
struct Compiled {
    expressions: EmergencyExpressions,
    steps: Vec<Regex>,
    abroad: Regex,
    by_region: Vec<(Vec<Region>, Regex)>,
    unknown: Regex,
}

fn compiled(pattern: &str) -> Regex {
    RegexBuilder::new(pattern).case_insensitive(true).build().unwrap()
}

impl Compiled {
    fn of(numbers: &EmergencyNumbers) -> Self {
        let expressions = EmergencyExpressions::of(numbers);
        Self {
            steps: expressions.steps.iter().map(|step| compiled(&step.pattern)).collect(),
            abroad: compiled(&expressions.abroad),
            by_region: expressions
                .regions
                .iter()
                .map(|(regions, pattern)| (regions.clone(), compiled(pattern)))
                .collect(),
            unknown: compiled(&expressions.unknown),
            expressions,
        }
    }

    fn matches(&self, uri: &str, place: Option<Region>) -> bool {
        if compiled(EmergencyExpressions::NAMES).is_match(uri) {
            return true;
        }
        let mut dialled = uri.to_owned();
        for (step, regex) in self.expressions.steps.iter().zip(&self.steps) {
            let replacement = step.replacement.replace('\\', "$");
            let replacement = replacement
                .replace("$4", "${4}")
                .replace("$3", "${3}")
                .replace("$2", "${2}")
                .replace("$1", "${1}");
            let count = usize::from(!step.all);
            dialled = regex.replacen(&dialled, count, replacement.as_str()).into_owned();
        }
        let of_region = self
            .by_region
            .iter()
            .find(|(regions, _)| place.is_some_and(|place| regions.contains(&place)));
        if of_region.map_or(&self.unknown, |(_, regex)| regex).is_match(&dialled) || self.abroad.is_match(&dialled) {
            return true;
        }
        let prefixes = &self.expressions.prefixes;
        let of_region = |place| {
            prefixes
                .iter()
                .find(|(regions, _)| regions.contains(&place))
                .map(|(_, step)| step)
        };
        let step = place.map_or(self.expressions.unknown_prefix.as_ref(), of_region);
        step.is_some_and(|step| {
            let rewritten = compiled(&step.pattern).replace(&dialled, step.replacement);
            self.abroad.is_match(&rewritten)
        })
    }
}

/// Texts that are nearly emergency numbers: digits that occur in prefixes and numbers, in any order.
fn nearly() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just(""),
        Just("+"),
        Just("0"),
        Just("00"),
        Just("011"),
        Just("1"),
        Just("9"),
        Just("49"),
        Just("44"),
        Just("33"),
        Just("112"),
        Just("911"),
        Just("110"),
        Just("999"),
        Just("988"),
        Just("116117"),
        Just("15"),
        Just("*67"),
        Just("#31#"),
        Just("*"),
        Just("#"),
        Just("-"),
        Just("%23"),
        Just("%2B"),
        Just("1167"),
        Just(","),
        Just("p"),
        Just("%2c"),
        Just(";"),
        Just("(0)"),
        Just("01"),
        Just("*31"),
    ];
    proptest::collection::vec(part, 1..5).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_switch_and_the_service_agree(
        user in nearly(),
        scheme in prop_oneof![Just("sip:"), Just("tel:"), Just("sips:")],
        end in prop_oneof![Just("@h.example"), Just("@h.example;user=phone"), Just(";phone-context=+49"), Just("")],
        place in prop_oneof![Just("US"), Just("DE"), Just("FR"), Just("AU"), Just("")],
    ) {
        let uri = format!("{scheme}{user}{end}");
        let found = dialled(&uri, place).is_some();
        let by_switch = DEFAULT.with(|expressions| expressions.matches(&uri, region(place)));
        prop_assert_eq!(found, by_switch, "{} in {}", uri, place);
    }
}

thread_local! {
    static DEFAULT: Compiled = Compiled::of(&EmergencyNumbers::default());
}
