//! The tree of commands. The arguments of each command are defined next to its code.

use clap::{Parser, Subcommand};

use super::demo::DemoArgs;
use super::{
    audit, case, completions, decision, doctor, emergency_cfg, evaluate, fit, health, import, key, list, lookup, model,
    normalize, note, number, pull, report, search, share,
};
use crate::config::ServeArgs;

/// Call-reputation engine: what is known about a phone number, before the phone rings
#[derive(Debug, Parser)]
#[command(
    name = "ringwarden",
    version,
    arg_required_else_help = true,
    propagate_version = true
)]
pub struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// All commands of the program.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "the program has only one value of this type")]
pub enum Command {
    /// Run the server
    Serve(ServeArgs),
    /// Start a temporary server, import real complaints, and show what each kind of user sees
    Demo(DemoArgs),
    /// A client command, or a command that needs no server.
    #[command(flatten)]
    Client(ClientCommand),
}

/// Commands that run once and end.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Show what is known about numbers, and what to do with their calls
    Lookup(lookup::LookupArgs),
    /// Show what was answered for a call, and why, by the decision id of the answer
    Decision(decision::DecisionArgs),
    /// Submit a report on a number, withdraw reports, list or export them
    #[command(visible_alias = "reports")]
    Report(Box<report::ReportArgs>),
    /// Import a file of reports, cases or list entries into a running server
    Import(import::ImportArgs),
    /// Fetch daily files of another party over HTTP, and import them; run it from a timer
    Pull(pull::PullArgs),
    /// Show and list numbers, set or clear their status, or reset them
    Number(number::NumberArgs),
    /// Find numbers, cases and brands by a text
    Search(search::SearchArgs),
    /// Create, show and change fraud cases, and link numbers to them
    Case(case::CaseArgs),
    /// Add notes to numbers and cases, and list them
    Note(note::NoteArgs),
    /// Show who did what, when and why: the audit events
    Audit(audit::AuditArgs),
    /// Show lists of numbers, such as do-not-originate lists
    List(list::ListArgs),
    /// Create and change principals, which may use a server, and their API keys
    Key(key::KeyArgs),
    /// Say what other tenants of the server may see of yours
    Share(share::ShareArgs),
    /// Parse numbers and print them in one form (E.164); needs no server
    Normalize(normalize::NormalizeArgs),
    /// Measure how good the score is, on complaints that are replayed day by day; needs no server
    Evaluate(evaluate::EvaluateArgs),
    /// Fit the scoring model to complaints, and write it to a file; needs no server
    Fit(fit::FitArgs),
    /// Show the built-in scoring model or that of a file; needs no server
    Model(model::ModelArgs),
    /// Check whether a server is ready to answer requests
    Health(health::HealthArgs),
    /// Check that a server holds what its store holds, or that a store is sound
    Doctor(doctor::DoctorArgs),
    /// Print the definition of emergency numbers for Kamailio; needs no server
    EmergencyCfg(emergency_cfg::EmergencyCfgArgs),
    /// Print a completion script for a shell
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
            "ringwarden number list --category phishing --sort score --ascending --all --csv",
            "ringwarden number similar +14155550199 --page-token 00",
            "ringwarden search 0199 --limit 5 --json",
            "ringwarden reports export --out reports.csv.gz --from 2026-01-01 --source consumer --comments",
            "ringwarden number set-status +14155550199 BLOCKED --reason seen",
            "ringwarden number clear-status +14155550199 --all",
            "ringwarden case create --title x --status corroborated",
            "ringwarden case link c-1 +14155550199 +14155550198 --role caller-id --confidence 0.9",
            "ringwarden import ftc - --batch 100",
            "ringwarden import cases letters.csv",
            "ringwarden import list dno.csv.gz --kind do-not-originate --list-id dno --expected-version 7",
            "ringwarden import reports a.xlsx --map number=phone,occurred_at=date --sheet May --dates dmy --region us --yes",
            "ringwarden import list dno.csv --kind do-not-originate --list-id dno --no-header --region us --source r --date 2026-01-31",
            "ringwarden pull ftc=https://example.org/{date}.csv --state s.json --from 2026-01-01 --metrics-file m.prom",
            "ringwarden case link c-1 --file numbers.csv --column phone --role caller-id",
            "ringwarden list show dno --limit 5",
            "ringwarden list ls --json",
            "ringwarden note add --number +14155550199 --region US asked_the_carrier --actor ana",
            "ringwarden note add --case c-1 -",
            "ringwarden note list --case c-1 --limit 5 --json",
            "ringwarden key create ana --role admin --role analyst --expires-in 90d --out ana.key",
            "ringwarden key create tele --role carrier --no-key --certificate tele.pem --source carrier --feed f --brand b",
            "ringwarden key create bob --role analyst --oidc-issuer https://example.org --oidc-subject bob --environment test",
            "ringwarden key list --csv",
            "ringwarden key rotate ana --overlap 0s",
            "ringwarden key revoke 0123456789abcdef --reason lost --yes",
            "ringwarden key update ana --no-sources --no-feeds --brand Acme",
            "ringwarden key update ana --disable",
            "ringwarden key whoami --json",
            "ringwarden doctor --store embedded:./ringwarden-data --ids",
            "ringwarden doctor --server http://127.0.0.1:1 --json",
            "ringwarden normalize --region us",
            "ringwarden completions zsh",
            "ringwarden model show --summary",
            "ringwarden emergency-cfg --emergency-numbers ours.csv",
        ] {
            assert!(parses(line), "{line}");
        }
    }

    #[test]
    fn invalid_command_lines_are_refused() {
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
            "ringwarden import reports a.csv --map phone",
            "ringwarden pull ftc --state s.json",
            "ringwarden pull ftc=https://example.org/{date}.csv",
            "ringwarden case link c-1 --column phone --role caller-id",
            "ringwarden import ftc x --batch 5001",
            "ringwarden import list dno.csv --list-id dno",
            "ringwarden import list dno.csv --kind nonsense --list-id dno",
            "ringwarden list",
            "ringwarden number list --all --limit 5",
            "ringwarden number list --csv --json",
            "ringwarden note add asked_the_carrier",
            "ringwarden note add --case c-1",
            "ringwarden note add --number +14155550199 --case c-1 asked_the_carrier",
            "ringwarden note list",
            "ringwarden key create ana",
            "ringwarden key create ana --role king",
            "ringwarden key create ana --role admin --no-key --out ana.key",
            "ringwarden key create ana --role admin --oidc-subject ana",
            "ringwarden key create ana --role admin --environment LIVE",
            "ringwarden key rotate ana --overlap soon",
            "ringwarden key update ana",
            "ringwarden key update ana --disable --enable",
            "ringwarden key update ana --feed f --no-feeds",
            "ringwarden doctor --store-ca ca.pem",
            "ringwarden normalize --region XX",
        ] {
            assert!(!parses(line), "{line}");
        }
    }
}
