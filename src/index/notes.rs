//! All notes, by shard and subject.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use super::{Index, IndexedRecord, Show};
use crate::codec::StoredRecord as _;
use crate::codec::note::{NoteKey, shard_of};
use crate::domain::model::ScoreModel;
use crate::domain::note::{Note, NoteId, NoteSubject};
use crate::domain::time::Timestamp;
use crate::shard::{Shard, Version};

/// The notes of an index. Notes are few, and only analysts read them, so all have one lock.
#[derive(Debug, Default)]
pub(super) struct NoteTable(BTreeMap<Shard, NotesBySubject>);

/// The notes of one shard, and for each subject the order of its notes.
#[derive(Debug, Default)]
pub struct NotesBySubject {
    subjects: BTreeMap<NoteSubject, BTreeMap<PlaceOfNote, (Version, Arc<Note>)>>,
    /// Notes on all subjects.
    count: usize,
}

/// Notes of one subject are in the order of their times. Those of the same millisecond are in the order of their ids.
type PlaceOfNote = (Timestamp, NoteId);

impl IndexedRecord for Note {
    type Loaded = NotesBySubject;

    fn load(loaded: &mut Self::Loaded, _: NoteKey, version: Version, record: Self, _: &ScoreModel) {
        loaded.insert(version, record);
    }

    fn replace(index: &Index, shard: Shard, loaded: Self::Loaded) {
        index.notes.write().0.insert(shard, loaded);
    }

    fn apply(index: &Index, key: NoteKey, version: Version, record: Option<Self>) {
        let mut notes = index.notes.write();
        let shard = notes.0.entry(key.shard).or_default();
        match record {
            Some(note) => shard.insert(version, note),
            None => shard.remove(key.id, version),
        }
    }

    fn visit(index: &Index, shard: Shard, show: Show<'_>) -> ControlFlow<()> {
        // Only pointers are copied: a shard has one in 256 of the notes.
        let notes = index.notes.read().of_shard(shard);
        for (version, note) in notes {
            let key = NoteKey::of(&note.subject, note.id);
            show(&Self::id_bytes(&key), version, &note.encode())?;
        }
        ControlFlow::Continue(())
    }
}

impl Index {
    /// Notes on a number or case, newest first: at most `limit` of those before `before`, or of all.
    #[must_use]
    pub fn notes(&self, subject: &NoteSubject, before: Option<(Timestamp, NoteId)>, limit: usize) -> Vec<Arc<Note>> {
        let end = before.map_or(Bound::Unbounded, Bound::Excluded);
        let notes = self.notes.read();
        let of_subject = notes.of(subject).into_iter();
        let earlier = of_subject.flat_map(|of_subject| of_subject.range((Bound::Unbounded, end)).rev());
        earlier.take(limit).map(|(_, (_, note))| Arc::clone(note)).collect()
    }

    /// How many notes a number or case has.
    #[must_use]
    pub fn note_count_of(&self, subject: &NoteSubject) -> usize {
        self.notes.read().of(subject).map_or(0, BTreeMap::len)
    }

    /// A note on a number or case.
    #[must_use]
    pub fn note(&self, subject: &NoteSubject, id: NoteId) -> Option<Arc<Note>> {
        let notes = self.notes.read();
        let mut of_subject = notes.of(subject)?.values();
        of_subject
            .find(|(_, note)| note.id == id)
            .map(|(_, note)| Arc::clone(note))
    }

    /// How many notes there are.
    #[must_use]
    pub fn note_count(&self) -> usize {
        self.notes.read().0.values().map(|shard| shard.count).sum()
    }
}

impl NoteTable {
    fn of(&self, subject: &NoteSubject) -> Option<&BTreeMap<PlaceOfNote, (Version, Arc<Note>)>> {
        self.0.get(&shard_of(subject))?.subjects.get(subject)
    }

