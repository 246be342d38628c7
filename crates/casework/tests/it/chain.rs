//! The audit chain: every change of any byte, every deletion and every other order is found and named.

use casework::audit::{Break, Entry, GENESIS, Head, NewEntry, Walk, check_head, entry_hash};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;

fn new_entry() -> impl Strategy<Value = NewEntry> {
    let text = || "[a-zé{}\":. \n]{0,12}";
    (any::<i64>(), text(), text(), text(), text(), text(), prop::collection::vec("[0-9a-f]{0,8}", 0..3)).prop_map(
        |(at_us, actor, action, object, detail, citation, digests)| NewEntry {
            at_us,
            actor,
            action,
            object,
            detail,
            citation,
            digests,
        },
    )
}

fn chain() -> impl Strategy<Value = Vec<Entry>> {
    prop::collection::vec(new_entry(), 1..8).prop_map(|news| {
        let mut prev = GENESIS;
        let chained = news.into_iter().zip(1_i64..).map(|(new, seq)| {
            let hash = entry_hash(seq, &prev, &new);
            let entry = Entry { seq, new, prev, hash };
            prev = hash;
            entry
        });
        chained.collect()
    })
}

fn walk(entries: &[Entry]) -> Result<Walk, Break> {
    let mut walk = Walk::default();
    entries.iter().try_for_each(|entry| walk.step(entry))?;
    Ok(walk)
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn head_of(entries: &[Entry]) -> Head {
    let last = entries.last().unwrap();
    Head::sign("Practice College", last.seq, last.hash, 99, &key())
}

/// Whether walking and the head held outside together find nothing wrong.
fn is_believed(entries: &[Entry], head: &Head) -> bool {
    let Ok(walked) = walk(entries) else { return false };
    let at_head = entries.iter().find(|entry| entry.seq == head.seq).map(|entry| entry.hash);
    check_head(head, &key().verifying_key(), &walked, at_head).is_ok()
}

/// Changes one byte: flips bits, or for text puts another letter in its place, or takes or adds one.
fn change_text(text: &mut String, place: usize, letter: char) {
    let mut letters: Vec<char> = text.chars().collect();
    match letters.len() {
        0 => letters.push(letter),
        size if letters[place % size] == letter => {
            letters.remove(place % size);
        }
        size => letters[place % size] = letter,
    }
    *text = letters.into_iter().collect();
}

fn change(entry: &mut Entry, field: usize, place: usize, bit: u32, letter: char) {
    match field % 11 {
        0 => entry.seq ^= 1_i64 << (bit % 63),
        1 => entry.prev[place % 32] ^= 1_u8 << (bit % 8),
        2 => entry.hash[place % 32] ^= 1_u8 << (bit % 8),
        3 => entry.new.at_us ^= 1_i64 << (bit % 63),
        4 => change_text(&mut entry.new.actor, place, letter),
        5 => change_text(&mut entry.new.action, place, letter),
        6 => change_text(&mut entry.new.object, place, letter),
        7 => change_text(&mut entry.new.detail, place, letter),
        8 => change_text(&mut entry.new.citation, place, letter),
        9 => match entry.new.digests.first_mut() {
            Some(digest) => change_text(digest, place, letter),
            None => entry.new.digests.push(String::new()),
        },
        _ => {
            if entry.new.digests.pop().is_none() {
                entry.new.digests.push(letter.to_string());
            }
        }
    }
}

proptest! {
    #[test]
    fn d06_an_honest_chain_is_believed(entries in chain()) {
        prop_assert!(is_believed(&entries, &head_of(&entries)));
    }

    #[test]
    fn d06_a_change_of_any_byte_of_any_field_is_found_at_its_entry(
        entries in chain(), at in any::<usize>(), field in 0..11_usize, place in any::<usize>(), bit in any::<u32>(),
        letter in prop::char::range('a', 'z'),
    ) {
        let mut altered = entries.clone();
        let at = at % entries.len();
        change(&mut altered[at], field, place, bit, letter);
        prop_assert_ne!(&altered[at], &entries[at]);
        let seq = entries[at].seq;
        let found = walk(&altered).unwrap_err();
        let named = match found {
            Break::Missing { expected, .. } => expected,
            Break::Altered { seq } | Break::Unlinked { seq } => seq,
            other => panic!("{other}"),
        };
        prop_assert_eq!(named, seq, "the first bad entry is named");
    }

    #[test]
    fn d06_text_moved_from_one_field_to_the_next_is_found(entry in new_entry()) {
        let mut moved = entry.clone();
        moved.actor = format!("{}{}", entry.actor, entry.action);
        moved.action = String::new();
        if moved != entry {
            prop_assert_ne!(entry_hash(1, &GENESIS, &moved), entry_hash(1, &GENESIS, &entry));
        }
        let mut joined = entry.clone();
        joined.digests = vec![entry.digests.concat()];
        if joined != entry {
            prop_assert_ne!(entry_hash(1, &GENESIS, &joined), entry_hash(1, &GENESIS, &entry));
        }
    }

    #[test]
    fn d06_any_deletion_is_found(entries in chain(), gone in prop::collection::vec(any::<prop::sample::Index>(), 1..4)) {
        let mut left = entries.clone();
        for index in gone {
            if !left.is_empty() {
                left.remove(index.index(left.len()));
            }
        }
        prop_assert!(!is_believed(&left, &head_of(&entries)));
    }

    #[test]
    fn d06_two_entries_in_each_others_place_are_found(entries in chain(), a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let (a, b) = (a.index(entries.len()), b.index(entries.len()));
        if a != b {
            let mut swapped = entries.clone();
            swapped.swap(a, b);
            prop_assert!(walk(&swapped).is_err());
        }
    }

    #[test]
    fn d06_a_chain_written_anew_from_any_entry_is_found(entries in chain(), at in any::<prop::sample::Index>()) {
        let at = at.index(entries.len());
        let mut forged = entries.clone();
        forged[at].new.detail.push('x');
        let mut prev = forged[at].prev;
        for entry in &mut forged[at..] {
            entry.prev = prev;
            entry.hash = entry_hash(entry.seq, &prev, &entry.new);
            prev = entry.hash;
        }
        let last = entries.last().unwrap().seq;
        prop_assert!(walk(&forged).is_ok(), "by itself it looks whole");
        let walked = walk(&forged).unwrap();
        let found = check_head(&head_of(&entries), &key().verifying_key(), &walked, Some(forged.last().unwrap().hash));
        prop_assert_eq!(found, Err(Break::Recomputed { seq: last }));
    }

    #[test]
    fn d06_reading_a_head_never_fails_badly_and_believes_no_garbage(text in "(?s).{0,300}") {
        if let Some(head) = Head::parse(&text) {
            prop_assert!(!head.is_signed_by(&key().verifying_key()));
        }
        let _ = Head::parse(&format!("haven audit head\n{text}"));
    }

    #[test]
    fn d06_a_head_with_any_letter_changed_is_not_believed(place in any::<prop::sample::Index>(), letter in "[a-z0-9 ]") {
        let entries = [Entry { seq: 1, new: plain(), prev: GENESIS, hash: entry_hash(1, &GENESIS, &plain()) }];
        let text = head_of(&entries).to_text();
        let body = text.trim_end();
        let place = place.index(body.len());
        let mut changed = body.to_owned();
        changed.replace_range(place..=place, &letter);
        if changed != body && let Some(head) = Head::parse(&changed) {
            prop_assert!(!is_believed(&entries, &head), "{}", changed);
        }
    }

    #[test]
    fn d06_a_head_is_read_back_as_it_was_signed(name in "(?s).{0,40}", seq in 0..i64::MAX, hash in any::<[u8; 32]>(), at in any::<i64>()) {
        let head = Head::sign(&name, seq, hash, at, &key());
        prop_assert!(head.is_signed_by(&key().verifying_key()));
        prop_assert_eq!(Head::parse(&head.to_text()), Some(head), "also with line breaks in the organisation's name");
    }
}

fn plain() -> NewEntry {
    NewEntry {
        at_us: 1,
        actor: "p1".into(),
        action: "case.note".into(),
        object: "c1".into(),
        detail: "{}".into(),
        citation: String::new(),
        digests: Vec::new(),
    }
}

#[test]
fn d06_each_break_is_named_in_a_sentence() {
    let sentences = [
        Break::Missing { expected: 2, found: 3 }.to_string(),
        Break::Truncated { head: 9, last: 4 }.to_string(),
        Break::Recomputed { seq: 9 }.to_string(),
    ];
    assert_eq!(sentences[0], "entry 2 is missing: after it comes entry 3");
    assert!(sentences[1].contains("stands at entry 9, the record ends at 4"));
    assert!(sentences[2].contains("entry 9"));
}

#[test]
fn d06_a_head_of_an_empty_record_fits_an_empty_record() {
    let head = Head::sign("Practice College", 0, GENESIS, 1, &key());
    assert_eq!(check_head(&head, &key().verifying_key(), &Walk::default(), None), Ok(()));
}
