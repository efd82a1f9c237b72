//! The comment of a report: its language, its moderation, and who may read it.

use super::kinds::CommentModeration;
use super::report::ReportRow;
use super::tenant::TenantId;
use super::time::Timestamp;

/// The language of a comment: a well-formed tag of BCP 47 (RFC 5646), such as `de` or `pt-BR`, in its usual spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentLanguage(Box<str>);

/// A text that is not a language tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a language tag of BCP 47 with at most {} bytes, such as en or pt-BR",
    CommentLanguage::MAX_BYTES
)]
pub struct NotALanguage;

/// What is known of a comment besides its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentFacts {
    /// Its language, where known.
    pub language: Option<CommentLanguage>,
    /// What a moderator decided.
    pub moderation: CommentModeration,
}

/// The comments of a number that wait for a moderator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingComments {
    /// How many there are; at least one.
    pub count: u32,
    /// When the oldest of them arrived, by the server's clock.
    pub oldest: Timestamp,
}

impl PendingComments {
    /// Those of these rows; none if no comment waits.
    #[must_use]
    pub fn of<'a>(rows: impl Iterator<Item = &'a ReportRow>) -> Option<Self> {
        rows.fold(None, Self::with)
    }

    /// The same with the comment of a further row, if it waits.
    #[must_use]
    pub fn with(known: Option<Self>, row: &ReportRow) -> Option<Self> {
        if !is_pending(row) {
            return known;
        }
        let one = Self {
            count: 1,
            oldest: row.arrived_at,
        };
        Some(known.map_or(one, |known| Self {
            count: known.count.saturating_add(1),
            oldest: known.oldest.min(row.arrived_at),
        }))
    }
}

/// Whether a row has a comment that waits for a moderator. A withdrawn report has no comment any more.
#[must_use]
pub fn is_pending(row: &ReportRow) -> bool {
    row.body.comment.is_some() && row.comment.moderation == CommentModeration::Pending
}

impl Default for CommentFacts {
    fn default() -> Self {
        Self {
            language: None,
            moderation: CommentModeration::Pending,
        }
    }
}

impl CommentFacts {
    /// The facts of a new comment in this language.
    #[must_use]
    pub fn of_language(language: Option<CommentLanguage>) -> Self {
        Self {
            language,
            ..Self::default()
        }
    }
}

impl CommentLanguage {
    /// The most bytes of a tag: room for language, script, region and variants.
    pub const MAX_BYTES: usize = 35;

    /// Reads a tag. Upper and lower case are the same; the tag gets its usual spelling (RFC 5646, section 2.1.1).
    ///
    /// # Errors
    /// If the text is not a well-formed tag.
    pub fn parse(text: &str) -> Result<Self, NotALanguage> {
        let text = text.trim();
        let mut parts = text.split('-');
        let primary = parts.next().unwrap_or_default();
        let is_language = (2..=8).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_part =
            |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if text.len() > Self::MAX_BYTES || !is_language || !parts.clone().all(is_part) {
            return Err(NotALanguage);
        }
        let mut tag = primary.to_ascii_lowercase();
        let mut after_singleton = false;
        for part in parts {
            let lower = part.to_ascii_lowercase();
            tag.push('-');
            match (part.len(), after_singleton) {
                (2, false) => tag.push_str(&lower.to_ascii_uppercase()),
                (4, false) => tag.push_str(&capital(&lower)),
                _ => tag.push_str(&lower),
            }
            after_singleton |= part.len() == 1;
        }
        Ok(Self(tag.into()))
    }

    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The comment of a row of the tenant `owner`, for a reader of the tenant `viewer`. A tenant reads all comments of its
/// own reports. Other tenants read only those that a moderator has approved: a comment may name people.
#[must_use]
pub fn shown_comment(row: &ReportRow, owner: TenantId, viewer: TenantId) -> Option<&str> {
    let may_read = owner == viewer || row.comment.moderation == CommentModeration::Approved;
    row.body.comment.as_deref().filter(|_| may_read)
}

fn capital(lower: &str) -> String {
    let (first, rest) = lower.split_at_checked(1).unwrap_or((lower, ""));
    first.to_ascii_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ReportId;
    use crate::domain::report::ReportBody;

    #[test]
    fn tags_get_their_usual_spelling() {
        for (text, tag) in [
            ("EN", "en"),
            ("pt-br", "pt-BR"),
            (" zh-hant-tw ", "zh-Hant-TW"),
            ("de-1996", "de-1996"),
            ("en-x-AB", "en-x-ab"),
        ] {
            assert_eq!(CommentLanguage::parse(text).unwrap().as_str(), tag);
        }
        for text in [
            "",
            "e",
            "english language",
            "en_US",
            "12",
            "en-",
            "en--us",
            "en-toolongpart",
            &"en-abcdefgh".repeat(4),
        ] {
            assert!(CommentLanguage::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn other_tenants_read_approved_comments_only() {
        let (owner, other) = (TenantId::DEFAULT, TenantId::parse("other").unwrap());
        let at = Timestamp::from_secs(5);
        let id = ReportId::parse("r").unwrap();
        let body = ReportBody {
            comment: Some("Mr Smith of the bank".into()),
            ..ReportRow::tombstone(id.clone(), at).body
        };
        for &moderation in CommentModeration::ALL {
            let mut row = ReportRow::accepted(id.clone(), body.clone(), 1.0, at, None);
            row.comment.moderation = moderation;
            assert!(shown_comment(&row, owner, owner).is_some());
            let is_shown = shown_comment(&row, owner, other).is_some();
            assert_eq!(is_shown, moderation == CommentModeration::Approved, "{moderation}");
        }
        let silent = ReportRow::tombstone(id, at);
        assert_eq!(shown_comment(&silent, owner, owner), None);
    }
}
