//! Advice for a person who is called or is about to dial: what the call may be about, what to do, and where to report
//! it.
//!
//! The words are data, one file a [`Language`] in `data/`, and so are the places to report (`data/places.csv`): a
//! translator needs no Rust. A text consists of whole sentences:
//!
//! 1. the possible use of the number, never as an accusation, since a category is a claim of reporters;
//! 2. what to do;
//! 3. for calls in the name of a company: such companies do not call unasked. Microsoft says so of itself: its error
//!    and warning messages never include a phone number, and it makes no unsolicited calls ("Protect yourself from tech
//!    support scams", support.microsoft.com);
//! 4. the name that may be misused, if it is that of a well-known brand;
//! 5. where to report, in the region of the person called.

mod language;
mod places;
mod texts;
mod theme;

#[cfg(test)]
mod tests;

use super::brand::Brand;
use super::kinds::Category;
use crate::number::Region;

pub use self::language::Language;
use self::places::ReportingPlaces;
use self::texts::{AdviceTexts, Sentence};
use self::theme::{Report, Theme};

/// The situation of the person who gets the advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// The number calls them.
    Called,
    /// They are about to dial it, since a pop-up, a message or a voicemail showed it.
    AboutToDial,
}

/// Advice on a number of this category, in this language, for a person in this region.
///
/// Without a category, or with an unspecific one, the advice is general. For categories of wanted calls the text is
/// empty: there is nothing to warn about. Only brands on the canonical list are named: any other name is free text from
/// a report and may be a private person's. At most about 600 characters.
///
/// The caller of this function decides, by score or action, whether to show the advice.
#[must_use]
pub fn text(
    category: Option<Category>,
    occasion: Occasion,
    brand: Option<&Brand>,
    language: Language,
    place: Option<Region>,
) -> String {
    let Some(theme) = Theme::of(category) else {
        return String::new();
    };
    let texts = AdviceTexts::of(language);
    texts::paragraph(&[
        Sentence::plain(texts.about(theme)),
        Sentence::plain(texts.advice(theme, occasion)),
        Sentence::plain(if theme.is_in_the_name_of_companies() {
            texts.support()
        } else {
            ""
        }),
        brand_sentence(texts, theme, brand),
        report_sentence(texts, theme, place),
    ])
}

/// Reads the words of every language and the places, which otherwise happens at the first advice. Called once at the
/// start, so that no lookup waits for it.
pub fn warm_up() {
    for &language in Language::ALL {
        AdviceTexts::of(language);
    }
    places::warm_up();
}

fn brand_sentence<'a>(texts: &'a AdviceTexts, theme: Theme, brand: Option<&'a Brand>) -> Sentence<'a> {
    let known = brand.filter(|brand| theme.report() != Report::Unwanted && brand.is_canonical());
    known.map_or(Sentence::default(), |brand| {
        Sentence::filled(texts.brand(), brand.as_str())
    })
}

fn report_sentence(texts: &'static AdviceTexts, theme: Theme, region: Option<Region>) -> Sentence<'static> {
    let place = region.map_or(ReportingPlaces::default(), ReportingPlaces::of);
    match theme.report() {
        Report::Fraud if place.fraud.is_empty() => Sentence::plain(texts.report_fraud_police()),
        Report::Fraud => Sentence::filled(texts.report_fraud(), place.fraud),
        Report::Unwanted if place.unwanted.is_empty() => Sentence::plain(texts.report_unwanted_company()),
        Report::Unwanted => Sentence::filled(texts.report_unwanted(), place.unwanted),
        Report::Threat => Sentence::plain(texts.report_threat()),
    }
}
