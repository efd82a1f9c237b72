//! The values of a header that names callers: `"Name" <address>;parameters`, separated by commas.
//!
//! SIP allows the form without brackets too (RFC 3261 section 25.1, `name-addr` and `addr-spec`), and
//! P-Asserted-Identity may hold a `sip` and a `tel` address of one caller (RFC 3325 section 9.1).

/// Schemes of the addresses that name callers.
const SCHEMES: [&str; 3] = ["sip:", "sips:", "tel:"];

/// One value. Without angle brackets all of it is the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameAddr<'t> {
    /// The display name, quotes included.
    pub(super) name: &'t str,
    pub(super) address: &'t str,
    /// The text after the closing bracket: parameters of the header.
    pub(super) outside: &'t str,
}

/// All values of a text, in their order; at least one.
pub(super) fn values(text: &str) -> impl Iterator<Item = NameAddr<'_>> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let (value, after) = first(rest?);
        rest = after;
        Some(value)
    })
}

/// A text after its scheme, which may be in upper or lower case.
pub(super) fn strip_scheme<'t>(text: &'t str, scheme: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// The first value, and the text after the comma that ends it.
fn first(text: &str) -> (NameAddr<'_>, Option<&str>) {
    let (mut quoted, mut escaped) = (false, false);
    let (mut open, mut close) = (None, None);
    for (at, char) in text.char_indices() {
        let after = || text.get(at + 1..).unwrap_or_default();
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            // A quotation mark without a second one is an ordinary character.
            '"' => quoted = !quoted && after().contains('"'),
            '<' if !quoted => (open, close) = (Some(at), None),
            '>' if !quoted && open.is_some() => close = close.or(Some(at)),
            // Other commas belong to a name, or are pauses before an extension.
            ',' if !quoted && (close.is_some() || has_scheme(after())) => {
                let before = text.get(..at).unwrap_or_default();
                return (value(before, open, close), Some(after()));
            }
            _ => {}
        }
    }
    (value(text, open, close), None)
}

fn has_scheme(text: &str) -> bool {
    SCHEMES
        .iter()
        .any(|scheme| strip_scheme(text.trim_start(), scheme).is_some())
}

/// A value whose address stands between the brackets at `open` and `close`.
fn value(text: &str, open: Option<usize>, close: Option<usize>) -> NameAddr<'_> {
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().trim();
    let end = text.len();
    match (open, close) {
        (Some(open), close) => NameAddr {
            name: part(0, open),
            address: part(open + 1, close.unwrap_or(end)),
            outside: part(close.map_or(end, |close| close + 1), end),
        },
        (None, _) => NameAddr {
            name: "",
            address: text.trim(),
            outside: "",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(&str, &str, &str)> {
        values(text)
            .map(|value| (value.name, value.address, value.outside))
            .collect()
    }

    #[test]
    fn names_may_hold_brackets_commas_and_quotes() {
        for (text, expected) in [
            ("tel:+1", ("", "tel:+1", "")),
            ("<tel:+1>;a=b", ("", "tel:+1", ";a=b")),
            ("Bob < tel:+1 >", ("Bob", "tel:+1", "")),
            (r#""Doe, J" <tel:+1>"#, (r#""Doe, J""#, "tel:+1", "")),
            ("Doe, J <tel:+1>", ("Doe, J", "tel:+1", "")),
            (r#""A \" <b>" <tel:+1>"#, (r#""A \" <b>""#, "tel:+1", "")),
            (r#""<tel:+2>, x" <tel:+1>"#, (r#""<tel:+2>, x""#, "tel:+1", "")),
            (r#"6" tube <tel:+1>"#, (r#"6" tube"#, "tel:+1", "")),
            ("A <b> c <tel:+1>", ("A <b> c", "tel:+1", "")),
            ("<tel:+1", ("", "tel:+1", "")),
            ("tel:+1,,22", ("", "tel:+1,,22", "")),
            ("", ("", "", "")),
        ] {
            assert_eq!(parts(text), [expected], "{text}");
        }
    }

    #[test]
    fn a_list_is_taken_apart() {
        for (text, addresses) in [
            ("<sip:a@b>, <tel:+1>", vec!["sip:a@b", "tel:+1"]),
            (r#""x, y" <sip:a@b>;q="1,2",<tel:+1>"#, vec!["sip:a@b", "tel:+1"]),
            ("tel:+1, SIP:a@b", vec!["tel:+1", "SIP:a@b"]),
            ("<tel:+1>,", vec!["tel:+1", ""]),
        ] {
            let found: Vec<&str> = values(text).map(|value| value.address).collect();
            assert_eq!(found, addresses, "{text}");
        }
    }
}
