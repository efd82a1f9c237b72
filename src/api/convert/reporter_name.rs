//! The id of a reporter, as a client writes it.

use unicode_normalization::UnicodeNormalization as _;
use unicode_security::{MixedScript as _, RestrictionLevel, RestrictionLevelDetection as _};

use crate::domain::ids::{NameError, ReporterHash};
use crate::domain::visible::hidden_in;

/// Why a text is not the id of a reporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReporterNameError {
    /// It is empty or too long.
    #[error(transparent)]
    Name(#[from] NameError),
    /// It has a character that does not show.
    #[error("must hold visible characters only")]
    Hidden,
    /// It has a word with letters of several scripts.
    #[error("must not mix letters of several scripts in one word, such as Latin and Cyrillic")]
    Mixed,
}

/// Reads the id of a reporter. One reporter must not count as many who look alike, so an id outside ASCII is brought into its
/// normal form (NFKC, Unicode Standard Annex 15), and may not mix scripts in a word (Unicode Technical Standard 39, sections
/// 5.1 and 5.2). An id in ASCII stays as it is, as stored reports have it; upper and lower case differ.
pub(super) fn reporter_name(text: &str) -> Result<String, ReporterNameError> {
    let name = normal(text.trim());
    if name.is_empty() {
        return Err(NameError::Empty.into());
    }
    if name.len() > ReporterHash::MAX_NAME_BYTES {
        let max_bytes = ReporterHash::MAX_NAME_BYTES;
        return Err(NameError::TooLong { max_bytes }.into());
    }
    if hidden_in(text.trim()).or_else(|| hidden_in(&name)).is_some() {
        return Err(ReporterNameError::Hidden);
    }
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    // Names in East Asia hold Latin letters too, which look like none of theirs.
    let is_usual =
        |word: &str| word.is_single_script() || word.check_restriction_level(RestrictionLevel::HighlyRestrictive);
    if !words.all(is_usual) {
        return Err(ReporterNameError::Mixed);
    }
    Ok(name)
}

fn normal(text: &str) -> String {
    // The longest forms are eighteen times as long: a text that is much too long is not worth the work.
    if text.is_ascii() || text.len() > 4 * ReporterHash::MAX_NAME_BYTES {
        return text.to_owned();
    }
    text.nfkc().collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_ascii_stay_as_they_are() {
        for id in ["user-1", "Bob@example.com", "a b", "0Il1", "{\"id\":7}"] {
            assert_eq!(reporter_name(id).as_deref(), Ok(id));
            assert_eq!(reporter_name(&format!(" {id}\n")).as_deref(), Ok(id));
        }
        assert_eq!(reporter_name("  "), Err(NameError::Empty.into()));
        assert!(reporter_name(&"x".repeat(129)).is_err());
    }

    #[test]
    fn ids_that_look_alike_are_one_or_are_refused() {
        for (text, id) in [
            ("\u{ff55}\u{ff53}\u{ff45}\u{ff52}-1", "user-1"), // full width
            ("user\u{a0}1", "user 1"),
            ("Zoe\u{308}", "Zo\u{eb}"),
            ("\u{1d42e}ser", "user"), // mathematical bold
            ("иван@example.com", "иван@example.com"),
            ("東京の田中", "東京の田中"),
            ("김Kim-田中Taro", "김Kim-田中Taro"),
        ] {
            assert_eq!(reporter_name(text).as_deref(), Ok(id), "{text}");
        }
        for text in ["us\u{435}r-1", "\u{430}dmin", "p\u{3b1}ypal"] {
            assert_eq!(reporter_name(text), Err(ReporterNameError::Mixed), "{text}");
        }
        for text in [
            "user\u{200b}1",
            "us\u{ad}er",
            "\u{202e}resu",
            "a\u{1b}[1m",
            "user\u{fe0f}",
        ] {
            assert_eq!(reporter_name(text), Err(ReporterNameError::Hidden), "{text:?}");
        }
    }
}
