//! `normalize`: parses numbers with libphonenumber, line by line, without a server.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};

use super::error::CliError;
use super::shared;
use super::text::clean;
use crate::number::{self, NumberError, ParsedNumber, Region, Validity};

/// Longest line that is read, in bytes; the rest of a longer line is skipped. A number has at most 250 characters.
const LINE_BYTES_MAX: u64 = 64 * 1_024;

/// Width of the widest column, in characters.
const INPUT_WIDTH: usize = 28;

/// Size of the input and output buffers, in bytes.
const BUFFER_BYTES: usize = 256 * 1_024;

/// Arguments of `normalize`.
#[derive(Args, Debug)]
pub struct NormalizeArgs {
    /// File with one number or one JSON object {"input":…,"region":…} per line; - for standard input [default: -]
    file: Option<PathBuf>,
    /// Print JSON, one document per line
    #[arg(long)]
    json: bool,
    /// Region of numbers without a country code, such as US [default: none]
    #[arg(long, value_name = "XX", value_parser = shared::region)]
    region: Option<Region>,
    #[command(flatten)]
    pub(super) plan: shared::NumberingPlan,
}

/// One line of JSON input. Other keys are ignored.
#[derive(Deserialize)]
struct NormalizeInput {
    input: String,
    region: Option<String>,
}

/// One line of output.
#[derive(Serialize)]
#[serde(untagged)]
enum NormalizeOutput<'a> {
    Number {
        input: &'a str,
        e164: String,
        valid: bool,
        region: Option<&'a str>,
        line_type: &'static str,
        extension: Option<&'a str>,
    },
    Failed {
        input: &'a str,
        error: &'static str,
    },
}

pub(super) fn run(args: &NormalizeArgs) -> Result<(), CliError> {
    let out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
    match args.file.as_deref().filter(|path| *path != Path::new("-")) {
        None => normalize(BufReader::with_capacity(BUFFER_BYTES, io::stdin().lock()), out, args),
        Some(path) => {
            let file = File::open(path).map_err(|source| CliError::File {
                path: path.to_owned(),
                source,
            })?;
            normalize(BufReader::with_capacity(BUFFER_BYTES, file), out, args)
        }
    }
}

/// Writes one line of output for each line of input, in order. Flushes only at the end.
fn normalize(mut input: impl BufRead, mut out: impl Write, args: &NormalizeArgs) -> Result<(), CliError> {
    let mut line = Vec::new();
    let unreadable = |source| CliError::File {
        path: args.file.clone().unwrap_or_else(|| "standard input".into()),
        source,
    };
    while read_line(&mut input, &mut line).map_err(unreadable)? {
        let text = String::from_utf8_lossy(&line);
        answer(text.trim(), args.region, |answer| {
            if args.json {
                serde_json::to_writer(&mut out, &answer)?;
                out.write_all(b"\n")
            } else {
                write_plain(&mut out, &answer)
            }
        })?;
    }
    Ok(out.flush()?)
}

/// Reads a line without its line end. Returns `false` at the end of the input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut bounded = input.by_ref().take(LINE_BYTES_MAX);
    if bounded.read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.last() != Some(&b'\n') && bounded.limit() == 0 {
        input.skip_until(b'\n')?;
    }
    Ok(true)
}

fn answer<T>(line: &str, region: Option<Region>, then: impl FnOnce(NormalizeOutput<'_>) -> T) -> T {
    if !line.starts_with('{') {
        return of_number(line, region, then);
    }
    let Ok(question) = serde_json::from_str::<NormalizeInput>(line) else {
        return then(NormalizeOutput::Failed {
            input: line,
            error: "malformed_json",
        });
    };
    let input = question.input.as_str();
    match question.region.as_deref().filter(|region| !region.is_empty()) {
        None => of_number(input, region, then),
        Some(text) => match shared::region(text) {
            Ok(region) => of_number(input, Some(region), then),
            Err(_) => then(NormalizeOutput::Failed {
                input,
                error: "unknown_region",
            }),
        },
    }
}

fn of_number<T>(input: &str, region: Option<Region>, then: impl FnOnce(NormalizeOutput<'_>) -> T) -> T {
    match number::normalize(input, region) {
        Err(error) => then(failed(input, error)),
        Ok(number) => {
            let region = number.region();
            then(found(input, &number, region.as_ref()))
        }
    }
}

fn failed(input: &str, error: NumberError) -> NormalizeOutput<'_> {
    NormalizeOutput::Failed {
        input,
        error: error.kind(),
    }
}

fn found<'a>(input: &'a str, number: &'a ParsedNumber, region: Option<&'a Region>) -> NormalizeOutput<'a> {
    NormalizeOutput::Number {
        input,
        e164: number.e164_text(),
        valid: number.validity() == Validity::Valid,
        region: region.map(Region::as_str),
        line_type: number.line_type().name(),
        extension: number.extension(),
    }
}

