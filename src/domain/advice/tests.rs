//! Rules that hold for every text in every language.

use std::collections::HashMap;

use super::*;

/// About 600: as much as fits on the screen of a handset, with the longest name and address.
const CHARS_MAX: usize = 640;
const OCCASIONS: [Occasion; 2] = [Occasion::Called, Occasion::AboutToDial];

fn text(
    category: Option<Category>,
    occasion: Occasion,
    brand: Option<&Brand>,
    language: Language,
    place: Option<Region>,
) -> String {
    super::text(&Topic {
        category,
        occasion,
        brand,
        owner: None,
        language,
        place,
    })
}

/// Advice to a person who is called with the number of an owner.
fn text_on_owner(name: &str, spoof: OwnerSpoof, category: Option<Category>, language: Language) -> String {
    super::text(&Topic {
        category,
        occasion: Occasion::Called,
        brand: Brand::parse("customs and border protection").ok().as_ref(),
        owner: Some(SpoofedOwner { name, spoof }),
        language,
        place: region("US"),
    })
}

fn region(code: &str) -> Option<Region> {
    Some(code.parse().unwrap())
}

/// Every category, and no category.
fn categories() -> impl Iterator<Item = Option<Category>> {
    Category::ALL.iter().copied().map(Some).chain([None])
}

fn warned_of() -> impl Iterator<Item = Option<Category>> {
    categories().filter(|category| !category.is_some_and(Category::is_wanted))
}

/// Every combination of language, category of unwanted calls, and occasion.
fn each(mut check: impl FnMut(Language, Option<Category>, Occasion)) {
    for &language in Language::ALL {
        for category in warned_of() {
            for occasion in OCCASIONS {
                check(language, category, occasion);
            }
        }
    }
}

#[test]
fn there_is_advice_on_every_unwanted_call_and_none_on_wanted_ones() {
    each(|language, category, occasion| {
        let advice = text(category, occasion, None, language, None);
        // The kind of call, the advice, the place to report.
        let sentences = advice.matches(['.', '!', '।']).count();
        assert!(sentences >= 3 && advice.ends_with(['.', '।']), "{category:?}: {advice}");
        assert!(!advice.contains(['{', '}']) && !advice.contains("  "), "{advice}");
        assert_eq!(advice.trim(), advice);
    });
    for &category in Category::ALL.iter().filter(|category| category.is_wanted()) {
        for occasion in OCCASIONS {
            assert_eq!(text(Some(category), occasion, None, Language::English, None), "");
        }
    }
}

#[test]
fn no_text_is_longer_than_a_handset_shows() {
    let longest_brand = Brand::parse("cbp").unwrap();
    assert_eq!(longest_brand.as_str(), "Customs and Border Protection");
    let mut regions = vec![None];
    regions.extend(["US", "CA", "GB", "IN", "DE", "FR", "ES"].map(region));
    each(|language, category, occasion| {
        for &place in &regions {
            let advice = text(category, occasion, Some(&longest_brand), language, place);
            let chars = advice.chars().count();
            assert!(chars <= CHARS_MAX, "{language:?} {category:?}: {chars} in {advice}");
        }
    });
}

#[test]
fn every_text_is_in_the_script_of_its_language() {
    let brand = Brand::parse("microsoft").unwrap();
    each(|language, category, occasion| {
        let advice = text(category, occasion, Some(&brand), language, None);
        let words = advice.replace("Microsoft", "").replace("Amazon", "");
        let foreign: String = match language {
            Language::Hindi => words.chars().filter(char::is_ascii_alphabetic).collect(),
            Language::English | Language::German | Language::Spanish | Language::French => {
                words.chars().filter(|c| ('\u{900}'..='\u{97f}').contains(c)).collect()
            }
        };
        assert_eq!(foreign, "", "{language:?}: {advice}");
        if language == Language::Hindi {
            assert!(advice.chars().any(|c| ('\u{900}'..='\u{97f}').contains(&c)), "{advice}");
        }
    });
}

