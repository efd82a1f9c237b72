//! Asks before a command destroys something.
//!
//! The command asks the server first what would go, by a dry run. At a terminal the person is asked then. Elsewhere nobody
//! can answer, so the command needs `--yes`: a script that deletes must say that it means to.

use std::io::{self, IsTerminal as _, Write as _};

use clap::Args;

use super::error::CliError;
use super::text::harmless;

/// How a command that may destroy something is confirmed.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct Confirm {
    /// Do not ask whether to go on; required if the command does not run at a terminal
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Say what the command would do, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// The person who runs the command.
pub(super) trait Person {
    /// Whether there is a person who can answer.
    fn is_there(&self) -> bool;

    /// Asks a question, and returns the line that the person writes.
    ///
    /// # Errors
    /// If the terminal cannot be read or written.
    fn ask(&mut self, question: &str) -> io::Result<String>;
}

/// The person at the terminal of this process.
#[derive(Debug)]
pub(super) struct AtTerminal;

impl Person for AtTerminal {
    fn is_there(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        let mut err = io::stderr().lock();
        write!(err, "{}", harmless(question))?;
        err.flush()?;
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        Ok(line)
    }
}

impl Confirm {
    /// Asks whether to go on. `what` says what goes, as a sentence without a full stop. Does not ask with `--yes`.
    ///
    /// # Errors
    /// If the person says no, or nobody is there to ask.
    pub(super) fn check(self, what: &str, person: &mut impl Person) -> Result<(), CliError> {
        if self.yes {
            return Ok(());
        }
        if !person.is_there() {
            return Err(CliError::NotConfirmed { what: what.to_owned() });
        }
        let answer = person.ask(&format!("{what}\ngo on? [y/N] "))?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(CliError::Declined),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A person who gives one answer, or nobody.
    struct Scripted {
        answer: Option<&'static str>,
        asked: String,
    }

    impl Person for Scripted {
        fn is_there(&self) -> bool {
            self.answer.is_some()
        }

        fn ask(&mut self, question: &str) -> io::Result<String> {
            question.clone_into(&mut self.asked);
            Ok(self.answer.unwrap_or_default().to_owned())
        }
    }

    fn check(yes: bool, answer: Option<&'static str>) -> (Result<(), CliError>, String) {
        let mut person = Scripted {
            answer,
            asked: String::new(),
        };
        let confirm = Confirm { yes, dry_run: false };
        (confirm.check("2 reports go", &mut person), person.asked)
    }

    #[test]
    fn only_a_yes_goes_on() {
        for answer in ["y\n", "yes\n", " YES \n"] {
            let (checked, asked) = check(false, Some(answer));
            assert!(
                checked.is_ok() && asked.starts_with("2 reports go\n"),
                "{answer}: {asked}"
            );
        }
        for answer in ["\n", "n\n", "", "yess\n", "ja\n"] {
            assert!(
                matches!(check(false, Some(answer)).0, Err(CliError::Declined)),
                "{answer}"
            );
        }
    }

    #[test]
    fn without_a_person_the_flag_is_needed() {
        let (checked, _) = check(false, None);
        assert!(matches!(checked, Err(CliError::NotConfirmed { what }) if what == "2 reports go"));
        assert!(check(true, None).0.is_ok());
        let (checked, asked) = check(true, Some("n\n"));
        assert!(checked.is_ok() && asked.is_empty());
    }
}
