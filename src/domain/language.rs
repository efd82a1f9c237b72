//! The languages of texts for people.

/// A language of advice and of all other words in an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, also the default for an unknown language.
    #[default]
    English,
    /// German.
    German,
    /// Spanish.
    Spanish,
    /// French.
    French,
    /// Hindi, in Devanagari.
    Hindi,
}

impl Language {
    /// All languages.
    pub const ALL: &'static [Self] = &[Self::English, Self::German, Self::Spanish, Self::French, Self::Hindi];

    /// The language of a tag: a BCP 47 tag (`de-AT`), a POSIX locale (`es_MX`), or a list of tags as in
    /// `Accept-Language`. The first known tag of a list counts; weights are ignored. Only the primary subtag matters,
    /// so `hi-Latn` is Hindi. English if none is known.
    #[must_use]
    pub fn of_tag(tag: &str) -> Self {
        tag.split(',').find_map(Self::of_one_tag).unwrap_or(Self::English)
    }

    /// The primary subtag of BCP 47, ISO 639-1.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::French => "fr",
            Self::Hindi => "hi",
        }
    }

    fn of_one_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_', ';', '.']).next()?.trim();
        let names = |language: &Self| language.tag().eq_ignore_ascii_case(primary);
        Self::ALL.iter().copied().find(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_every_form_are_read() {
        for (tag, language) in [
            ("", Language::English),
            ("en-GB", Language::English),
            ("xx", Language::English),
            ("*", Language::English),
            ("deu", Language::English),
            ("de", Language::German),
            ("de-AT", Language::German),
            ("DE_ch.UTF-8", Language::German),
            ("es_MX", Language::Spanish),
            ("es-419", Language::Spanish),
            ("fr-Latn-CA", Language::French),
            ("hi-Latn", Language::Hindi),
            (" hi ", Language::Hindi),
            ("fr-CH, fr;q=0.9, en;q=0.8", Language::French),
            ("pt-BR, es;q=0.5, en", Language::Spanish),
            ("pt;q=0.9,ja", Language::English),
            (",,", Language::English),
        ] {
            assert_eq!(Language::of_tag(tag), language, "{tag:?}");
        }
    }

    #[test]
    fn a_language_is_found_by_its_own_tag() {
        for &language in Language::ALL {
            assert_eq!(Language::of_tag(language.tag()), language);
        }
    }
}
