//! The part of Rust's grammar that is needed to find the paths in a file: comments and literals left out, `use` groups
//! spread out.

/// A path, such as `["crate", "store", "Store"]`, and the line on which it ends.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) line: usize,
    pub(crate) path: Vec<String>,
}

/// All paths that a source names, single names included.
pub(crate) fn paths(source: &str) -> Vec<Named> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].is_name() {
            at = read_path(&tokens, at, &[], &mut found);
        } else {
            at += 1;
        }
    }
    found
}

#[derive(Debug)]
struct Token {
    line: usize,
    text: String,
}

impl Token {
    fn is_name(&self) -> bool {
        self.text
            .starts_with(|first: char| first.is_alphabetic() || first == '_')
    }
}

/// Reads the path at `at`, or the paths if it ends in a group, and returns where it ends.
fn read_path(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<Named>) -> usize {
    let mut path = prefix.to_vec();
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|token| token.text == text);
    loop {
        path.push(tokens[at].text.clone());
        let line = tokens[at].line;
        at += 1;
        if !is(at, "::") {
            found.push(Named { line, path });
            return at;
        }
        at += 1;
        if is(at, "{") {
            return read_group(tokens, at + 1, &path, found);
        }
        if !tokens.get(at).is_some_and(Token::is_name) {
            found.push(Named { line, path });
            return at;
        }
    }
}

fn read_group(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<Named>) -> usize {
    while at < tokens.len() && tokens[at].text != "}" {
        at = if tokens[at].is_name() {
            read_path(tokens, at, prefix, found)
        } else {
            at + 1
        };
    }
    at + 1
}

fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let length = match skipped(rest) {
            Some(length) => length,
            None => {
                let length = token_length(rest, first);
                let text = rest[..length].to_owned();
                tokens.push(Token { line, text });
                length
            }
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The length of the white space, comment or literal that `rest` begins with.
fn skipped(rest: &str) -> Option<usize> {
    let end_of = |mark: &str, from: usize| rest[from..].find(mark).map_or(rest.len(), |at| from + at + mark.len());
    let first = rest.chars().next()?;
    if first.is_whitespace() {
        return Some(first.len_utf8());
    }
    if rest.starts_with("//") {
        return Some(end_of("\n", 0));
    }
    if rest.starts_with("/*") {
        return Some(end_of("*/", 2));
    }
    let unprefixed = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - unprefixed.len();
    if let Some(raw) = unprefixed.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            return Some(end_of(&format!("\"{}", "#".repeat(hashes)), prefix + 1 + hashes + 1));
        }
    }
    if unprefixed.starts_with('"') && prefix <= 1 {
        return Some(prefix + quoted_length(unprefixed, '"'));
    }
    let mut after_quote = unprefixed.strip_prefix('\'')?.chars();
    // `'a'` and `'\n'` are characters, `'a` is a lifetime.
    let is_character = after_quote.next()? == '\\' || after_quote.next()? == '\'';
    is_character.then(|| prefix + quoted_length(unprefixed, '\''))
}

/// The length of a literal in quotes, both included; a backslash takes the next character with it.
fn quoted_length(rest: &str, quote: char) -> usize {
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            return at + 1;
        }
        if letter == '\\' {
            letters.next();
        }
    }
    rest.len()
}

fn token_length(rest: &str, first: char) -> usize {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    if is_part(first) {
        return rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
    }
    if rest.starts_with("::") { 2 } else { first.len_utf8() }
}

fn long_paths(source: &str) -> Vec<(usize, String)> {
    let long = paths(source).into_iter().filter(|named| named.path.len() > 1);
    long.map(|named| (named.line, named.path.join("::"))).collect()
}

#[test]
fn groups_are_spread_out_and_lines_are_kept() {
    let source = "use crate::store::{\n    self, redis::{A, B},\n    *,\n};\nlet x = tokio::spawn::<T>(y);";
    let expected = [
        (2, "crate::store::self"),
        (2, "crate::store::redis::A"),
        (2, "crate::store::redis::B"),
        (5, "tokio::spawn"),
    ];
    assert_eq!(long_paths(source), expected.map(|(line, path)| (line, path.to_owned())));
}

#[test]
fn comments_and_literals_name_nothing() {
    let source = r####"
        // a::b
        /* c::d */ let x = "e::f \" g::h"; let y = r#"i::j " k::l"#; let z = ('"', '\'', b'"', b"m::n");
        fn q<'a>(x: &'a str) -> o::P {}
    "####;
    assert_eq!(long_paths(source), [(4, "o::P".to_owned())]);
}
