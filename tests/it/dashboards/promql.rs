//! The names in a PromQL expression: metrics, labels, and values of labels.
//!
//! This reads only as much of the language as the names need. `promtool` checks that an expression is correct.

use std::iter::Peekable;
use std::str::Chars;

/// Words in the place of a metric that are not metrics.
const KEYWORDS: [&str; 10] = [
    "and", "or", "unless", "bool", "offset", "start", "end", "inf", "nan", "atan2",
];
/// Operators that combine series; a list of labels may come before their argument.
const AGGREGATORS: [&str; 12] = [
    "sum",
    "min",
    "max",
    "avg",
    "group",
    "count",
    "count_values",
    "bottomk",
    "topk",
    "quantile",
    "stddev",
    "stdvar",
];
/// Words that are followed by a list of labels.
const BEFORE_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// Everything that an expression names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Named {
    pub selectors: Vec<Selector>,
    /// Labels by which series are grouped or matched.
    pub groupings: Vec<String>,
}

/// A metric with the values of labels that it is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Selector {
    pub metric: String,
    /// Label and value; one for each alternative of a regular expression, none for a variable of Grafana.
    pub values: Vec<(String, String)>,
    /// All labels that are asked for.
    pub labels: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    /// A number, a duration, or a variable of Grafana.
    Value,
    Sign(char),
}

/// Reads an expression.
///
/// # Errors
/// If a part of the expression is not supported.
pub fn named(expression: &str) -> Result<Named, String> {
    let tokens = tokens(expression)?;
    let mut named = Named::default();
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        rest = after;
        let Token::Word(word) = first else {
            if *first == Token::Sign('{') {
                return Err(format!("a selector without a metric in {expression}"));
            }
            continue;
        };
        let lower = word.to_lowercase();
        let opens = rest.first() == Some(&Token::Sign('('));
        if BEFORE_LABELS.contains(&lower.as_str()) {
            if opens {
                let (labels, after) = labels(&rest[1..])?;
                named.groupings.extend(labels);
                rest = after;
            }
        } else if !opens && !KEYWORDS.contains(&lower.as_str()) && !AGGREGATORS.contains(&lower.as_str()) {
            let (selector, after) = selector(word, rest)?;
            named.selectors.push(selector);
            rest = after;
        }
    }
    Ok(named)
}

/// Reads `a, b)`.
fn labels(mut rest: &[Token]) -> Result<(Vec<String>, &[Token]), String> {
    let mut labels = Vec::new();
    loop {
        rest = match rest {
            [Token::Word(label), after @ ..] => {
                labels.push(label.clone());
                after
            }
            [Token::Sign(','), after @ ..] => after,
            [Token::Sign(')'), after @ ..] => return Ok((labels, after)),
            _ => return Err(format!("a list of labels is not closed, after {labels:?}")),
        };
    }
}

/// Reads what may follow a metric: `{label="value", ...}`.
fn selector<'a>(metric: &str, rest: &'a [Token]) -> Result<(Selector, &'a [Token]), String> {
    let mut selector = Selector {
        metric: metric.to_owned(),
        ..Selector::default()
    };
    let [Token::Sign('{'), rest @ ..] = rest else {
        return Ok((selector, rest));
    };
    let mut rest = rest;
    loop {
        rest = match rest {
            [Token::Sign('}'), after @ ..] => return Ok((selector, after)),
            [Token::Sign(','), after @ ..] => after,
            [
                Token::Word(label),
                Token::Sign('='),
                Token::Sign('~'),
                Token::Text(text),
                after @ ..,
            ]
            | [
                Token::Word(label),
                Token::Sign('!'),
                Token::Sign('~'),
                Token::Text(text),
                after @ ..,
            ] => {
                selector.add(label, alternatives(text)?);
                after
            }
            [Token::Word(label), Token::Sign('='), Token::Text(text), after @ ..]
            | [
                Token::Word(label),
                Token::Sign('!'),
                Token::Sign('='),
                Token::Text(text),
                after @ ..,
            ] => {
                selector.add(label, vec![text.clone()]);
                after
            }
            _ => return Err(format!("the labels of {metric} cannot be read")),
        };
    }
}

impl Selector {
    fn add(&mut self, label: &str, values: Vec<String>) {
        self.labels.push(label.to_owned());
        let values = values.into_iter().filter(|value| !value.starts_with('$'));
        self.values.extend(values.map(|value| (label.to_owned(), value)));
    }
}

/// The alternatives of `a|b`. Other expressions name no values that could be compared.
fn alternatives(expression: &str) -> Result<Vec<String>, String> {
    if expression.contains(['*', '+', '?', '[', '(', '\\', '^']) {
        return Err(format!("{expression} is more than a list of values"));
    }
    Ok(expression.split('|').map(str::to_owned).collect())
}

