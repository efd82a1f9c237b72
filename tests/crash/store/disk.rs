//! A disk with a cache. When the power fails, the cache loses everything that was not fsynced.
//!
//! For each 512-byte sector of a file, the disk holds one of the writes since the last fsync, chosen at random. The
//! length of the file is chosen in the same way. Sectors that were never written are zeros. For a directory, the disk
//! holds the changes since its last fsync up to a random one. A file or directory without an entry is lost.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::trace::Event;
use super::workload::Random;

const SECTOR: u64 = 512;
type Sector = [u8; 512];

/// The files as the process sees them, and as they are on the disk.
pub struct Disk {
    root: PathBuf,
    inodes: Vec<Inode>,
    descriptors: HashMap<i32, Descriptor>,
    /// The number of changes at the moment when each thread's fsync began.
    syncs: HashMap<u32, u64>,
    /// Changes made so far.
    changes: u64,
}

struct Descriptor {
    inode: usize,
    at: u64,
    append: bool,
}

enum Inode {
    File(File),
    Dir(Dir),
}

/// Each change carries its number.
#[derive(Default)]
struct File {
    length: u64,
    durable_length: u64,
    durable: BTreeMap<u64, Sector>,
    lengths: Vec<(u64, u64)>,
    sectors: BTreeMap<u64, Vec<(u64, Sector)>>,
}

#[derive(Default)]
struct Dir {
    entries: BTreeMap<PathBuf, usize>,
    durable: BTreeMap<PathBuf, usize>,
    pending: Vec<(u64, Change)>,
}

#[derive(Clone)]
enum Change {
    Set(PathBuf, usize),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
}

/// The part of the writes without fsync that survives.
#[derive(Clone, Copy)]
enum Luck {
    Nothing,
    Everything,
    /// All but about one change of [`ONE_LOST_OF`].
    Most,
    Some,
}

const ONE_LOST_OF: u64 = 24;

impl Disk {
    /// A disk with all of a directory on it, at `root`.
    pub fn new(root: &Path, before: Option<&Path>) -> Self {
        let root_dir = Inode::Dir(Dir::default());
        let mut disk = Self {
            root: root.to_owned(),
            inodes: vec![root_dir],
            descriptors: HashMap::new(),
            syncs: HashMap::new(),
            changes: 0,
        };
        if let Some(before) = before {
            disk.load(before, 0);
        }
        disk
    }

    /// Does what the process did.
    pub fn apply(&mut self, event: &Event) {
        self.changes += 1;
        match event {
            Event::Open {
                fd,
                path,
                create,
                truncate,
                append,
            } => self.open(*fd, path, *create, *truncate, *append),
            Event::Close { fd } => drop(self.descriptors.remove(fd)),
            Event::Write { fd, at, bytes } => self.write(*fd, *at, bytes),
            Event::Seek { fd, to } => self.descriptors.get_mut(fd).unwrap().at = *to,
            Event::SetLength { fd, length } => {
                let change = self.changes;
                self.file(self.descriptors[fd].inode).set_length(change, *length);
            }
            Event::SyncBegins { thread } => drop(self.syncs.insert(*thread, self.changes)),
            Event::SyncEnds { thread, fd } => {
                let begun = self.syncs[thread];
                match &mut self.inodes[self.descriptors[fd].inode] {
                    Inode::File(file) => file.sync(begun),
                    Inode::Dir(dir) => dir.sync(begun),
                }
            }
            Event::MakeDir { path } => drop(self.create(path, Inode::Dir(Dir::default()))),
            Event::Rename { from, to } => {
                let (dir, from) = self.parent(from);
                let (other, to) = self.parent(to);
                assert_eq!(dir, other, "renames from one directory to another are not simulated");
                self.change(dir, Change::Rename(from, to));
            }
            Event::Unlink { path } | Event::RemoveDir { path } => {
                let (dir, name) = self.parent(path);
                self.change(dir, Change::Remove(name));
            }
            Event::Said { .. } => {}
        }
    }

