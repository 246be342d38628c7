//! Names on their way into the index: gathered in small sorted runs, each compact, and merged at the end. Five million names
//! never stand in memory as texts.

use std::collections::BTreeMap;

use fst::raw::{Fst, OpBuilder};
use fst::{MapBuilder, Streamer};

/// Names of one run: so many stand in memory as texts.
const RUN_LIMIT_NAMES: usize = 250_000;
/// The same in bytes.
const RUN_LIMIT_BYTES: usize = 8 * 1024 * 1024;

/// A name of the run that is being gathered: where its text is, and the source that names it.
#[derive(Debug, Clone, Copy)]
struct Place {
    from: u32,
    bytes: u32,
    source: u32,
}

/// A sorted run. Its values are places in `sources`.
struct Run {
    index: Fst<Vec<u8>>,
    /// Each combination of sources that some name of the run has, in order.
    sources: Vec<Vec<u32>>,
}

/// Names with the numbers of the sources that name them.
#[derive(Default)]
pub(super) struct Names {
    text: Vec<u8>,
    places: Vec<Place>,
    runs: Vec<Run>,
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names").field("waiting", &self.places.len()).field("runs", &self.runs.len()).finish()
    }
}

impl Names {
    /// Takes one name, given in parts.
    pub(super) fn push(&mut self, parts: [&str; 2], source: u32) {
        let from = self.text.len();
        for part in parts {
            self.text.extend_from_slice(part.as_bytes());
        }
        // INVARIANT: a run is far smaller than what 32 bits can count.
        let (Ok(bytes), Ok(from)) = (u32::try_from(self.text.len() - from), u32::try_from(from)) else { return };
        self.places.push(Place { from, bytes, source });
        if self.places.len() >= RUN_LIMIT_NAMES || self.text.len() >= RUN_LIMIT_BYTES {
            self.close_run();
        }
    }

    /// Sorts what was gathered and makes it compact.
    pub(super) fn close_run(&mut self) {
        if self.places.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let mut places = std::mem::take(&mut self.places);
        let key = |place: &Place| -> &[u8] {
            let from = usize::try_from(place.from).unwrap_or(usize::MAX);
            let bytes = usize::try_from(place.bytes).unwrap_or(usize::MAX);
            text.get(from..from.saturating_add(bytes)).unwrap_or_default()
        };
        places.sort_unstable_by(|a, b| key(a).cmp(key(b)).then(a.source.cmp(&b.source)));
        let mut known: BTreeMap<Vec<u32>, u64> = BTreeMap::new();
        let mut map = MapBuilder::memory();
        let mut rest = places.iter().peekable();
        while let Some(first) = rest.next() {
            let mut sources = vec![first.source];
            while let Some(next) = rest.next_if(|next| key(next) == key(first)) {
                if sources.last() != Some(&next.source) {
                    sources.push(next.source);
                }
            }
            let fresh = u64::try_from(known.len()).unwrap_or(u64::MAX);
            let number = *known.entry(sources).or_insert(fresh);
            // INVARIANT: keys are sorted and distinct and the memory cannot refuse a write, so this never fails.
            let _ = map.insert(key(first), number);
        }
        let mut sources = vec![Vec::new(); known.len()];
        for (combination, number) in known {
            if let Some(slot) = usize::try_from(number).ok().and_then(|number| sources.get_mut(number)) {
                *slot = combination;
            }
        }
        if let Ok(index) = map.into_inner().and_then(Fst::new) {
            self.runs.push(Run { index, sources });
        }
        // The room is used again for the next run.
        self.text = text;
        self.text.clear();
        places.clear();
        self.places = places;
    }

    /// Bytes of all runs: the merged index is never larger by much.
    pub(super) fn bytes(&self) -> usize {
        self.runs.iter().map(|run| run.index.as_bytes().len()).sum()
    }

    /// Every name once, in order, with the sources that name it, in order.
    pub(super) fn each(&self, mut take: impl FnMut(&[u8], &[u32])) {
        let mut union = OpBuilder::new();
        for run in &self.runs {
            union.push(&run.index);
        }
        let mut union = union.union();
        let mut all: Vec<u32> = Vec::new();
        while let Some((key, found)) = union.next() {
            all.clear();
            for one in found {
                let number = usize::try_from(one.value).unwrap_or(usize::MAX);
                let sources = self.runs.get(one.index).and_then(|run| run.sources.get(number));
                all.extend(sources.into_iter().flatten());
            }
            all.sort_unstable();
            all.dedup();
            take(key, &all);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn f04_names_of_many_runs_come_out_once_and_in_order() {
        let mut names = Names::default();
        for (run, source) in [(["b", "a", "b"], 1), (["c", "a", "a"], 0), (["b", "z", "a"], 2)] {
            for name in run {
                names.push(["test.", name], source);
            }
            names.close_run();
        }
        names.close_run();
        assert_eq!(names.runs.len(), 3);
        let mut all = Vec::new();
        names.each(|key, sources| all.push((String::from_utf8(key.to_vec()).unwrap(), sources.to_vec())));
        let wanted = [("test.a", vec![0, 1, 2]), ("test.b", vec![1, 2]), ("test.c", vec![0]), ("test.z", vec![2])];
        assert_eq!(all, wanted.map(|(name, sources)| (name.to_owned(), sources)));
    }
}
