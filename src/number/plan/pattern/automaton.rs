//! Many patterns as one table: a single walk over the digits tells which of them match.
//!
//! Built by the usual subset construction, one layer for each length of text, so that the table
//! has no cycles and a value may depend on the length; equal nodes are shared, which makes it
//! minimal. A walk reads one row a digit and needs neither locks nor scratch memory.

use std::collections::HashMap;
use std::hash::Hash;

use super::program::{Program, Step};

/// The longest text told apart from longer ones, in digits.
const DEPTH_MAX: u8 = 17;

/// The node from which no pattern can match.
const NOWHERE: u32 = 0;

/// A table of values over digit strings.
#[derive(Debug)]
pub(in crate::number) struct Automaton<V> {
    nodes: Box<[AutomatonNode<V>]>,
    root: u32,
    /// The value of texts that match nothing.
    otherwise: V,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct AutomatonNode<V> {
    value: V,
    next: [u32; 10],
}

impl<V: Copy + Eq + Hash> Automaton<V> {
    /// Merges `programs`. `decide` gives the value of a text from its length and the indexes of the programs that match
    /// all of it (ascending). A text without a match has the value `otherwise`.
    ///
    /// Programs that look for the end of the text (`$`) match nothing here.
    pub(in crate::number) fn new(programs: &[Program], otherwise: V, decide: impl Fn(&[usize], usize) -> V) -> Self {
        let mut builder = Builder::new(programs, otherwise, decide);
        let start = builder.starts.clone();
        let start = builder.closure(start);
        let root = builder.node(start, 0);
        Self {
            nodes: builder.nodes.into_boxed_slice(),
            root,
            otherwise,
        }
    }

    /// The value of a text.
    pub(in crate::number) fn value(&self, text: &[u8]) -> V {
        self.walk(text).map_or(self.otherwise, |node| node.value)
    }

    /// How many rows the table has.
    #[cfg(test)]
    pub(in crate::number) fn len(&self) -> usize {
        self.nodes.len()
    }

    fn walk(&self, text: &[u8]) -> Option<&AutomatonNode<V>> {
        let mut at = self.root;
        for byte in text {
            if at == NOWHERE {
                return None;
            }
            let digit = usize::from(byte.wrapping_sub(b'0'));
            at = *self.nodes.get(usize::try_from(at).ok()?)?.next.get(digit)?;
        }
        self.nodes.get(usize::try_from(at).ok()?)
    }
}

/// The steps of all programs at which a text may stand, ascending.
type Places = Vec<usize>;

struct Builder<V, F> {
    /// The steps of all programs, one after the other.
    steps: Vec<Step>,
    /// The first step of each program.
    starts: Places,
    /// For each step, the last closure that visited it.
    seen: Vec<u32>,
    /// The number of closures so far.
    closures: u32,
    otherwise: V,
    decide: F,
    nodes: Vec<AutomatonNode<V>>,
    /// Finished nodes by content.
    known: HashMap<AutomatonNode<V>, u32, foldhash::fast::RandomState>,
    /// Finished nodes by the places and depth they stand for.
    done: HashMap<(Places, u8), u32, foldhash::fast::RandomState>,
}

impl<V: Copy + Eq + Hash, F: Fn(&[usize], usize) -> V> Builder<V, F> {
    fn new(programs: &[Program], otherwise: V, decide: F) -> Self {
        let mut steps = Vec::new();
        let mut starts = Vec::new();
        for program in programs {
            let base = steps.len();
            starts.push(base);
            steps.extend(program.steps.iter().map(|&step| match step {
                Step::Either(first, second) => Step::Either(base + first, base + second),
                Step::Goto(to) => Step::Goto(base + to),
                other @ (Step::Digit(_) | Step::Mark(_) | Step::End | Step::Accept) => other,
            }));
        }
        let nowhere = AutomatonNode {
            value: otherwise,
            next: [NOWHERE; 10],
        };
        Self {
            seen: vec![0; steps.len()],
            closures: 0,
            steps,
            starts,
            otherwise,
            decide,
            nodes: vec![nowhere],
            known: std::iter::once((nowhere, NOWHERE)).collect(),
            done: HashMap::default(),
        }
    }

