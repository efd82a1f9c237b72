//! The tree of commands. Each command's own arguments stand beside its code.

use clap::{Parser, Subcommand};

use super::demo::DemoArgs;
use super::{case, completions, decision, evaluate, fit, health, import, list, lookup, normalize, number, report};
use crate::config::ServeArgs;

/// What is known of a phone number, before the phone rings
#[derive(Debug, Parser)]
#[command(
    name = "ringwarden",
    version,
    arg_required_else_help = true,
    propagate_version = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Everything the program can do.
#[derive(Debug, Subcommand)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one value, for as long as the program runs"
)]
pub enum Command {
    /// Run the server
    Serve(ServeArgs),
    /// Show the whole service at work on real complaints, with a server and a store of its own
    Demo(DemoArgs),
    /// A command that runs and ends.
    #[command(flatten)]
    Client(ClientCommand),
}

/// The commands that run and end.
#[derive(Debug, Subcommand)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one value, for as long as the program runs"
)]
pub enum ClientCommand {
    /// Say what is known about numbers, and what to do with their calls
    Lookup(lookup::LookupArgs),
    /// Say what was answered on a call, and why, from the id that the answer gave
    Decision(decision::DecisionArgs),
    /// File a report on a number, take reports back, or list them
    Report(report::ReportArgs),
    /// Load a file of reports, cases or list entries into a running server
    Import(import::ImportArgs),
    /// Show and list numbers, and decide about them
    Number(number::NumberArgs),
    /// Open fraud cases, move them on, and link numbers to them
    Case(case::CaseArgs),
    /// Show the lists of numbers that rules are made of
    List(list::ListArgs),
    /// Bring numbers from standard input into one form; needs no server
    Normalize(normalize::NormalizeArgs),
    /// Measure the score on complaints, played again day by day; needs no server
    Evaluate(evaluate::EvaluateArgs),
    /// Fit the scoring model to complaints and write it to a file; needs no server
    Fit(fit::FitArgs),
    /// Ask a server whether it serves
    Health(health::HealthArgs),
    /// Write a completion script for a shell
    Completions(completions::CompletionsArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_tree_is_sound() {
        Cli::command().debug_assert();
    }

    fn parses(line: &str) -> bool {
        Cli::try_parse_from(line.split_whitespace()).is_ok()
    }

    #[test]
    fn commands_are_read() {
        for line in [
            "ringwarden lookup +14155550199 911 --basic --json",
            "ringwarden lookup +14155550199 --called 911 --attestation c --verstat passed --language de",
            "ringwarden decision AbC-_",
            "ringwarden report +14155550199 --category tech-support-scam --recorded false",
            "ringwarden report withdraw +14155550199 r-1",
            "ringwarden report withdraw --import i-1",
            "ringwarden report list +14155550199 --limit 5",
            "ringwarden number set-status +14155550199 BLOCKED --reason seen",
            "ringwarden number clear-status +14155550199 --all",
            "ringwarden case create --title x --status corroborated",
            "ringwarden case link c-1 +14155550199 +14155550198 --role caller-id --confidence 0.9",
            "ringwarden import ftc - --batch 100",
            "ringwarden import cases letters.csv",
            "ringwarden import list dno.csv.gz --kind do-not-originate --list-id dno --expected-version 7",
            "ringwarden list show dno --limit 5",
            "ringwarden list ls --json",
            "ringwarden normalize --region us",
            "ringwarden completions zsh",
        ] {
            assert!(parses(line), "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "ringwarden",
            "ringwarden report",
            "ringwarden report --category PHISHING",
            "ringwarden report +14155550199 --category NONSENSE",
            "ringwarden report withdraw",
            "ringwarden report withdraw +14155550199",
            "ringwarden report withdraw +14155550199 r-1 --import i-1",
            "ringwarden number clear-status +14155550199",
            "ringwarden number clear-status +14155550199 BLOCKED --all",
            "ringwarden case link c-1 --role caller-id",
            "ringwarden case link c-1 +14155550199 --role caller-id --confidence 1.1",
            "ringwarden import ftc",
            "ringwarden import ftc x --batch 5001",
            "ringwarden import list dno.csv --list-id dno",
            "ringwarden import list dno.csv --kind nonsense --list-id dno",
            "ringwarden list",
            "ringwarden normalize --region XX",
        ] {
            assert!(!parses(line), "{line}");
        }
    }
}