#[test]
fn no_text_is_in_two_languages_and_no_two_themes_say_the_same() {
    let mut seen = HashMap::new();
    for &language in Language::ALL {
        for &theme in Theme::ALL {
            let texts = AdviceTexts::of(language);
            for words in [texts.about(theme), texts.advice(theme, Occasion::Called)] {
                let before = seen.insert(words, (language, theme));
                assert_eq!(before, None, "again in {language:?}, {theme:?}: {words}");
            }
        }
    }
}

#[test]
fn every_theme_has_a_category() {
    for &theme in Theme::ALL {
        assert!(
            categories().any(|category| Theme::of(category) == Some(theme)),
            "{theme:?}"
        );
    }
}

#[test]
fn impersonation_and_calls_of_companies_get_different_advice() {
    let companies = [
        Category::TechSupportScam,
        Category::BusinessImpersonation,
        Category::RefundRecoveryScam,
        Category::Phishing,
    ];
    let named = |advice: &str| ["Microsoft", "माइक्रोसॉफ़्ट"].iter().any(|name| advice.contains(name));
    each(|language, category, occasion| {
        let advice = text(category, occasion, None, language, None);
        let is_told = named(&advice) && advice.contains(AdviceTexts::of(language).support());
        let is_due = category.is_some_and(|category| companies.contains(&category));
        assert_eq!(is_told, is_due, "{language:?} {category:?}: {advice}");
    });
}

#[test]
fn a_well_known_brand_is_named_and_a_private_phrase_is_not() {
    let amazon = Brand::parse("amazon prime").unwrap();
    let private = Brand::parse("my neighbour Jane Doe").unwrap();
    let advice = |category, brand, language| text(Some(category), Occasion::Called, Some(brand), language, None);
    for (language, sentence) in [
        (Language::English, "The name “Amazon” may be misused for this."),
        (Language::German, "Womöglich wird dabei der Name „Amazon“ missbraucht."),
        (
            Language::Spanish,
            "Es posible que se use falsamente el nombre «Amazon».",
        ),
        (
            Language::French,
            "Le nom «\u{a0}Amazon\u{a0}» est peut-être utilisé abusivement.",
        ),
        (Language::Hindi, "“Amazon” के नाम का झूठा इस्तेमाल किया जाए।"),
    ] {
        let named = advice(Category::PrizeLotteryScam, &amazon, language);
        assert!(named.contains(sentence), "{named}");
        let unnamed = advice(Category::PrizeLotteryScam, &private, language);
        assert_eq!(
            unnamed,
            text(Some(Category::PrizeLotteryScam), Occasion::Called, None, language, None)
        );
        let sales = advice(Category::Telemarketing, &amazon, language);
        assert!(!sales.contains("Amazon"), "{sales}");
    }
}

#[test]
fn the_owner_of_a_spoofed_number_is_named_first() {
    let name = "U.S. Department of Energy";
    for (language, certain, probable, possible) in [
        (
            Language::English,
            "The number shown belongs to U.S. Department of Energy, who did not place this call. ",
            "The number shown belongs to U.S. Department of Energy, who probably did not place this call. ",
            "The number shown belongs to U.S. Department of Energy, who may not have placed this call. ",
        ),
        (
            Language::German,
            "Die angezeigte Nummer gehört zu U.S. Department of Energy, aber dieser Anruf kommt nicht von dort. ",
            "Die angezeigte Nummer gehört zu U.S. Department of Energy, aber dieser Anruf kommt wahrscheinlich nicht von dort. ",
            "Die angezeigte Nummer gehört zu U.S. Department of Energy, aber dieser Anruf kommt womöglich nicht von dort. ",
        ),
        (
            Language::Spanish,
            "El número que se muestra pertenece a U.S. Department of Energy, que no ha hecho esta llamada. ",
            "El número que se muestra pertenece a U.S. Department of Energy, que probablemente no ha hecho esta llamada. ",
            "El número que se muestra pertenece a U.S. Department of Energy, que quizá no haya hecho esta llamada. ",
        ),
        (
            Language::French,
            "Le numéro affiché appartient à U.S. Department of Energy, qui n'a pas passé cet appel. ",
            "Le numéro affiché appartient à U.S. Department of Energy, qui n'a probablement pas passé cet appel. ",
            "Le numéro affiché appartient à U.S. Department of Energy, qui n'a peut-être pas passé cet appel. ",
        ),
        (
            Language::Hindi,
            "दिखाया गया नंबर U.S. Department of Energy का है, लेकिन यह कॉल वहाँ से नहीं आई है। ",
            "दिखाया गया नंबर U.S. Department of Energy का है, लेकिन यह कॉल शायद वहाँ से नहीं आई है। ",
            "दिखाया गया नंबर U.S. Department of Energy का है, लेकिन हो सकता है कि यह कॉल वहाँ से न आई हो। ",
        ),
    ] {
        for category in categories() {
            for (spoof, sentence) in [
                (OwnerSpoof::Certain, certain),
                (OwnerSpoof::Probable, probable),
                (OwnerSpoof::Possible, possible),
            ] {
                let advice = text_on_owner(name, spoof, category, language);
                assert!(advice.starts_with(sentence), "{advice}");
                assert!(!advice.contains("Border") && !advice.contains(['{', '}']), "{advice}");
            }
        }
    }
}