    /// The node for texts of length `depth` that stand at `places`.
    fn node(&mut self, places: Places, depth: u8) -> u32 {
        if places.is_empty() {
            return NOWHERE;
        }
        let key = (places, depth);
        if let Some(&node) = self.done.get(&key) {
            return node;
        }
        let mut node = AutomatonNode {
            value: self.value(&key.0, depth),
            next: [NOWHERE; 10],
        };
        if depth < DEPTH_MAX {
            for (digit, next) in node.next.iter_mut().enumerate() {
                let reached = self.after(&key.0, digit);
                *next = self.node(reached, depth + 1);
            }
        }
        let index = self.intern(node);
        self.done.insert(key, index);
        index
    }

    fn value(&self, places: &[usize], depth: u8) -> V {
        let matching: Vec<usize> = places
            .iter()
            .filter(|&&place| self.steps.get(place) == Some(&Step::Accept))
            .map(|&place| self.starts.partition_point(|&start| start <= place).saturating_sub(1))
            .collect();
        if matching.is_empty() {
            self.otherwise
        } else {
            (self.decide)(&matching, usize::from(depth))
        }
    }

    fn after(&mut self, places: &[usize], digit: usize) -> Places {
        let reached = places
            .iter()
            .filter(|&&place| matches!(self.steps.get(place), Some(Step::Digit(set)) if set >> digit & 1 == 1))
            .map(|&place| place + 1)
            .collect();
        self.closure(reached)
    }

    /// The digit and accept steps that can be reached from `places` without a digit.
    fn closure(&mut self, places: Places) -> Places {
        let mut open = places;
        let mut reached = Vec::new();
        self.closures += 1;
        while let Some(place) = open.pop() {
            match self.seen.get_mut(place) {
                Some(seen) if *seen != self.closures => *seen = self.closures,
                _ => continue,
            }
            match self.steps.get(place) {
                Some(Step::Digit(_) | Step::Accept) => reached.push(place),
                Some(&Step::Either(first, second)) => open.extend([first, second]),
                Some(&Step::Goto(to)) => open.push(to),
                Some(Step::Mark(_)) => open.push(place + 1),
                Some(Step::End) | None => {}
            }
        }
        reached.sort_unstable();
        reached
    }

    fn intern(&mut self, node: AutomatonNode<V>) -> u32 {
        if let Some(&index) = self.known.get(&node) {
            return index;
        }
        let index = u32::try_from(self.nodes.len()).unwrap_or(NOWHERE);
        self.nodes.push(node);
        self.known.insert(node, index);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(patterns: &[&str]) -> Vec<Program> {
        patterns.iter().map(|pattern| Program::new(pattern).unwrap()).collect()
    }

    #[test]
    fn tells_which_patterns_match() {
        let programs = programs(&["12?", "1[2-5]", r"\d{3}"]);
        let bits = Automaton::new(&programs, 0, |matching, _| {
            matching.iter().fold(0_u8, |bits, index| bits | 1 << index)
        });
        for (text, expected) in [
            ("", 0),
            ("1", 0b001),
            ("2", 0),
            ("12", 0b011),
            ("15", 0b010),
            ("155", 0b100),
            ("1555", 0),
            ("1a", 0),
        ] {
            assert_eq!(bits.value(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn values_may_depend_on_the_length() {
        let lengths = Automaton::new(&[Program::prefix("1").unwrap()], 0, |_, len| len);
        assert_eq!(lengths.value(b"1"), 1);
        assert_eq!(lengths.value(b"1234"), 4);
        assert_eq!(lengths.value(&[b'1'; 17]), 17);
        assert_eq!(lengths.value(&[b'1'; 18]), 0, "longer than any number");
    }

    #[test]
    fn equal_nodes_are_shared() {
        let one = Automaton::new(&programs(&["1[0-4]23|2[5-9]23"]), false, |_, _| true);
        assert_eq!(
            one.len(),
            7,
            "nowhere, root, two second digits, and one way for the rest"
        );
    }
}