    fn of_shard(&self, shard: Shard) -> Vec<(Version, Arc<Note>)> {
        let subjects = self.0.get(&shard).into_iter().flat_map(|notes| notes.subjects.values());
        subjects.flat_map(BTreeMap::values).cloned().collect()
    }
}

impl NotesBySubject {
    /// Adds a note, unless a later version is there.
    fn insert(&mut self, version: Version, note: Note) {
        let of_subject = self.subjects.entry(note.subject.clone()).or_default();
        let place = (note.created_at, note.id);
        if of_subject.get(&place).is_none_or(|(known, _)| *known < version) {
            let replaced = of_subject.insert(place, (version, Arc::new(note)));
            self.count += usize::from(replaced.is_none());
        }
    }

    /// Removes a deleted note, unless a later version is there. Its subject is not known, so all notes of the shard are
    /// searched.
    fn remove(&mut self, id: NoteId, version: Version) {
        for of_subject in self.subjects.values_mut() {
            of_subject.retain(|(_, found), (known, _)| *found != id || *known >= version);
        }
        self.subjects.retain(|_, of_subject| !of_subject.is_empty());
        self.count = self.subjects.values().map(BTreeMap::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Actor;
    use crate::domain::unknown_fields::UnknownFields;
    use crate::number::E164;

    fn note(id: u128, secs: i64) -> Note {
        Note {
            id: NoteId::from_raw(id),
            subject: NoteSubject::Number(E164::from_digits(14_155_550_199).unwrap()),
            author: Actor::parse("ana").unwrap(),
            created_at: Timestamp::from_secs(secs),
            text: "seen".into(),
            unknown_fields: UnknownFields::default(),
        }
    }

    fn ids(index: &Index) -> Vec<u128> {
        let notes = index.notes(&note(0, 0).subject, None, 10);
        assert_eq!(index.note_count_of(&note(0, 0).subject), notes.len());
        assert_eq!(index.note_count(), notes.len());
        notes.iter().map(|note| note.id.raw()).collect()
    }

    fn apply(index: &Index, version: Version, note: &Note, record: Option<Note>) {
        index.apply(NoteKey::of(&note.subject, note.id), version, record);
    }

    #[test]
    fn the_newest_note_is_first_and_a_deleted_one_is_not_listed() {
        let index = Index::new(Arc::new(ScoreModel::default()));
        for (version, note) in (1..).zip([note(3, 10), note(1, 20), note(2, 10)]) {
            apply(&index, version, &note, Some(note.clone()));
        }
        assert_eq!(ids(&index), [1, 3, 2]);
        let place = (Timestamp::from_secs(10), NoteId::from_raw(3));
        let earlier = index.notes(&note(0, 0).subject, Some(place), 10);
        assert_eq!(earlier.iter().map(|note| note.id.raw()).collect::<Vec<_>>(), [2]);
        assert_eq!(index.notes(&note(0, 0).subject, None, 1).len(), 1);
        apply(&index, 1, &note(3, 10), Some(note(3, 10)));
        apply(&index, 2, &note(2, 10), None); // older than the note
        assert_eq!(ids(&index), [1, 3, 2]);
        apply(&index, 4, &note(3, 10), None);
        assert_eq!(ids(&index), [1, 2]);
    }

    #[test]
    fn a_reload_replaces_the_notes_of_its_shard_only() {
        let index = Index::new(Arc::new(ScoreModel::default()));
        apply(&index, 1, &note(1, 10), Some(note(1, 10)));
        let shard = shard_of(&note(0, 0).subject);
        let other = Shard::new(shard.byte().wrapping_add(1));
        Note::replace(&index, other, NotesBySubject::default());
        assert_eq!(ids(&index), [1]);
        let mut loaded = NotesBySubject::default();
        let key = NoteKey::of(&note(2, 10).subject, NoteId::from_raw(2));
        Note::load(&mut loaded, key, 2, note(2, 10), index.model());
        Note::replace(&index, shard, loaded);
        assert_eq!(ids(&index), [2]);
    }
}
