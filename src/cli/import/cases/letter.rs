//! What a letter is called, by the name of its file.
//!
//! `pointofnoentry-bandwidthceasedesistletter.pdf` is the letter `bandwidthceasedesistletter`: without
//! `pointofnoentry-` and `.pdf`. Its readable name is made by rule: a trailing `_` and digits (a file uploaded again)
//! and `finaljms` (a draft's mark) are dropped; then `ceasedesistletter`, `cease-desistletter` or `cdletter` at the
//! end reads "cease and desist letter", `warningletter` reads "warning letter", and what is left before it is the
//! company, with a capital. So: "Bandwidth cease and desist letter". A name without such an end stays as it is.

use xxhash_rust::xxh3::xxh3_64;

use crate::domain::ids::CaseId;

/// What precedes the name in a file's name.
const PREFIX: &str = "pointofnoentry-";

/// What ends a file's name.
const SUFFIX: &str = ".pdf";

/// What precedes the name in a case's id.
const ID_PREFIX: &str = "ftc-";

/// What ends a name, and how it reads.
const KINDS: [(&str, &str); 4] = [
    ("ceasedesistletter", "cease and desist letter"),
    ("cease-desistletter", "cease and desist letter"),
    ("cdletter", "cease and desist letter"),
    ("warningletter", "warning letter"),
];

/// The letter's own name in the name of its file; `None` if nothing is left.
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

/// The id of a letter's case: `ftc-` and the name, with `-` for what an id may not hold. A name that is too long is
/// cut, and ends with 16 hex digits of its XXH3 instead.
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
