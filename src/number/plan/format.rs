//! The national and international formats of numbers.

use super::metadata::{FormatMetadata, TerritoryMetadata};
use super::pattern::{Match, PatternSyntaxError, Program};

/// The formats of a country code's numbers.
#[derive(Debug, Default)]
pub(super) struct Formats {
    national: Vec<FormatRule>,
    international: Vec<FormatRule>,
}

/// The format of some numbers.
#[derive(Debug)]
struct FormatRule {
    /// The leading digits of these numbers; any if `None`.
    leading: Option<Program>,
    pattern: Program,
    template: Template,
}

/// A text with gaps for the groups of a pattern: `($1) $2-$3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(char),
    Group(usize),
}

impl Formats {
    /// The formats of a country code, from its main territory.
    pub(super) fn of(main: &TerritoryMetadata) -> Self {
        let national_prefix = main.national_prefix.unwrap_or_default();
        let national = main.formats.iter().map(|format| {
            let text = match format.national_prefix {
                Some(rule) => with_national_prefix(format.format, rule, national_prefix),
                None => format.format.to_owned(),
            };
            FormatRule::new(format, &text)
        });
        let international = main.international_formats;
        let international = if international.is_empty() {
            main.formats
        } else {
            international
        };
        Self {
            national: national.filter_map(Result::ok).collect(),
            international: international
                .iter()
                .filter_map(|format| FormatRule::new(format, format.format).ok())
                .collect(),
        }
    }

    /// How many national and international rules there are.
    #[cfg(test)]
    pub(super) fn rules(&self) -> (usize, usize) {
        (self.national.len(), self.international.len())
    }

    /// The national format; bare digits if no rule fits.
    pub(super) fn national(&self, digits: &[u8]) -> String {
        write(&self.national, digits)
    }

    /// The international format, without the country code; bare digits if no rule fits.
    pub(super) fn international(&self, digits: &[u8]) -> String {
        write(&self.international, digits)
    }
}

fn write(rules: &[FormatRule], digits: &[u8]) -> String {
    rules
        .iter()
        .filter(|rule| {
            rule.leading
                .as_ref()
                .is_none_or(|leading| leading.match_start(digits).is_some())
        })
        .find_map(|rule| Some(rule.template.fill(&rule.pattern.match_all(digits)?, digits)))
        .unwrap_or_else(|| String::from_utf8_lossy(digits).into_owned())
}

impl FormatRule {
    fn new(format: &FormatMetadata, template: &str) -> Result<Self, PatternSyntaxError> {
        Ok(Self {
            leading: format.leading_digits.map(Program::new).transpose()?,
            pattern: Program::new(format.pattern)?,
            template: Template::new(template),
        })
    }
}

impl Template {
    /// Reads `$1` to `$9` as groups and everything else as literal text.
    pub(super) fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(next) = chars.next() {
            let group = chars
                .peek()
                .and_then(|digit| digit.to_digit(10))
                .filter(|_| next == '$');
            match group.and_then(|group| usize::try_from(group).ok()) {
                Some(group) => {
                    chars.next();
                    pieces.push(Piece::Group(group));
                }
                None => pieces.push(Piece::Text(next)),
            }
        }
        Self(pieces)
    }

    /// The text with the groups of a match in `digits`; a group outside the match is empty.
    pub(super) fn fill(&self, found: &Match, digits: &[u8]) -> String {
        let mut text = String::with_capacity(self.0.len() + digits.len());
        for piece in &self.0 {
            match piece {
                Piece::Text(char) => text.push(*char),
                Piece::Group(group) => {
                    let group = found.group(*group, digits).unwrap_or_default();
                    text.extend(group.iter().map(|&digit| char::from(digit)));
                }
            }
        }
        text
    }
}

/// A format whose first group is written by `rule`: `$NP` is the national prefix, `$FG` the first group.
fn with_national_prefix(format: &str, rule: &str, national_prefix: &str) -> String {
    let first = format
        .char_indices()
        .zip(format.chars().skip(1))
        .find(|((_, dollar), digit)| *dollar == '$' && digit.is_ascii_digit());
    let Some(((at, _), digit)) = first else {
        return format.to_owned();
    };
    let group = format!("${digit}");
    let rule = rule.replace("$NP", national_prefix).replace("$FG", &group);
    let (before, after) = format.split_at(at);
    format!("{before}{}", after.replacen(&group, &rule, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_wraps_the_first_group_wherever_it_stands() {
        assert_eq!(with_national_prefix("$1 $2", "$NP$FG", "0"), "0$1 $2");
        assert_eq!(with_national_prefix("$2 15-$3-$4", "$NP $FG", "0"), "0 $2 15-$3-$4");
        assert_eq!(with_national_prefix("($1) $2", "($NP$FG)", "8"), "((8$1)) $2");
        assert_eq!(with_national_prefix("$1", "$FG", ""), "$1");
        assert_eq!(with_national_prefix("none", "$NP$FG", "0"), "none");
    }

    #[test]
    fn templates_fill_their_gaps() {
        let pattern = Program::new(r"(\d{3})(\d{2})?").unwrap();
        let template = Template::new("($1) $2-$x$");
        let long = pattern.match_all(b"12345").unwrap();
        assert_eq!(template.fill(&long, b"12345"), "(123) 45-$x$");
        let short = pattern.match_all(b"123").unwrap();
        assert_eq!(template.fill(&short, b"123"), "(123) -$x$");
    }
}
