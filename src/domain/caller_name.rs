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
        match capitals(c) {
            Some(letters) if c.is_uppercase() => name.push_str(letters),
            Some(letters) => name.push_str(&letters.to_ascii_lowercase()),
            None if is_accent(c) => {}
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

/// A Latin letter with an accent as capitals without.
const fn capitals(c: char) -> Option<&'static str> {
    Some(match c {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' | 'Ạ'..='ặ' | 'ª' => "A",
        'Æ' | 'æ' => "AE",
        'Ç' | 'ç' | 'Ć'..='č' => "C",
        'Ð' | 'ð' | 'Ď'..='đ' => "D",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' | 'Ẹ'..='ệ' => "E",
        'Ĝ'..='ģ' => "G",
        'Ĥ'..='ħ' => "H",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' | 'Ỉ'..='ị' => "I",
        'Ĳ' | 'ĳ' => "IJ",
        'Ĵ' | 'ĵ' => "J",
        'Ķ'..='ĸ' => "K",
        'Ĺ'..='ł' => "L",
        'Ñ' | 'ñ' | 'Ń'..='ŋ' => "N",
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ō'..='ő' | 'Ơ' | 'ơ' | 'Ọ'..='ợ' | 'º' => "O",
        'Œ' | 'œ' => "OE",
        'Ŕ'..='ř' => "R",
        'Ś'..='š' | 'Ș' | 'ș' => "S",
        'ß' | 'ẞ' => "SS",
        'Ţ'..='ŧ' | 'Ț' | 'ț' => "T",
        'Þ' | 'þ' => "TH",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' | 'Ư' | 'ư' | 'Ụ'..='ự' => "U",
        'Ŵ' | 'ŵ' => "W",
        'Ý' | 'ý' | 'ÿ' | 'Ŷ'..='Ÿ' | 'Ỳ'..='ỹ' => "Y",
        'Ź'..='ž' => "Z",
        _ => return None,
    })
}

/// Whether the character is an accent over the letter before it, as some programs write "é".
const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
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
            ("Socie\u{301}te\u{301} Ge\u{301}ne\u{301}rale", "", "Societe General"),
            ("Doğuş Ağı İş", "", "Dogus Agi Is"),
            ("ŁÓDŹ ŠKODA Țiriac", "", "LODZ SKODA Tiri"),
            ("Điện Việt Ưu", "", "Dien Viet Uu"),
            ("Íslandsþing Æð", "", "Islandsthing AE"),
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