/// The name is that of a list of another party, so it may be long, and may hold any visible character.
#[test]
fn no_name_of_an_owner_turns_or_stretches_the_text() {
    let name = format!("\u{202e}{{brand}}\u{2066}{}\u{200f}", "W".repeat(100));
    for &language in Language::ALL {
        for category in categories() {
            let advice = text_on_owner(&name, OwnerSpoof::Possible, category, language);
            assert!(advice.contains("{brand}WWW") && advice.contains("W…"), "{advice}");
            assert!(!advice.contains(['\u{202e}', '\u{2066}', '\u{200f}']), "{advice}");
            assert!(advice.chars().count() <= CHARS_MAX, "{advice}");
            let nameless = text_on_owner(
                "\u{202e}\u{202c}",
                OwnerSpoof::Certain,
                Some(Category::OtherFraud),
                language,
            );
            let general = super::text(&Topic {
                category: Some(Category::OtherFraud),
                occasion: Occasion::Called,
                brand: Brand::parse("customs and border protection").ok().as_ref(),
                owner: None,
                language,
                place: region("US"),
            });
            assert_eq!(nameless, general);
        }
    }
}

#[test]
fn reports_go_where_the_person_is() {
    let advice = |category, place| text(Some(category), Occasion::Called, None, Language::German, place);
    let fraud = advice(Category::OtherFraud, region("AT"));
    assert!(
        fraud.contains("Melden können Sie die Nummer hier: rufnummernmissbrauch.at."),
        "{fraud}"
    );
    let fraud = advice(Category::OtherFraud, region("TV"));
    assert!(fraud.contains("Melden Sie die Nummer der Polizei."), "{fraud}");
    let sales = advice(Category::Telemarketing, region("US"));
    assert!(sales.ends_with("hier beschweren: donotcall.gov."), "{sales}");
    let sales = advice(Category::Telemarketing, region("NZ"));
    assert!(sales.ends_with("bitten Sie Ihren Telefonanbieter um Hilfe."), "{sales}");
    for place in [None, region("US")] {
        let threat = advice(Category::Extortion, place);
        assert!(threat.contains("Wenden Sie sich an die Polizei."), "{threat}");
    }
}

#[test]
fn texts_have_the_expected_placeholders() {
    for &language in Language::ALL {
        let texts = AdviceTexts::of(language);
        for sentence in [texts.report_fraud(), texts.report_unwanted()] {
            assert_eq!(sentence.matches("{place}").count(), 1, "{sentence}");
        }
        assert_eq!(texts.brand().matches("{brand}").count(), 1, "{}", texts.brand());
        for sentence in [
            texts.owner(OwnerSpoof::Certain),
            texts.owner(OwnerSpoof::Probable),
            texts.owner(OwnerSpoof::Possible),
        ] {
            assert_eq!(sentence.matches("{owner}").count(), 1, "{sentence}");
        }
    }
}

#[test]
fn warming_up_reads_every_file() {
    warm_up();
}
