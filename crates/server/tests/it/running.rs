//! Haven running on real data: it answers, ends politely on a signal, and leaves a signed head.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use store::testing::{places, sqlite};

use crate::office::{Office, office};
use crate::run::{command, haven};

/// Longest that a start may take in a test, in seconds.
const START_SECONDS: u64 = 60;

pub(crate) struct Running {
    child: Child,
}

impl Running {
    /// Starts and waits until a port answers.
    pub(crate) fn start(words: &[&str], portal: SocketAddr) -> Self {
        let child = command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut running = Self { child };
        let began = Instant::now();
        while TcpStream::connect(portal).is_err() {
            if let Some(status) = running.child.try_wait().unwrap() {
                panic!("it ended with {status}: {}", running.stderr());
            }
            assert!(began.elapsed() < Duration::from_secs(START_SECONDS), "nothing listens");
            std::thread::sleep(Duration::from_millis(50));
        }
        running
    }

    fn stderr(&mut self) -> String {
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }

    /// The first lines that it said.
    pub(crate) fn lines(&mut self, count: usize) -> Vec<String> {
        BufReader::new(self.child.stdout.as_mut().unwrap()).lines().take(count).map(Result::unwrap).collect()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and gives the exit code.
    pub(crate) fn end(mut self) -> i32 {
        let done = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended is well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One plain request to a port; the whole answer.
pub(crate) fn ask(to: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) fn serve(office: &Office) -> Running {
    Running::start(&["serve", "--config", &office.config], office.portal)
}

#[test]
fn serve_answers_ends_on_a_signal_and_leaves_a_head() {
    for place in tokio::runtime::Runtime::new().unwrap().block_on(places()) {
        eprintln!("on {}", place.name);
        let office = office(place);
        let mut running = serve(&office);
        assert!(running.lines(1)[0].starts_with("Haven serves Invented College at http://127.0.0.1:"));
        let page = ask(office.portal, "GET / HTTP/1.1\r\nHost: haven.test");
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        // A browser behind the proxy whom nobody knows is led to the gate, and to Haven's own pages.
        let gate = ask(office.proxy, "GET http://library.test/ HTTP/1.1\r\nHost: library.test\r\nAccept: text/html");
        assert!(
            gate.starts_with("HTTP/1.1 302") && gate.to_lowercase().contains("location: http://haven.test/gate?to="),
            "{gate}"
        );
        let own = ask(office.proxy, "GET http://haven.test/ HTTP/1.1\r\nHost: haven.test\r\nAccept: text/html");
        assert!(own.starts_with("HTTP/1.1 200"), "{own}");
        haven(&["serve", "--config", &office.config]).refused(&["Another Haven is running"]);
        assert_eq!(running.end(), 0);
        let head = office.data.join("heads").display().to_string();
        let verified = haven(&["audit", "verify", "--config", &office.config, "--head", &head]);
        assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
        tokio::runtime::Runtime::new().unwrap().block_on(office.place.remove());
    }
}

#[test]
fn s6_nobody_but_the_gateway_can_speak_for_a_door() {
    let office = office(sqlite());
    let running = serve(&office);
    // The inner port is not told to anybody; a guess at its first line on the public port is no HTTP and nothing else.
    let answer = ask(office.portal, "HAVEN-DOOR 00 6669727374 127.0.0.1 http\r\nGET / HTTP/1.1\r\nHost: haven.test");
    assert!(!answer.contains("200 OK"), "{answer}");
    assert_eq!(running.end(), 0);
}

#[test]
fn the_pages_alone_leave_the_proxy_shut() {
    let office = office(sqlite());
    let running = Running::start(&["serve", "--config", &office.config, "--only", "web"], office.portal);
    assert!(TcpStream::connect(office.proxy).is_err());
    assert_eq!(running.end(), 0);
}
