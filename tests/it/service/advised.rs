//! The numbers that advice tells people to call: never impossible, never warned of, never accused, in any form that a person
//! dials.

use ringwarden::domain::kinds::{Action, Basis, ListKind};
use ringwarden::number::{self, Region, Validity};
use ringwarden::service::{LookupInput, LookupOutcome, LookupRole};

use super::instance;
use super::odd_callers::set_list;
use crate::support::instance::{Instance, noon, report};

/// The places of all regions, as the program has them.
const PLACES: &str = include_str!("../../../src/domain/advice/data/places.csv");

/// Each number with its region.
fn numbers() -> Vec<(Region, &'static str)> {
    let rows = PLACES.lines().filter(|line| !line.starts_with('#'));
    rows.flat_map(|line| {
        let columns: Vec<_> = line.splitn(5, ';').collect();
        let (regions, numbers) = (columns[0], columns[3]);
        regions.split(' ').flat_map(move |region| {
            let numbers = numbers.split(' ').filter(|number| !number.is_empty());
            numbers.map(move |number| (region.parse().unwrap(), number))
        })
    })
    .collect()
}

/// The forms in which a person dials a number, or an app passes it on.
fn forms(region: Region, written: &str) -> Vec<String> {
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    let spaced = digits.chars().map(String::from).collect::<Vec<_>>().join(" ");
    let mut forms = vec![
        written.to_owned(),
        digits.clone(),
        spaced,
        format!("tel:{digits}"),
        format!("sip:{digits}@example.org;user=phone"),
        format!("{digits}#"),
    ];
    if digits.len() < 10 {
        let code = number::country_code(region).unwrap();
        forms.extend([
            format!("+{code}{digits}"),
            format!("+{code} {digits}"),
            format!("00{code}{digits}"),
            format!("+{code} (0) {digits}"),
            format!("tel:{digits};phone-context=+{code}"),
            format!("sip:{digits};phone-context=+{code}@example.org;user=phone"),
            format!("sip:+{code}{digits}@example.org;user=phone"),
        ]);
    }
    forms
}

fn ask(one: &Instance, text: &str, region: Region, role: LookupRole) -> LookupOutcome {
    one.ask(&LookupInput {
        number: text.to_owned(),
        default_region: Some(region),
        role,
        full: true,
        ..LookupInput::default()
    })
}

/// The forms that name the country, or need none: a short number that only the regions of our advice have.
#[tokio::test]
async fn the_numbers_of_our_advice_are_reached_without_a_region() {
    let one = instance().await;
    for (region, written) in numbers() {
        let digits: String = written.chars().filter(char::is_ascii_digit).collect();
        let code = number::country_code(region).unwrap();
        let mut forms = vec![written.to_owned(), digits.clone(), format!("tel:{digits}")];
        if digits.len() < 10 {
            forms.extend([
                format!("+{code}{digits}"),
                format!("00{code}{digits}"),
                format!("tel:{digits};phone-context=+{code}"),
                format!("sip:+{code}{digits}@example.org;user=phone"),
            ]);
        }
        for form in forms {
            let found = one.ask(&LookupInput {
                number: form.clone(),
                role: LookupRole::AboutToDial,
                full: true,
                ..LookupInput::default()
            });
            let about = format!("{form} of {region:?}: {found:?}");
            let decided = (found.decision.action, found.decision.basis);
            assert_eq!(decided, (Action::Allow, Basis::Protected), "{about}");
            assert!(
                !matches!(found.identity.validity, Validity::Impossible | Validity::UnknownLength),
                "{about}"
            );
        }
    }
    // Other short digits need a region, as before.
    for unknown in ["1931", "7727", "07727"] {
        let question = LookupInput {
            number: unknown.to_owned(),
            role: LookupRole::AboutToDial,
            ..LookupInput::default()
        };
        assert!(one.try_ask(&question).is_err(), "{unknown}");
    }
}

#[tokio::test]
async fn the_numbers_of_our_advice_are_reached_in_any_form() {
    let one = instance().await;
    assert!(numbers().len() > 20);
    for (n, number) in ["+18884958501", "+4702800"].into_iter().enumerate() {
        for copy in 0..30 {
            let new = report(number, &format!("{n}-{copy}"), noon());
            one.services.reports.submit(new).await.unwrap();
        }
    }
    // A call that shows such a number may come from anybody, so lists may refuse it.
    for (role, basis) in [
        (LookupRole::Calling, Basis::NoEvidence),
        (LookupRole::AboutToDial, Basis::Protected),
    ] {
        if role == LookupRole::AboutToDial {
            set_list(
                &one,
                ListKind::TenantBlock,
                &["+1888495*", "+4702800", "short:1930", "short:7726"],
            )
            .await;
            let refused = ask(&one, "+18884958501", "CA".parse().unwrap(), LookupRole::Calling);
            assert_eq!(refused.decision.basis, Basis::TenantPolicy, "{refused:?}");
        }
        for (region, written) in numbers() {
            for form in forms(region, written) {
                let found = ask(&one, &form, region, role);
                let about = format!("{form} in {region:?}, {role:?}: {found:?}");
                assert_eq!(
                    (found.decision.action, found.decision.basis),
                    (Action::Allow, basis),
                    "{about}"
                );
                let validity = found.identity.validity;
                assert!(
                    !matches!(validity, Validity::Impossible | Validity::UnknownLength),
                    "{about}"
                );
                assert!(
                    found.score.verdict.value.is_none() && found.score.category.is_none(),
                    "{about}"
                );
                let display = found.display.unwrap();
                assert!(
                    display.severity == 0 && display.short_name.is_empty(),
                    "{form}: {display:?}"
                );
                assert!(found.advice.is_none(), "{form}");
                assert!(found.sip.is_none_or(|sip| sip.display_name.is_empty()), "{form}");
            }
        }
    }
}

#[tokio::test]
async fn the_same_digits_elsewhere_are_judged_as_any_others() {
    let one = instance().await;
    for region in ["DE", "US", "FR"] {
        let found = ask(&one, "1930", region.parse().unwrap(), LookupRole::Calling);
        assert_ne!(found.decision.basis, Basis::Protected, "{region}");
    }
}
