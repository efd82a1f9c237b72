//! Blocks that are not run: fragments of files and of messages. Those in a language with a parser must parse.

use serde_json::Value;

/// Reads a block of this language.
pub(super) fn read(language: &str, text: &str) -> Result<(), String> {
    let problem = match language {
        "text" => None,
        "json" => serde_json::Deserializer::from_str(text)
            .into_iter::<Value>()
            .find_map(Result::err)
            .map(|error| error.to_string()),
        "toml" => text.parse::<toml::Table>().err().map(|error| error.to_string()),
        "yaml" => serde_saphyr::from_str::<Value>(text)
            .err()
            .map(|error| error.to_string()),
        // All lines have the same number of columns.
        "csv" => csv::Reader::from_reader(text.as_bytes())
            .records()
            .find_map(Result::err)
            .map(|error| error.to_string()),
        "" => Some("a block needs a language: `console` for commands with output, `sh`, or `text`".to_owned()),
        other => Some(format!("the language {other} is not known to tests/it/examples")),
    };
    problem.map_or(Ok(()), Err)
}
