//! Reads what is asked line by line on standard input, so that a hundred thousand questions are one command.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::say::{Failure, Out};

/// Longest line that is read from standard input, in bytes.
const LINE_LIMIT_BYTES: usize = 64 * 1024;
/// What is read at once and answered by one core, in bytes.
const BLOCK_BYTES: usize = 64 * 1024;
/// Blocks that wait for one core, and answers of one core that wait to be written.
const BLOCKS_WAITING: usize = 2;

fn unreadable(error: &io::Error) -> Failure {
    Failure::new(format!("Standard input cannot be read ({error}). Try again."))
}

fn too_long() -> Failure {
    Failure::new(format!("A line on standard input is longer than {LINE_LIMIT_BYTES} bytes. Split it."))
}

/// A line as it is meant; none if it is blank.
fn meant(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// Each line of standard input that is not blank.
pub(super) fn for_each_line(mut work: impl FnMut(&str) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut input = io::stdin().lock();
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes).map_err(|error| unreadable(&error))? == 0 {
            return Ok(());
        }
        if bytes.len() > LINE_LIMIT_BYTES {
            return Err(too_long());
        }
        if let Some(line) = meant(&String::from_utf8_lossy(&bytes)) {
            work(line)?;
        }
    }
}

/// Writes an answer for each line of standard input that is not blank, in the order in which they came. Every core answers;
/// nothing waits for more lines than are there.
pub(super) fn answer_each(
    out: &mut Out,
    answer: impl Fn(&str) -> String + Send + Sync + 'static,
) -> Result<(), Failure> {
    let answer = Arc::new(answer);
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    for _ in 0..cores {
        let (question, questions) = sync_channel(BLOCKS_WAITING);
        let (reply, replies) = sync_channel(BLOCKS_WAITING);
        asked.push(question);
        answered.push(replies);
        let answer = Arc::clone(&answer);
        thread::spawn(move || answer_blocks(&questions, &reply, answer.as_ref()));
    }
    // Nobody waits for this thread: it may be in the middle of a read when there is nobody left to write for.
    thread::spawn(move || deal(io::stdin().lock(), &asked));
    for core in answered.iter().cycle() {
        // Blocks are dealt in turn, so the first core that has nothing more to say was dealt nothing more.
        let Ok(block) = core.recv() else { return Ok(()) };
        out.text(&block?)?;
        out.flush()?;
    }
    Ok(())
}

type Block = Result<Vec<u8>, Failure>;

fn answer_blocks(
    questions: &Receiver<Block>,
    reply: &SyncSender<Result<String, Failure>>,
    answer: &dyn Fn(&str) -> String,
) {
    for block in questions {
        let told = block.map(|bytes| {
            let mut told = String::with_capacity(bytes.len() * 2);
            for line in String::from_utf8_lossy(&bytes).split('\n').filter_map(meant) {
                told.push_str(&answer(line));
                told.push('\n');
            }
            told
        });
        if reply.send(told).is_err() {
            return;
        }
    }
}

/// Cuts what comes into blocks of whole lines and deals them to the cores in turn.
fn deal(mut input: impl Read, cores: &[SyncSender<Block>]) {
    let mut turn = cores.iter().cycle();
    let mut give = |block: Block| turn.next().is_some_and(|core| core.send(block).is_ok());
    let mut waiting: Vec<u8> = Vec::new();
    let mut fresh = vec![0_u8; BLOCK_BYTES];
    loop {
        let read = match input.read(&mut fresh) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                give(Err(unreadable(&error)));
                return;
            }
        };
        if read == 0 {
            if !waiting.is_empty() {
                give(Ok(waiting));
            }
            return;
        }
        waiting.extend_from_slice(fresh.get(..read).unwrap_or_default());
        let end = waiting.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place.saturating_add(1));
        let rest = waiting.split_off(end);
        if !waiting.is_empty() && !give(Ok(waiting)) {
            return;
        }
        if rest.len() > LINE_LIMIT_BYTES {
            give(Err(too_long()));
            return;
        }
        waiting = rest;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn dealt(input: &[u8], cores: usize) -> Vec<Vec<Block>> {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..cores).map(|_| sync_channel(1000)).unzip();
        deal(input, &senders);
        drop(senders);
        receivers.into_iter().map(|blocks| blocks.iter().collect()).collect()
    }

    #[test]
    fn f04_lines_are_dealt_whole_and_in_turn() {
        let lines: String = (0..20_000).map(|number| format!("name-{number}.example\n")).collect();
        let text = format!("{lines}last.example");
        let mut cores: Vec<_> = dealt(text.as_bytes(), 3).into_iter().map(Vec::into_iter).collect();
        let mut together = Vec::new();
        for turn in (0..3).cycle() {
            let Some(block) = cores.get_mut(turn).unwrap().next() else { break };
            together.extend(block.unwrap());
        }
        assert_eq!(String::from_utf8(together).unwrap(), text);
    }

    #[test]
    fn f04_a_line_without_an_end_is_refused_and_what_came_before_is_answered() {
        let text = format!("first.example\n{}", "x".repeat(LINE_LIMIT_BYTES * 2));
        let cores = dealt(text.as_bytes(), 1);
        let [before, refused] = cores[0].as_slice() else { panic!("two blocks: {}", cores[0].len()) };
        assert_eq!(before.as_ref().unwrap(), b"first.example\n");
        assert!(refused.is_err());
    }
}
