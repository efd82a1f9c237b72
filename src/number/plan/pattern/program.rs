//! A pattern as a list of steps.

use super::syntax::{self, ANY, DigitSet, PatternNode, PatternSyntaxError};

/// One step; the next follows unless the step says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Consumes one digit of the set.
    Digit(DigitSet),
    /// Continues at the first step; if that fails, at the second.
    Either(usize, usize),
    /// Continues at another step.
    Goto(usize),
    /// Remembers the position: even slots begin a group, odd ones end it.
    Mark(usize),
    /// Matches only at the end of the text.
    End,
    /// The pattern matches.
    Accept,
}

/// A pattern over digits, ready to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::number) struct Program {
    pub(super) steps: Vec<Step>,
    groups: usize,
}

impl Program {
    /// The program of a pattern's text.
    pub(in crate::number) fn new(pattern: &str) -> Result<Self, PatternSyntaxError> {
        Ok(Self::compile(&syntax::parse(pattern)?, false))
    }

    /// The program of a pattern after which any digits may follow.
    pub(in crate::number) fn prefix(pattern: &str) -> Result<Self, PatternSyntaxError> {
        Ok(Self::compile(&syntax::parse(pattern)?, true))
    }

    /// How many groups it captures.
    pub(in crate::number) fn groups(&self) -> usize {
        self.groups
    }

    fn compile(node: &PatternNode, open: bool) -> Self {
        let mut program = Self {
            steps: Vec::new(),
            groups: 0,
        };
        program.emit(node);
        if open {
            let here = program.steps.len();
            program.steps.push(Step::Either(here + 1, here + 3));
            program.steps.push(Step::Digit(ANY));
            program.steps.push(Step::Goto(here));
        }
        program.steps.push(Step::Accept);
        program
    }

    fn emit(&mut self, node: &PatternNode) {
        match node {
            PatternNode::Digit(set) => self.steps.push(Step::Digit(*set)),
            PatternNode::End => self.steps.push(Step::End),
            PatternNode::Sequence(parts) => parts.iter().for_each(|part| self.emit(part)),
            PatternNode::Group(inner) => {
                let slot = 2 * self.groups;
                self.groups += 1;
                self.steps.push(Step::Mark(slot));
                self.emit(inner);
                self.steps.push(Step::Mark(slot + 1));
            }
            PatternNode::Choice(branches) => self.emit_choice(branches),
            PatternNode::Repeat { node, min, max } => {
                for _ in 0..*min {
                    self.emit(node);
                }
                let mut forks = Vec::new();
                for _ in *min..*max {
                    forks.push(self.fork());
                    self.emit(node);
                }
                self.join(&forks);
            }
        }
    }

    fn emit_choice(&mut self, branches: &[PatternNode]) {
        let mut exits = Vec::new();
        let Some((last, first)) = branches.split_last() else {
            return;
        };
        for branch in first {
            let fork = self.fork();
            self.emit(branch);
            exits.push(self.steps.len());
            self.steps.push(Step::Goto(0));
            self.join(&[fork]);
        }
        self.emit(last);
        self.join(&exits);
    }

    /// A fork whose first way is the next step and whose second way is set later.
    fn fork(&mut self) -> usize {
        let here = self.steps.len();
        self.steps.push(Step::Either(here + 1, 0));
        here
    }

    /// Leads the open ways of `origins` to the next step.
    fn join(&mut self, origins: &[usize]) {
        let here = self.steps.len();
        for &origin in origins {
            match self.steps.get_mut(origin) {
                Some(Step::Either(_, second)) => *second = here,
                Some(Step::Goto(to)) => *to = here,
                _ => debug_assert!(false, "only forks and exits are joined"),
            }
        }
    }
}
