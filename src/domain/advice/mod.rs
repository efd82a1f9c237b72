//! Advice for a person who is called or is about to dial: what the call may be about, what to do, and where to report
//! it.
//!
//! The words are data, one file a [`Language`] in `data/`, and so are the places to report (`data/places.csv`): a
//! translator needs no Rust. A text consists of whole sentences:
//!
//! 1. the possible use of the number, never as an accusation, since a category is a claim of reporters; or the owner of
//!    the number, if another party is thought to show it;
//! 2. what to do;
//! 3. for calls in the name of a company: such companies do not call unasked. Microsoft says so of itself: its error
//!    and warning messages never include a phone number, and it makes no unsolicited calls ("Protect yourself from tech
//!    support scams", support.microsoft.com);
//! 4. the name that may be misused, if it is that of a well-known brand;
//! 5. where to report, in the region of the person called.

mod advised;
mod owner;
mod places;
mod texts;
mod theme;

#[cfg(test)]
mod tests;

use super::brand::Brand;
use super::kinds::Category;
use super::policy::OwnerSpoof;
use crate::number::Region;

pub use self::advised::{is_advised, is_advised_text};
pub use self::owner::owner_in_sentence;
use self::places::ReportingPlaces;
use self::texts::{AdviceTexts, Sentence};
use self::theme::{Report, Theme};
use super::language::Language;

/// The situation of the person who gets the advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// The number calls them.
    Called,
    /// They are about to dial it, since a pop-up, a message or a voicemail showed it.
    AboutToDial,
}

/// The owner of a number that another party is thought to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpoofedOwner<'a> {
    /// The organisation, as a list names it.
    pub name: &'a str,
    /// How sure it is that the owner did not place the call.
    pub spoof: OwnerSpoof,
}

/// What advice is about, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Topic<'a> {
    /// The category of the calls.
    pub category: Option<Category>,
    /// The situation of the person.
    pub occasion: Occasion,
    /// The brand that may be misused.
    pub brand: Option<&'a Brand>,
    /// The owner of the number, if another party is thought to show it.
    pub owner: Option<SpoofedOwner<'a>>,
    /// The language of the person.
    pub language: Language,
    /// The region of the person.
    pub place: Option<Region>,
}

/// Advice on a number.
///
/// Without a category, or with an unspecific one, the advice is general. For categories of wanted calls the text is
/// empty: there is nothing to warn about, unless another party is thought to show the number of an owner. Only brands on
/// the canonical list are named: any other name is free text from a report and may be a private person's. The name of an
/// owner is one that the operator imported; see [`owner_in_sentence`]. At most about 600 characters.
///
/// The caller of this function decides, by score or action, whether to show the advice.
#[must_use]
pub fn text(topic: &Topic<'_>) -> String {
    let wanted = topic.owner.map(|_| Theme::General);
    let Some(theme) = Theme::of(topic.category).or(wanted) else {
        return String::new();
    };
    let texts = AdviceTexts::of(topic.language);
    let owner = topic
        .owner
        .map(|owner| owner_in_sentence(owner.name))
        .unwrap_or_default();
    texts::paragraph(&[
        match topic.owner {
            Some(spoofed) if !owner.is_empty() => Sentence::filled(texts.owner(spoofed.spoof), &owner),
            Some(_) | None => Sentence::plain(texts.about(theme)),
        },
        Sentence::plain(texts.advice(theme, topic.occasion)),
        Sentence::plain(if theme.is_in_the_name_of_companies() {
            texts.support()
        } else {
            ""
        }),
        // The owner is named already.
        brand_sentence(texts, theme, topic.brand.filter(|_| owner.is_empty())),
        report_sentence(texts, theme, topic.place),
    ])
}

/// Reads the words of every language and the places, which otherwise happens at the first advice. Called once at the
/// start, so that no lookup waits for it.
pub fn warm_up() {
    for &language in Language::ALL {
        AdviceTexts::of(language);
    }
    places::warm_up();
    advised::warm_up();
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