    /// Writes the files as they are after a power failure to a new directory.
    pub fn crash(&self, random: &mut Random, to: &Path) {
        self.leave(0, random, to);
    }

    fn leave(&self, inode: usize, random: &mut Random, to: &Path) {
        match &self.inodes[inode] {
            Inode::File(file) => file.leave(random, to),
            Inode::Dir(dir) => {
                fs::create_dir_all(to).unwrap();
                for (name, inode) in dir.left(random) {
                    self.leave(inode, random, &to.join(name));
                }
            }
        }
    }

    fn load(&mut self, from: &Path, dir: usize) {
        for found in fs::read_dir(from).unwrap() {
            let found = found.unwrap();
            let inode = self.inodes.len();
            if found.file_type().unwrap().is_dir() {
                self.inodes.push(Inode::Dir(Dir::default()));
                self.load(&found.path(), inode);
            } else {
                self.inodes.push(Inode::File(File::load(&found.path())));
            }
            let Inode::Dir(dir) = &mut self.inodes[dir] else {
                unreachable!()
            };
            dir.entries.insert(found.file_name().into(), inode);
            dir.durable.insert(found.file_name().into(), inode);
        }
    }

    fn open(&mut self, fd: i32, path: &Path, create: bool, truncate: bool, append: bool) {
        let inode = match self.find(path) {
            Some(inode) => inode,
            None => {
                assert!(create, "{} was never made", path.display());
                self.create(path, Inode::File(File::default()))
            }
        };
        if truncate {
            let change = self.changes;
            self.file(inode).set_length(change, 0);
        }
        self.descriptors.insert(fd, Descriptor { inode, at: 0, append });
    }

    fn write(&mut self, fd: i32, at: Option<u64>, bytes: &[u8]) {
        let change = self.changes;
        let Descriptor {
            inode,
            at: place,
            append,
        } = self.descriptors[&fd];
        let file = self.file(inode);
        let start = at.unwrap_or(if append { file.length } else { place });
        file.write(change, start, bytes);
        if at.is_none() {
            self.descriptors.get_mut(&fd).unwrap().at = start + bytes.len() as u64;
        }
    }

    fn create(&mut self, path: &Path, inode: Inode) -> usize {
        let (dir, name) = self.parent(path);
        self.inodes.push(inode);
        let inode = self.inodes.len() - 1;
        self.change(dir, Change::Set(name, inode));
        inode
    }

    fn change(&mut self, dir: usize, change: Change) {
        let number = self.changes;
        let Inode::Dir(dir) = &mut self.inodes[dir] else {
            panic!("not a directory")
        };
        change.apply(&mut dir.entries);
        dir.pending.push((number, change));
    }

    fn parent(&self, path: &Path) -> (usize, PathBuf) {
        let dir = self.find(path.parent().unwrap()).unwrap();
        (dir, path.file_name().unwrap().into())
    }

    fn find(&self, path: &Path) -> Option<usize> {
        let mut inode = 0;
        for name in path.strip_prefix(&self.root).unwrap() {
            let Inode::Dir(dir) = &self.inodes[inode] else {
                return None;
            };
            inode = *dir.entries.get(Path::new(name))?;
        }
        Some(inode)
    }

    fn file(&mut self, inode: usize) -> &mut File {
        let Inode::File(file) = &mut self.inodes[inode] else {
            panic!("not a file")
        };
        file
    }
}

impl File {
    fn load(path: &Path) -> Self {
        let mut file = Self::default();
        file.write(0, 0, &fs::read(path).unwrap());
        file.sync(1);
        file
    }

    fn write(&mut self, change: u64, start: u64, bytes: &[u8]) {
        let mut at = start;
        let mut left = bytes;
        while !left.is_empty() {
            let (number, offset) = (at / SECTOR, usize::try_from(at % SECTOR).unwrap());
            let (now, later) = left.split_at(left.len().min(512 - offset));
            let mut sector = self.sector(number);
            sector[offset..offset + now.len()].copy_from_slice(now);
            self.sectors.entry(number).or_default().push((change, sector));
            at += now.len() as u64;
            left = later;
        }
        if at > self.length {
            self.length = at;
            self.lengths.push((change, at));
        }
    }

