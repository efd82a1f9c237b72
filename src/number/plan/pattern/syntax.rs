//! Reads the text of a pattern.
//!
//! The language: digits, `\d`, classes such as `[2-479]`, alternatives, groups with and without
//! capture, `?`, `{n}`, `{n,m}`, and `$`. White space means nothing.

use thiserror::Error;

/// Deepest nesting of groups; the plan's own patterns stay below 20.
const DEPTH_MAX: usize = 64;

/// Most repeats of one element.
const REPEAT_MAX: u8 = 32;

/// The set of all ten digits.
pub(super) const ANY: DigitSet = 0b11_1111_1111;

/// A set of digits, one bit each, 0 lowest.
pub(super) type DigitSet = u16;

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PatternNode {
    /// One digit of a set.
    Digit(DigitSet),
    /// Nodes one after the other.
    Sequence(Vec<PatternNode>),
    /// The first node that leads to a match.
    Choice(Vec<PatternNode>),
    /// A captured group.
    Group(Box<PatternNode>),
    /// From `min` to `max` repeats, as many as possible.
    Repeat { node: Box<PatternNode>, min: u8, max: u8 },
    /// The end of the text.
    End,
}

/// The text is not a pattern of this language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a pattern over digits: unexpected character at {at}")]
pub(in crate::number) struct PatternSyntaxError {
    /// Where reading stopped, in characters that are not white space.
    pub(in crate::number) at: usize,
}

/// Reads a pattern.
pub(super) fn parse(text: &str) -> Result<PatternNode, PatternSyntaxError> {
    let mut reader = PatternReader {
        chars: text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect(),
        at: 0,
    };
    let node = reader.choice(0)?;
    if reader.peek().is_some() {
        return Err(reader.error());
    }
    Ok(node)
}

struct PatternReader {
    chars: Vec<u8>,
    at: usize,
}

impl PatternReader {
    fn choice(&mut self, depth: usize) -> Result<PatternNode, PatternSyntaxError> {
        if depth > DEPTH_MAX {
            return Err(self.error());
        }
        let mut branches = vec![self.sequence(depth)?];
        while self.take(b'|') {
            branches.push(self.sequence(depth)?);
        }
        Ok(one_or(branches, PatternNode::Choice))
    }

    fn sequence(&mut self, depth: usize) -> Result<PatternNode, PatternSyntaxError> {
        let mut parts = Vec::new();
        while !matches!(self.peek(), None | Some(b'|' | b')')) {
            let node = self.element(depth)?;
            parts.push(self.repeated(node)?);
        }
        Ok(one_or(parts, PatternNode::Sequence))
    }

    fn element(&mut self, depth: usize) -> Result<PatternNode, PatternSyntaxError> {
        match self.next()? {
            digit @ b'0'..=b'9' => Ok(PatternNode::Digit(1 << (digit - b'0'))),
            b'\\' if self.take(b'd') => Ok(PatternNode::Digit(ANY)),
            b'[' => self.class().map(PatternNode::Digit),
            b'$' => Ok(PatternNode::End),
            b'(' => {
                let captures = !self.take(b'?');
                if !captures && !self.take(b':') {
                    return Err(self.error());
                }
                let inner = self.choice(depth + 1)?;
                if !self.take(b')') {
                    return Err(self.error());
                }
                Ok(if captures {
                    PatternNode::Group(Box::new(inner))
                } else {
                    inner
                })
            }
            _ => Err(PatternSyntaxError { at: self.at - 1 }),
        }
    }

    fn repeated(&mut self, node: PatternNode) -> Result<PatternNode, PatternSyntaxError> {
        let (min, max) = if self.take(b'?') {
            (0, 1)
        } else if self.take(b'{') {
            let min = self.number()?;
            let max = if self.take(b',') { self.number()? } else { min };
            if !self.take(b'}') || min > max || max > REPEAT_MAX {
                return Err(self.error());
            }
            (min, max)
        } else {
            return Ok(node);
        };
        Ok(PatternNode::Repeat {
            node: Box::new(node),
            min,
            max,
        })
    }

    fn class(&mut self) -> Result<DigitSet, PatternSyntaxError> {
        let mut set = 0;
        while !self.take(b']') {
            let first = self.digit()?;
            let last = if self.take(b'-') { self.digit()? } else { first };
            for digit in first..=last {
                set |= 1 << digit;
            }
        }
        Ok(set)
    }

    fn number(&mut self) -> Result<u8, PatternSyntaxError> {
        let mut value = self.digit()?;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            let digit = self.digit()?;
            value = value
                .checked_mul(10)
                .and_then(|tens| tens.checked_add(digit))
                .ok_or_else(|| self.error())?;
        }
        Ok(value)
    }

    fn digit(&mut self) -> Result<u8, PatternSyntaxError> {
        match self.next()? {
            digit @ b'0'..=b'9' => Ok(digit - b'0'),
            _ => Err(PatternSyntaxError { at: self.at - 1 }),
        }
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn next(&mut self) -> Result<u8, PatternSyntaxError> {
        let next = self.peek().ok_or_else(|| self.error())?;
        self.at += 1;
        Ok(next)
    }

    fn peek(&self) -> Option<u8> {
        self.chars.get(self.at).copied()
    }

    fn error(&self) -> PatternSyntaxError {
        PatternSyntaxError { at: self.at }
    }
}

/// The only node of a list, or the whole list wrapped by `wrap`.
fn one_or(mut nodes: Vec<PatternNode>, wrap: fn(Vec<PatternNode>) -> PatternNode) -> PatternNode {
    match nodes.pop() {
        Some(node) if nodes.is_empty() => node,
        last => {
            nodes.extend(last);
            wrap(nodes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_plans_are_written_in() {
        assert_eq!(
            parse(" 1\n [2-47] "),
            Ok(PatternNode::Sequence(vec![
                PatternNode::Digit(2),
                PatternNode::Digit(0b1001_1100)
            ]))
        );
        assert_eq!(
            parse(r"(\d{2,3})|5?"),
            Ok(PatternNode::Choice(vec![
                PatternNode::Group(Box::new(PatternNode::Repeat {
                    node: Box::new(PatternNode::Digit(ANY)),
                    min: 2,
                    max: 3
                })),
                PatternNode::Repeat {
                    node: Box::new(PatternNode::Digit(1 << 5)),
                    min: 0,
                    max: 1
                },
            ]))
        );
        assert_eq!(
            parse("(?:0|$)"),
            Ok(PatternNode::Choice(vec![PatternNode::Digit(1), PatternNode::End]))
        );
        assert_eq!(parse(""), Ok(PatternNode::Sequence(vec![])));
    }

    #[test]
    fn refuses_everything_else() {
        for (text, at) in [
            ("1+", 1),
            ("(1", 2),
            ("1)", 1),
            ("[1", 2),
            ("[1-]", 3),
            (r"\w", 0),
            ("1{3,2}", 6),
            ("1{999}", 5),
            ("1{", 2),
            ("(?=1)", 2),
            ("a", 0),
        ] {
            assert_eq!(parse(text), Err(PatternSyntaxError { at }), "{text}");
        }
        assert!(parse(&"(".repeat(10_000)).is_err(), "the depth is bounded");
    }
}
