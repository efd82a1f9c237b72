//! The name of a letter, made from the name of its file.
//!
//! `pointofnoentry-bandwidthceasedesistletter.pdf` is the letter `bandwidthceasedesistletter`, without
//! `pointofnoentry-` and `.pdf`. The readable name is made by these rules. A trailing `_` with digits (a file that was
//! uploaded again) and `finaljms` (the mark of a draft) are removed. Then `ceasedesistletter`, `cease-desistletter` or
//! `cdletter` at the end becomes "cease and desist letter", and `warningletter` becomes "warning letter". The text
//! before it is the company, and gets a capital. Example: "Bandwidth cease and desist letter". A name without one of
//! these ends stays as it is.

use xxhash_rust::xxh3::xxh3_64;

use crate::domain::ids::CaseId;

/// Start of the file name, before the name of the letter.
const PREFIX: &str = "pointofnoentry-";

/// End of the file name.
const SUFFIX: &str = ".pdf";

/// Start of the case id, before the name of the letter.
const ID_PREFIX: &str = "ftc-";

/// Ends of names, each with its readable form.
const KINDS: [(&str, &str); 4] = [
    ("ceasedesistletter", "cease and desist letter"),
    ("cease-desistletter", "cease and desist letter"),
    ("cdletter", "cease and desist letter"),
    ("warningletter", "warning letter"),
];

/// The name of the letter in the name of its file; `None` if it is empty.
pub(super) fn name(file: &str) -> Option<&str> {
    let file = file.trim();
    let name = file.strip_prefix(PREFIX).unwrap_or(file);
    let name = name.strip_suffix(SUFFIX).unwrap_or(name);
    Some(name).filter(|name| !name.is_empty())
}

/// The readable name of a letter.
pub(super) fn title(name: &str) -> String {
    let core = match name.rsplit_once('_') {
        Some((before, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => before,
        _ => name,
    };
    let core = core.strip_suffix("finaljms").unwrap_or(core);
    let kind = KINDS
        .iter()
        .find_map(|(end, kind)| Some((core.strip_suffix(end)?, kind)));
    match kind {
        Some((company, kind)) if !company.is_empty() => format!("{} {kind}", capital(company)),
        _ => name.to_owned(),
    }
}

/// The case id of a letter: `ftc-` and the name, with `-` for each character that an id must not have. A name that is
/// too long is cut, and gets 16 hex digits of its XXH3 at the end.
pub(super) fn case_id(name: &str) -> String {
    let id: String = ID_PREFIX
        .chars()
        .chain(name.chars())
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' })
        .collect();
    if id.len() <= CaseId::MAX_BYTES && name.is_ascii() {
        return id;
    }
    let hash = format!("-{:016x}", xxh3_64(name.as_bytes()));
    let kept: String = id.chars().take(CaseId::MAX_BYTES - hash.len()).collect();
    kept + &hash
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_readable_names() {
        for (file, letter, readable) in [
            (
                "pointofnoentry-bandwidthceasedesistletter.pdf",
                "bandwidthceasedesistletter",
                "Bandwidth cease and desist letter",
            ),
            (
                "pointofnoentry-peerlessceasedesistletterfinaljms.pdf",
                "peerlessceasedesistletterfinaljms",
                "Peerless cease and desist letter",
            ),
            (
                "pointofnoentry-identidadcease-desistletter.pdf",
                "identidadcease-desistletter",
                "Identidad cease and desist letter",
            ),
            (
                "pointofnoentry-greatchoicecdletter_0.pdf",
                "greatchoicecdletter_0",
                "Greatchoice cease and desist letter",
            ),
            (
                "pointofnoentry-callvoxllcwarningletter.pdf",
                "callvoxllcwarningletter",
                "Callvoxllc warning letter",
            ),
            ("other.pdf", "other", "other"),
        ] {
            assert_eq!(name(file), Some(letter));
            assert_eq!(title(letter), readable);
        }
        assert_eq!(name("pointofnoentry-.pdf"), None);
    }

    #[test]
    fn ids_are_valid_and_differ() {
        assert_eq!(case_id("greatchoicecdletter_0"), "ftc-greatchoicecdletter_0");
        let long = "a".repeat(70);
        let other = "a".repeat(71);
        for name in ["x", "a letter, of 2022", "Bäcker", &long] {
            let id = case_id(name);
            assert_eq!(CaseId::parse(&id).unwrap().as_str(), id);
        }
        assert_ne!(case_id(&long), case_id(&other));
    }
}