    fn set_length(&mut self, change: u64, length: u64) {
        if length < self.length {
            let beyond = length / SECTOR;
            let numbers = self.durable.range(beyond..).map(|(number, _)| *number);
            let mut numbers: Vec<u64> = numbers
                .chain(self.sectors.range(beyond..).map(|(number, _)| *number))
                .collect();
            numbers.dedup();
            for number in numbers {
                let mut sector = self.sector(number);
                let kept = length.saturating_sub(number * SECTOR).min(SECTOR);
                sector[usize::try_from(kept).unwrap()..].fill(0);
                self.sectors.entry(number).or_default().push((change, sector));
            }
        }
        self.length = length;
        self.lengths.push((change, length));
    }

    fn sector(&self, number: u64) -> Sector {
        let pending = self
            .sectors
            .get(&number)
            .and_then(|changes| changes.last())
            .map(|(_, sector)| sector);
        *pending.or_else(|| self.durable.get(&number)).unwrap_or(&[0; 512])
    }

    fn sync(&mut self, begun: u64) {
        for (number, changes) in &mut self.sectors {
            let done = changes.partition_point(|(change, _)| *change < begun);
            if let Some((_, sector)) = changes.drain(..done).next_back() {
                self.durable.insert(*number, sector);
            }
        }
        self.sectors.retain(|_, changes| !changes.is_empty());
        let done = self.lengths.partition_point(|(change, _)| *change < begun);
        if let Some((_, length)) = self.lengths.drain(..done).next_back() {
            self.durable_length = length;
        }
    }

    fn leave(&self, random: &mut Random, to: &Path) {
        let luck = Luck::draw(random);
        let mut file = fs::File::create(to).unwrap();
        let lengths = luck.survivors(random, self.lengths.len());
        let length = lengths
            .checked_sub(1)
            .map_or(self.durable_length, |last| self.lengths[last].1);
        let mut sectors: BTreeMap<u64, &Sector> =
            self.durable.iter().map(|(number, sector)| (*number, sector)).collect();
        for (number, changes) in &self.sectors {
            if let Some(last) = luck.survivors(random, changes.len()).checked_sub(1) {
                sectors.insert(*number, &changes[last].1);
            }
        }
        for (number, sector) in sectors {
            file.seek(SeekFrom::Start(number * SECTOR)).unwrap();
            file.write_all(sector).unwrap();
        }
        file.set_len(length).unwrap();
    }
}

impl Dir {
    fn sync(&mut self, begun: u64) {
        let done = self.pending.partition_point(|(change, _)| *change < begun);
        for (_, change) in self.pending.drain(..done) {
            change.apply(&mut self.durable);
        }
    }

    fn left(&self, random: &mut Random) -> BTreeMap<PathBuf, usize> {
        let survivors = Luck::draw(random).survivors(random, self.pending.len());
        let mut entries = self.durable.clone();
        for (_, change) in &self.pending[..survivors] {
            change.apply(&mut entries);
        }
        entries
    }
}

impl Change {
    fn apply(&self, entries: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Set(name, inode) => drop(entries.insert(name.clone(), *inode)),
            Self::Remove(name) => drop(entries.remove(name)),
            Self::Rename(from, to) => {
                let inode = entries.remove(from).unwrap();
                entries.insert(to.clone(), inode);
            }
        }
    }
}

impl Luck {
    fn draw(random: &mut Random) -> Self {
        match random.below(6) {
            0 => Self::Nothing,
            1 => Self::Everything,
            2 | 3 => Self::Most,
            _ => Self::Some,
        }
    }

    /// How many of the changes survive, counted from the first.
    fn survivors(self, random: &mut Random, changes: usize) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Everything => changes,
            Self::Most if random.below(ONE_LOST_OF) > 0 => changes,
            Self::Most | Self::Some => random.index(changes + 1),
        }
    }
}
