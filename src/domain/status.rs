//! Analysts' decisions on a number.

use super::actor::Actor;
use super::call::Signing;
use super::kinds::StatusKind;
use super::time::Timestamp;

/// The most characters of a reason.
pub const MAX_REASON_CHARS: usize = 1_000;

/// One analyst's decision on a number. A number has at most one of each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEntry {
    /// The decision.
    pub kind: StatusKind,
    /// The reason given.
    pub reason: Box<str>,
    /// Who set it.
    pub author: Actor,
    /// When it was set.
    pub set_at: Timestamp,
    /// Until when it holds; no end if unset.
    pub expires_at: Option<Timestamp>,
}

impl StatusKind {
    /// Whether a status of the number also holds for a call. A status against the number holds for every call that
    /// shows it. A status in its favour is meant for its owner, and does not hold for a call that anybody may have
    /// made.
    #[must_use]
    pub const fn holds_for(self, call: Signing, spoof_suspected: bool) -> bool {
        let is_attributable = call.is_attributable();
        match self {
            Self::Protected | Self::DoNotOriginate | Self::Blocked => true,
            Self::Allowed => is_attributable && !spoof_suspected && !matches!(call, Signing::C),
            Self::VerifiedBusiness => is_attributable && !spoof_suspected,
            Self::SpoofedVictim | Self::Reassigned | Self::UnderDispute => is_attributable,
        }
    }
}

impl StatusEntry {
    /// Whether it still holds at `now`.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// The statuses of one number, strongest first, one of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statuses(Vec<StatusEntry>);

impl Statuses {
    /// All entries, expired ones included, strongest first.
    pub fn all(&self) -> impl ExactSizeIterator<Item = &StatusEntry> {
        self.0.iter()
    }

    /// Whether there is no entry, expired or not.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries that hold at `now`, strongest first.
    pub fn at(&self, now: Timestamp) -> impl Iterator<Item = &StatusEntry> {
        self.0.iter().filter(move |entry| entry.holds_at(now))
    }

    /// The entry of this kind, if it holds at `now`.
    #[must_use]
    pub fn holding(&self, kind: StatusKind, now: Timestamp) -> Option<&StatusEntry> {
        self.at(now).find(|entry| entry.kind == kind)
    }

    /// Sets an entry, in place of the entry of its kind.
    pub fn set(&mut self, entry: StatusEntry) {
        self.0.retain(|known| known.kind != entry.kind);
        let place = self.0.partition_point(|known| known.kind < entry.kind);
        self.0.insert(place, entry);
    }

    /// Removes the entry of this kind, or all; says whether there was any.
    pub fn clear(&mut self, kind: Option<StatusKind>) -> bool {
        let before = self.0.len();
        self.0.retain(|known| kind.is_some_and(|kind| known.kind != kind));
        self.0.len() != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: StatusKind, expires_at: Option<i64>) -> StatusEntry {
        StatusEntry {
            kind,
            reason: "because".into(),
            author: Actor::parse("ana").unwrap(),
            set_at: Timestamp::from_secs(0),
            expires_at: expires_at.map(Timestamp::from_secs),
        }
    }

    #[test]
    fn one_of_each_kind_strongest_first() {
        let mut statuses = Statuses::default();
        statuses.set(entry(StatusKind::Allowed, None));
        statuses.set(entry(StatusKind::Protected, None));
        statuses.set(entry(StatusKind::Allowed, Some(10)));
        let kinds: Vec<_> = statuses.all().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [StatusKind::Protected, StatusKind::Allowed]);
        assert!(statuses.holding(StatusKind::Allowed, Timestamp::from_secs(9)).is_some());
        assert!(
            statuses
                .holding(StatusKind::Allowed, Timestamp::from_secs(10))
                .is_none()
        );
    }

    #[test]
    fn clearing_names_one_or_all() {
        let mut statuses = Statuses::default();
        statuses.set(entry(StatusKind::Allowed, None));
        statuses.set(entry(StatusKind::Blocked, None));
        assert!(!statuses.clear(Some(StatusKind::Protected)));
        assert!(statuses.clear(Some(StatusKind::Blocked)));
        assert!(statuses.clear(None) && statuses.is_empty());
    }
}