fn tokens(expression: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = expression.chars().peekable();
    while let Some(&c) = rest.peek() {
        if c.is_alphabetic() || c == '_' {
            tokens.push(Token::Word(run(&mut rest, |c| {
                c.is_alphanumeric() || c == '_' || c == ':'
            })));
        } else if c.is_ascii_digit() || c == '$' {
            rest.next();
            number_or_variable(&mut rest);
            tokens.push(Token::Value);
        } else if ['"', '\'', '`'].contains(&c) {
            rest.next();
            tokens.push(Token::Text(quoted(&mut rest, c)?));
        } else if c == '#' {
            run(&mut rest, |c| c != '\n');
        } else {
            rest.next();
            tokens.extend((!c.is_whitespace()).then_some(Token::Sign(c)));
        }
    }
    Ok(tokens)
}

/// The rest of `5m`, `0.99`, `1e-9`, `$name` or `${name}`.
fn number_or_variable(rest: &mut Peekable<Chars<'_>>) {
    if rest.next_if_eq(&'{').is_some() {
        run(rest, |c| c != '}');
        rest.next();
        return;
    }
    let text = run(rest, |c| c.is_alphanumeric() || c == '_' || c == '.');
    if text.ends_with(['e', 'E']) && rest.next_if(|&c| c == '-' || c == '+').is_some() {
        run(rest, |c| c.is_ascii_digit());
    }
}

fn quoted(rest: &mut Peekable<Chars<'_>>, quote: char) -> Result<String, String> {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            '\\' if quote != '`' => text.extend(rest.next()),
            c if c == quote => return Ok(text),
            c => text.push(c),
        }
    }
    Err(format!("a text is not closed: {text}"))
}

fn run(rest: &mut Peekable<Chars<'_>>, belongs: impl Fn(char) -> bool) -> String {
    let mut text = String::new();
    while let Some(c) = rest.next_if(|&c| belongs(c)) {
        text.push(c);
    }
    text
}

mod tests {
    use super::*;

    fn selector(metric: &str, asked: &[(&str, &[&str])]) -> Selector {
        let pairs = asked
            .iter()
            .flat_map(|(label, values)| values.iter().map(move |value| (label.to_string(), value.to_string())));
        Selector {
            metric: metric.to_owned(),
            values: pairs.collect(),
            labels: asked.iter().map(|(label, _)| label.to_string()).collect(),
        }
    }

    #[test]
    fn names_in_expressions_are_found() {
        let cases: [(&str, Vec<Selector>, &[&str]); 9] = [
            ("up", vec![selector("up", &[])], &[]),
            ("up == 0", vec![selector("up", &[])], &[]),
            (
                r#"rate(a_total{kind="x", instance=~"$instance"}[$__rate_interval]) * 1e-3"#,
                vec![selector("a_total", &[("kind", &["x"]), ("instance", &[])])],
                &[],
            ),
            (
                "histogram_quantile(0.99, sum by (job, le) (rate(a_seconds_bucket[5m]))) > .5",
                vec![selector("a_seconds_bucket", &[])],
                &["job", "le"],
            ),
            (
                r#"sum(a{o=~"x|y",p!="q",r!~'s'}) without (b) / on () group_left (c) 1e9 + 600 * n"#,
                vec![
                    selector("a", &[("o", &["x", "y"]), ("p", &["q"]), ("r", &["s"])]),
                    selector("n", &[]),
                ],
                &["b", "c"],
            ),
            (
                "a unless b and on (c) d",
                vec![selector("a", &[]), selector("b", &[]), selector("d", &[])],
                &["c"],
            ),
            (
                "job:a:rate5m > bool 1 # and b",
                vec![selector("job:a:rate5m", &[])],
                &[],
            ),
            ("topk(5, a offset 1d) - NaN", vec![selector("a", &[])], &[]),
            (
                r#"label_values(ringwarden_build_info{a="q\"{}"}, instance)[${__range}:1m]"#,
                vec![
                    selector("ringwarden_build_info", &[("a", &["q\"{}"])]),
                    selector("instance", &[]),
                ],
                &[],
            ),
        ];
        for (expression, selectors, groupings) in cases {
            let groupings = groupings.iter().map(|label| label.to_string()).collect();
            let expected = Named { selectors, groupings };
            assert_eq!(named(expression), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn selectors_that_cannot_be_compared_are_refused() {
        for expression in [
            r#"{__name__="a"}"#,
            r#"a{b=~"x.*"}"#,
            r#"a{b="x}"#,
            r#"a{b>"x"}"#,
            r#"a{b="x""#,
            "sum by (a",
        ] {
            assert!(named(expression).is_err(), "{expression}");
        }
    }
}
