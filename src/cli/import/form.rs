//! The form of a text, for messages that must not repeat the text: it may be personal data.

/// Longest form that is shown, in characters.
const CHARS_MAX: usize = 40;

/// The text with 9 for each digit, `A` and `a` for letters, such as `9/99/9999 9:99 AA`.
pub(super) fn form_of(text: &str) -> String {
    let form = |c: char| match c {
        _ if c.is_ascii_digit() => '9',
        _ if c.is_uppercase() => 'A',
        _ if c.is_alphabetic() => 'a',
        _ if c.is_control() => ' ',
        _ => c,
    };
    let mut shown: String = text.chars().take(CHARS_MAX).map(form).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        shown.push_str("...");
    }
    shown
}

/// The columns of a header. A field that is no name is shown by its form: a file without a header has data there.
pub(in crate::cli) fn columns_of(header: &csv::ByteRecord) -> String {
    header.iter().map(column_name).collect::<Vec<_>>().join(", ")
}

/// One column of a header; its form if it is no name.
pub(super) fn column_name(field: &[u8]) -> String {
    let name = String::from_utf8_lossy(field);
    let name = name.trim();
    let is_name = !name.is_empty()
        && name.len() <= CHARS_MAX
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' '))
        && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if is_name { name.to_owned() } else { form_of(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_hold_no_content() {
        assert_eq!(form_of("7/6/2021 9:05 PM"), "9/9/9999 9:99 AA");
        assert_eq!(form_of("Jul 6, 2021"), "Aaa 9, 9999");
        assert_eq!(form_of(&"x".repeat(50)), format!("{}...", "a".repeat(40)));
        let header = csv::ByteRecord::from(vec!["Phone", "2125550123", "Created Date", "a@b.example"]);
        assert_eq!(columns_of(&header), "Phone, 9999999999, Created Date, a@a.aaaaaaa");
    }
}
