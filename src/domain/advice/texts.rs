//! The words of a language, from its data file, and how sentences become a text.

use std::sync::LazyLock;

use serde::Deserialize;

use super::theme::{Report, Theme, Themes};
use super::{Language, Occasion};
use crate::domain::policy::OwnerSpoof;

static ENGLISH: LazyLock<AdviceTexts> = LazyLock::new(|| AdviceTexts::read(include_str!("data/en.toml")));
static GERMAN: LazyLock<AdviceTexts> = LazyLock::new(|| AdviceTexts::read(include_str!("data/de.toml")));
static SPANISH: LazyLock<AdviceTexts> = LazyLock::new(|| AdviceTexts::read(include_str!("data/es.toml")));
static FRENCH: LazyLock<AdviceTexts> = LazyLock::new(|| AdviceTexts::read(include_str!("data/fr.toml")));
static HINDI: LazyLock<AdviceTexts> = LazyLock::new(|| AdviceTexts::read(include_str!("data/hi.toml")));

/// All words of a language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdviceTexts {
    support: Box<str>,
    brand: Box<str>,
    owner_certain: Box<str>,
    owner_probable: Box<str>,
    owner_possible: Box<str>,
    dial_fraud: Box<str>,
    dial_unwanted: Box<str>,
    report_fraud: Box<str>,
    report_fraud_police: Box<str>,
    report_unwanted: Box<str>,
    report_unwanted_company: Box<str>,
    report_threat: Box<str>,
    themes: Themes,
}

impl AdviceTexts {
    /// The words of a language, read at its first use.
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::German => &GERMAN,
            Language::Spanish => &SPANISH,
            Language::French => &FRENCH,
            Language::Hindi => &HINDI,
        }
    }

    /// The possible use of the number.
    pub(super) fn about(&self, theme: Theme) -> &str {
        &self.themes.words(theme).about
    }

    /// The advice for this occasion.
    pub(super) fn advice(&self, theme: Theme, occasion: Occasion) -> &str {
        let words = self.themes.words(theme);
        match occasion {
            Occasion::Called => &words.called,
            Occasion::AboutToDial => words.about_to_dial.as_deref().unwrap_or(match theme.report() {
                Report::Fraud | Report::Threat => &self.dial_fraud,
                Report::Unwanted => &self.dial_unwanted,
            }),
        }
    }

    /// The sentence that companies do not offer help unasked.
    pub(super) fn support(&self) -> &str {
        &self.support
    }

    /// The sentence that the name of a `{brand}` may be misused.
    pub(super) fn brand(&self) -> &str {
        &self.brand
    }

    /// The sentence that the number belongs to an `{owner}`, who did not place the call, probably did not place it, or may
    /// not have placed it.
    pub(super) fn owner(&self, spoof: OwnerSpoof) -> &str {
        match spoof {
            OwnerSpoof::Certain => &self.owner_certain,
            OwnerSpoof::Probable => &self.owner_probable,
            OwnerSpoof::Possible => &self.owner_possible,
        }
    }

    /// The sentence that a `{place}` takes reports of fraud.
    pub(super) fn report_fraud(&self) -> &str {
        &self.report_fraud
    }

    /// The sentence that the police take reports of fraud.
    pub(super) fn report_fraud_police(&self) -> &str {
        &self.report_fraud_police
    }

    /// The sentence that a `{place}` takes complaints about unwanted calls.
    pub(super) fn report_unwanted(&self) -> &str {
        &self.report_unwanted
    }

    /// The sentence that the telephone company may help against unwanted calls.
    pub(super) fn report_unwanted_company(&self) -> &str {
        &self.report_unwanted_company
    }

    /// The sentence that the police deal with threats.
    pub(super) fn report_threat(&self) -> &str {
        &self.report_threat
    }

    #[expect(
        clippy::expect_used,
        reason = "the files are part of the program, and a test reads each"
    )]
    fn read(file: &str) -> Self {
        toml::from_str(file).expect("the file has words for everything")
    }
}

/// A sentence, whole or with one gap filled in. An empty one is left out of a text.
#[derive(Clone, Copy, Default)]
pub(super) struct Sentence<'a> {
    before: &'a str,
    filling: &'a str,
    after: &'a str,
}

impl<'a> Sentence<'a> {
    /// A sentence without a gap.
    pub(super) const fn plain(text: &'a str) -> Self {
        Self {
            before: text,
            filling: "",
            after: "",
        }
    }

    /// A sentence with its one `{name}` filled in.
    pub(super) fn filled(text: &'a str, filling: &'a str) -> Self {
        let hole = text
            .split_once('{')
            .and_then(|(before, rest)| Some((before, rest.split_once('}')?.1)));
        hole.map_or(Self::plain(text), |(before, after)| Self { before, filling, after })
    }

    fn parts(&self) -> [&'a str; 3] {
        [self.before, self.filling, self.after]
    }

    fn len(&self) -> usize {
        self.parts().iter().map(|part| part.len()).sum()
    }
}

/// The sentences, one after another, in one allocation.
pub(super) fn paragraph(sentences: &[Sentence<'_>]) -> String {
    let mut text = String::with_capacity(sentences.iter().map(|sentence| sentence.len() + 1).sum());
    for sentence in sentences.iter().filter(|sentence| sentence.len() > 0) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.extend(sentence.parts());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_filled_and_put_after_one_another() {
        let sentences = [
            Sentence::default(),
            Sentence::plain("One."),
            Sentence::default(),
            Sentence::filled("Two {name}!", "and a half"),
            Sentence::filled("Three: {name", "lost"),
        ];
        let text = paragraph(&sentences);
        assert_eq!(text, "One. Two and a half! Three: {name");
        assert!(text.capacity() <= text.len() + sentences.len(), "allocated once");
    }
}
