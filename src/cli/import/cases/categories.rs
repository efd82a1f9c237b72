//! Maps texts about recorded calls to our categories. The list is data: `data/ftc-case-categories.csv`, with one line
//! for each prefix of a text.

use crate::cli::names::NamedValue as _;
use crate::wire::v1::Category;

const CATEGORIES: &str = include_str!("../../data/ftc-case-categories.csv");

/// Prefixes of texts, each with a category and the brand that the callers claim to be.
pub(super) struct Categories(Vec<(String, Category, String)>);

impl Categories {
    pub(super) fn new() -> Self {
        let rows = csv::Reader::from_reader(CATEGORIES.as_bytes()).into_records();
        let known = rows.filter_map(|row| {
            let row = row.ok()?;
            Some((
                key(row.get(0)?),
                Category::from_name(row.get(1)?)?,
                row.get(2)?.to_owned(),
            ))
        });
        Self(known.collect())
    }

    /// The category and the brand of a text, if any. The longest matching prefix counts.
    pub(super) fn find(&self, text: &str) -> Option<(Category, &str)> {
        let text = key(text);
        let fitting = self.0.iter().filter(|(begin, ..)| text.starts_with(begin));
        let (_, category, brand) = fitting.max_by_key(|(begin, ..)| begin.len())?;
        Some((*category, brand))
    }
}

/// The text in lower case, with `-` for white space: the files have both `Tech Support` and `Tech-Support`.
fn key(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join("-").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_list_is_read() {
        assert_eq!(Categories::new().0.len(), CATEGORIES.lines().count() - 1);
    }

    #[test]
    fn categories_are_found_by_the_start_of_a_text() {
        let categories = Categories::new();
        assert_eq!(
            categories.find("SSA-P1-TexasFraud"),
            Some((Category::GovernmentImpersonation, "Social Security Administration"))
        );
        assert_eq!(
            categories.find("Tech Support-Lumen"),
            Some((Category::TechSupportScam, ""))
        );
        assert_eq!(
            categories.find("Utility Disconnection"),
            Some((Category::UtilityScam, ""))
        );
        assert_eq!(categories.find("Moon-Landing"), None);
    }
}
