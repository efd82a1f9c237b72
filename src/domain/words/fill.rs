//! Texts with places for values.

/// The text with each `{name}` replaced by its value. The text is read once, so braces in a value stay as they are. A place
/// without a value stays as it is, too.
pub(in crate::domain) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + values.iter().map(|(_, value)| value.len()).sum::<usize>());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value = after.split_once('}').and_then(|(name, left)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((*value, left))
        });
        rest = if let Some((value, left)) = value {
            filled.push_str(value);
            left
        } else {
            filled.push('{');
            after
        };
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_gets_its_value_and_values_are_not_read_again() {
        let values = [("a", "{b}"), ("b", "2")];
        for (text, expected) in [
            ("", ""),
            ("no place", "no place"),
            ("{a} and {b}.", "{b} and 2."),
            ("{c} and {b}", "{c} and 2"),
            ("{a", "{a"),
            ("}{{b}", "}{2"),
        ] {
            assert_eq!(fill(text, &values), expected, "{text}");
        }
    }
}
