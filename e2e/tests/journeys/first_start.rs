//! The first start on real data, asked and answered at a terminal: wrong answers are asked again, and the first lead signs in.

use std::process::Stdio;
use std::time::Duration;

use e2e::real::{PASSWORD, pack};
use e2e::{Base, Browser, House, Visitor, Width, house, kept};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::people;

/// Longest wait for the next question, in seconds.
const QUESTION_LIMIT_SECONDS: u64 = 30;
const SHARES: usize = 5;

#[tokio::test]
async fn s10_the_first_start_is_asked_and_answered() {
    let mut house = House::new(Base::Sqlite).await.unwrap();
    let config = house.folder().join("haven.toml");
    let mut talk = Talk::begin(&["init", "--config", &config.display().to_string()]);
    let screen = first_start(&mut talk, &house).await;
    let shares: Vec<&str> = screen
        .lines()
        .filter_map(|line| line.trim().strip_prefix("share ")?.split_once(": "))
        .map(|two| two.1)
        .collect();
    assert_eq!(shares.len(), SHARES, "{screen}");
    assert!(!screen.contains(PASSWORD) && !screen.contains("too short"), "a password never shows:\n{screen}");
    // Shown once, kept nowhere: no file holds a share.
    for share in shares {
        assert!(kept::files_that_hold(&house, share).is_empty(), "a share is kept");
    }
    let (code, out, errors) = house.haven(&["init", "--config", &config.display().to_string()], "").await;
    assert!(code == 2 && errors.contains("is there already"), "a second start is refused: {out}{errors}");

    house.adopt(config);
    house.start().await;
    // There is one listener as yet, the one that was asked for.
    let mut lead = Browser::at_seat(&house, "lena", Width::Desk).await;
    people::password_at_the_door(&lead, "sunil").await;
    lead.go("http://haven.test/today").await;
    lead.says("Nothing waits for you").await;
    lead.says("Invented College").await;
    lead.says_not("Practice").await;
    lead.also_on_a_phone("first-day").await;
    lead.close().await;
    let mut nobody = Visitor::straight(house.port);
    assert_eq!(nobody.get("/practice").await.status, 404, "there is no practice here");
    house.end().await;
}

/// Every question, most of them first with an answer that cannot be used. Gives what stood on the screen.
async fn first_start(talk: &mut Talk, house: &House) -> String {
    talk.answer("What is your organisation called", "").await;
    talk.told("Haven needs a name here.").await;
    talk.answer("What is your organisation called", "Invented College").await;
    let full = house.folder().join("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("a-file"), "something").unwrap();
    talk.answer("Folder for Haven's data", &full.display().to_string()).await;
    talk.told("holds something else already").await;
    talk.answer("Folder for Haven's data", &house.data.display().to_string()).await;
    talk.answer("Folder of your policy pack", "nowhere-at-all").await;
    talk.told("nowhere-at-all").await;
    talk.answer("Folder of your policy pack", &pack("waes").display().to_string()).await;
    talk.answer("Address and port for Haven's pages", "port eighty").await;
    talk.told("That is no address with a port.").await;
    let pages = format!("127.0.0.1:{}", house.port);
    talk.answer("Address and port for Haven's pages", &pages).await;
    talk.answer("Where people reach them", "haven.college.test").await;
    talk.told("It begins with http:// or https://.").await;
    // What is offered is taken by an empty answer.
    talk.answer("Where people reach them", "").await;
    talk.answer("Address and port for the proxy", &pages).await;
    talk.told("are there already").await;
    talk.answer("Address and port for the proxy", &format!("127.0.0.1:{}", house.seat("lena"))).await;
    talk.answer("Does one person at a time sit behind each address there", "perhaps").await;
    talk.told("Answer yes or no.").await;
    talk.answer("Does one person at a time sit behind each address there", "yes").await;

    talk.answer("Name of the first administrator", "Ines Network").await;
    talk.answer("Name to sign in with", "ines network").await;
    talk.told("Give a name without spaces.").await;
    talk.answer("Name to sign in with", "ines").await;
    talk.answer("Posts, with commas", "tutor").await;
    talk.told("must be able to manage people").await;
    talk.answer("Posts, with commas", "captain").await;
    talk.told("The policy has no post 'captain'.").await;
    talk.answer("Posts, with commas", "head-of-it").await;
    talk.answer("Mail address", "ines at college").await;
    talk.told("That is no mail address.").await;
    talk.answer("Mail address", "ines@college.test").await;
    talk.answer("Password for ines", "too short").await;
    talk.told("Use at least 12 characters").await;
    talk.answer("Password for ines", PASSWORD).await;
    talk.answer("The same again", "another three words").await;
    talk.told("The two passwords are not the same.").await;
    talk.password("ines").await;

    talk.answer("Add somebody who holds cases", "yes").await;
    talk.answer("Name of this case holder", "Sunil Guardwell").await;
    talk.answer("Name to sign in with", "Ines").await;
    talk.told("Somebody is called Ines already.").await;
    talk.answer("Name to sign in with", "sunil").await;
    talk.answer("Posts, with commas", "safeguarding-lead").await;
    talk.answer("Mail address", "").await;
    talk.password("sunil").await;
    talk.answer("Add somebody who holds cases", "no").await;
    talk.end().await
}

/// A conversation with `haven` at a terminal: what it asks is waited for, and then answered.
struct Talk {
    child: Child,
    keys: ChildStdin,
    screen: ChildStdout,
    shown: String,
    /// So much of it was looked at.
    read: usize,
}

impl Talk {
    /// `script` of util-linux gives the program a terminal of its own.
    fn begin(words: &[&str]) -> Self {
        let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let command = format!("exec '{}' {}", house::program().display(), quoted.join(" "));
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--flush", "--command", &command, "/dev/null"])
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("script is missing ({error}): install bsdutils"));
        let (keys, screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, keys, screen, shown: String::new(), read: 0 }
    }

    /// Waits until this stands on the screen, after what was looked at before.
    async fn told(&mut self, words: &str) {
        let limit = Duration::from_secs(QUESTION_LIMIT_SECONDS);
        loop {
            if let Some(at) = self.shown[self.read..].find(words) {
                self.read += at + words.len();
                return;
            }
            let mut part = [0_u8; 4096];
            let count = tokio::time::timeout(limit, self.screen.read(&mut part)).await;
            let count = count.unwrap_or_else(|_| panic!("'{words}' does not come:\n{}", self.shown)).unwrap_or(0);
            assert!(count > 0, "it ended before '{words}':\n{}", self.shown);
            self.shown.push_str(&String::from_utf8_lossy(&part[..count]));
        }
    }

    async fn answer(&mut self, question: &str, answer: &str) {
        self.told(question).await;
        // The whole question, up to where the answer is typed.
        self.told(": ").await;
        self.keys.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
        self.keys.flush().await.unwrap();
    }

    async fn password(&mut self, whose: &str) {
        self.answer(&format!("Password for {whose}"), PASSWORD).await;
        self.answer("The same again", PASSWORD).await;
    }

    /// The rest of the screen, when the program has ended well.
    async fn end(&mut self) -> String {
        let mut rest = Vec::new();
        self.screen.read_to_end(&mut rest).await.unwrap();
        self.shown.push_str(&String::from_utf8_lossy(&rest));
        let ended = self.child.wait().await.unwrap();
        assert!(ended.success(), "{ended}:\n{}", self.shown);
        std::mem::take(&mut self.shown)
    }
}
