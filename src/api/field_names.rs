//! The names of fields in errors. The contract writes `default_region`, JSON writes `defaultRegion`, and a command line has
//! a flag instead. A text that names a field writes the contract's name in backticks, so that it can be renamed.

/// The name of a field, or of a path of fields, in JSON: `reports[3].occurred_at` becomes `reports[3].occurredAt`.
#[must_use]
pub fn json_name(name: &str) -> String {
    let mut json = String::with_capacity(name.len());
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let follows_word = json.ends_with(|c: char| c.is_ascii_alphanumeric());
        match letters.peek() {
            Some(next) if letter == '_' && follows_word && next.is_ascii_lowercase() => {
                json.push(next.to_ascii_uppercase());
                letters.next();
            }
            _ => json.push(letter),
        }
    }
    json
}

/// Renames each field that a text names in backticks, such as `` `default_region` ``.
#[must_use]
pub fn rename_fields(text: &str, rename: impl Fn(&str) -> String) -> String {
    let mut parts = text.split('`');
    let mut renamed = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        renamed.push('`');
        // Every second part is between two backticks.
        if index % 2 == 0 && is_field(part) {
            renamed.push_str(&rename(part));
        } else {
            renamed.push_str(part);
        }
    }
    renamed
}

fn is_field(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_json_names() {
        for (contract, json) in [
            ("number", "number"),
            ("report.occurred_at", "report.occurredAt"),
            ("reports[3].callback_numbers[0]", "reports[3].callbackNumbers[0]"),
            ("__proto__", "__proto__"),
            ("a_1", "a_1"),
            ("a_", "a_"),
        ] {
            assert_eq!(json_name(contract), json);
        }
    }

    #[test]
    fn only_names_in_backticks_are_renamed() {
        let text = "set `default_region`, not default_region or `+1 x_y`, a ` alone";
        assert_eq!(
            rename_fields(text, json_name),
            "set `defaultRegion`, not default_region or `+1 x_y`, a ` alone"
        );
    }
}
