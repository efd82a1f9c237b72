//! The name of the owner of a number, as calling name delivery carries it.

use super::label::CHARS_MAX;
use super::list::Owner;

/// The name to show for the owner's calls: visible ASCII of at most [`CHARS_MAX`] characters. It is that of the
/// organisation, or of its brand if the organisation's is written in another script than Latin; empty if both are.
#[must_use]
pub fn caller_name(owner: &Owner) -> String {
    let brand = owner.brand.as_ref().and_then(|brand| ascii(brand.as_str()));
    ascii(owner.organisation.as_str()).or(brand).unwrap_or_default()
}

/// The text without accents, cut to [`CHARS_MAX`]; none if one of its letters has no Latin form, or if nothing is left.
/// Characters that stand for something in a SIP header, such as quotation marks, become blanks.
fn ascii(text: &str) -> Option<String> {
    let mut name = String::with_capacity(CHARS_MAX);
    for c in text.chars() {
        match plain(c) {
            Some(letters) => name.push_str(letters),
            None if is_shown(c) => name.push(c),
            None if c.is_alphabetic() => return None,
            None if !name.ends_with(' ') && !name.is_empty() => name.push(' '),
            None => {}
        }
    }
    name.truncate(CHARS_MAX);
    let name = name.trim_end().to_owned();
    (!name.is_empty()).then_some(name)
}

const fn is_shown(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '&' | '.' | '-' | '\'' | '/' | '+')
}

/// A Latin letter with an accent as letters without.
const fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'À'..='Å' | 'Ā' | 'Ą' => "A",
        'à'..='å' | 'ā' | 'ą' => "a",
        'Æ' => "AE",
        'æ' => "ae",
        'Ç' | 'Ć' | 'Č' => "C",
        'ç' | 'ć' | 'č' => "c",
        'È'..='Ë' | 'Ē' | 'Ę' | 'Ě' => "E",
        'è'..='ë' | 'ē' | 'ę' | 'ě' => "e",
        'Ì'..='Ï' | 'Ī' | 'İ' => "I",
        'ì'..='ï' | 'ī' | 'ı' => "i",
        'Ł' => "L",
        'ł' => "l",
        'Ñ' | 'Ń' | 'Ň' => "N",
        'ñ' | 'ń' | 'ň' => "n",
        'Ò'..='Ö' | 'Ø' | 'Ō' | 'Ő' => "O",
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
        'Œ' => "OE",
        'œ' => "oe",
        'Ř' => "R",
        'ř' => "r",
        'Ś' | 'Ş' | 'Š' => "S",
        'ś' | 'ş' | 'š' => "s",
        'ß' => "ss",
        'Ù'..='Ü' | 'Ū' | 'Ů' | 'Ű' => "U",
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => "u",
        'Ý' => "Y",
        'ý' | 'ÿ' => "y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::brand::Brand;
    use crate::domain::ids::OwnerName;
    use crate::domain::kinds::OwnerCalls;

    fn name(organisation: &str, brand: &str) -> String {
        caller_name(&Owner {
            organisation: OwnerName::parse(organisation).unwrap(),
            brand: Brand::parse(brand).ok(),
            calls: OwnerCalls::Yes,
        })
    }

    #[test]
    fn names_are_short_and_plain() {
        for (organisation, brand, expected) in [
            ("Amazon.com", "Amazon", "Amazon.com"),
            ("American Express Company", "", "American Expres"),
            ("Société Générale", "", "Societe General"),
            ("Straße & Söhne", "", "Strasse & Sohne"),
            ("U.S. Dept. of Energy", "", "U.S. Dept. of E"),
            ("भारतीय स्टेट बैंक", "SBI", "SBI"),
            ("भारतीय स्टेट बैंक", "", ""),
            ("\u{202e}Bank\" <sip:a@b>", "", "Bank sip a b"),
            ("1234567890 2345 7", "", "1234567890 2345"),
            ("12345678901234 67", "", "12345678901234"),
        ] {
            assert_eq!(name(organisation, brand), expected, "{organisation}");
        }
    }

    proptest! {
        #[test]
        fn no_name_breaks_a_header(organisation in "\\PC{0,14}[A-Za-z]\\PC{0,14}") {
            let name = name(&organisation, "");
            prop_assert!(name.len() <= CHARS_MAX && name.trim() == name, "{name}");
            prop_assert!(name.chars().all(|c| c == ' ' || is_shown(c)), "{name}");
        }
    }
}