/// Writes an answer in columns of fixed width, because the lines that follow are not known yet.
fn write_plain(out: &mut impl Write, answer: &NormalizeOutput<'_>) -> io::Result<()> {
    match answer {
        NormalizeOutput::Number {
            input,
            e164,
            valid,
            region,
            line_type,
            extension,
        } => {
            let validity = if *valid { "valid" } else { "invalid" };
            let region = region.unwrap_or("-");
            for (text, width) in [(*input, INPUT_WIDTH), (e164.as_str(), 17), (validity, 7), (region, 3)] {
                write_column(out, text, width)?;
            }
            out.write_all(line_type.as_bytes())?;
            match extension {
                Some(extension) => writeln!(out, " ext. {extension}"),
                None => out.write_all(b"\n"),
            }
        }
        NormalizeOutput::Failed { input, error } => {
            write_column(out, input, INPUT_WIDTH)?;
            writeln!(out, "error: {error}")
        }
    }
}

/// Writes a text, padded with spaces to `width` characters, and one more space. The standard formatting writes spaces
/// one by one, which takes a quarter of the time of a line.
fn write_column(out: &mut impl Write, text: &str, width: usize) -> io::Result<()> {
    const SPACES: &[u8] = &[b' '; INPUT_WIDTH + 1];
    if !text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) && clean(text) != text {
        return write_column(out, &clean(text), width);
    }
    let chars = if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    };
    let filling = width.saturating_sub(chars) + 1;
    out.write_all(text.as_bytes())?;
    out.write_all(SPACES.get(..filling).unwrap_or(SPACES))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalized(input: &[u8], json: bool) -> String {
        let args = NormalizeArgs {
            file: None,
            json,
            region: Some(Region::US),
            plan: shared::NumberingPlan::default(),
        };
        let mut out = Vec::new();
        normalize(input, &mut out, &args).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_line_is_answered_by_a_line() {
        let input = b"212 555 0123\r\n\n{\"input\":\"+49 30 123456\",\"region\":\"DE\",\"id\":7}\n{\"input\":\"x\",\"region\":\"XX\"}\n{oops\nhello";
        let out = normalized(input, true);
        let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[0]["input"], "212 555 0123");
        assert_eq!(lines[0]["e164"], "+12125550123");
        assert_eq!(lines[0]["extension"], serde_json::Value::Null);
        assert!(lines[1]["error"].is_string(), "an empty line is no number");
        assert_eq!(lines[2]["e164"], "+4930123456");
        assert_eq!(lines[2]["region"], "DE");
        assert_eq!(lines[3]["error"], "unknown_region");
        assert_eq!(lines[4]["error"], "malformed_json");
        assert_eq!(lines[5]["error"], "not_a_number");
    }

    #[test]
    fn columns_are_as_wide_as_they_can_be() {
        let columns = |line: &str| normalized(line.as_bytes(), false);
        assert_eq!(
            columns("212 555 0123"),
            format!(
                "{:<28} {:<17} valid   US  FIXED_LINE_OR_MOBILE\n",
                "212 555 0123", "+12125550123"
            )
        );
        assert_eq!(
            columns("２１２\u{3000}5550123"),
            format!(
                "{:<28} {:<17} valid   US  FIXED_LINE_OR_MOBILE\n",
                "２１２\u{3000}5550123", "+12125550123"
            )
        );
        assert_eq!(
            columns(&"hello".repeat(7)),
            format!("{} error: not_a_number\n", "hello".repeat(7))
        );
    }

    #[test]
    fn no_line_of_a_file_controls_the_terminal() {
        let out = normalized(b"\x1b[31mred\n\x1b]0;title\x07 212 555 0123\n", false);
        assert!(!out.chars().any(|c| c.is_control() && c != '\n'), "{out:?}");
        assert_eq!(out.lines().count(), 2);
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let mut input = vec![b'5'; 200_000];
        input.extend_from_slice(b"\n2125550123\n");
        let out = normalized(&input, false);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains("error"));
        assert!(lines[1].contains("+12125550123"));
    }
}
