//! A real clamd on a socket of its own, with one signature that is made here; and engines that fail in every way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gateway::malware::{Place, Plan};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Name of the one signature.
pub(crate) const SIGNATURE: &str = "Haven.Test.Eicar";
const START_LIMIT_SECONDS: u64 = 60;

/// The test file that every engine knows. In two halves, so that no scanner takes this repository for one.
pub(crate) fn eicar() -> Vec<u8> {
    let halves = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];
    halves.concat().into_bytes()
}

pub(crate) struct Clamd {
    process: Child,
    folder: PathBuf,
}

impl Clamd {
    /// Starts an engine; none where it is not installed, which is a failure on the build machine.
    pub(crate) async fn start(more_settings: &str) -> Option<Self> {
        let program = ["/usr/sbin/clamd", "/usr/local/sbin/clamd", "/usr/bin/clamd"];
        let Some(program) = program.iter().find(|path| Path::new(path).exists()) else {
            #[allow(clippy::disallowed_methods, reason = "a test stands outside")]
            let is_build_machine = std::env::var_os("CI").is_some();
            assert!(!is_build_machine, "clamd is not installed; ./check installs it");
            #[allow(clippy::print_stderr, reason = "a test that is left out says so")]
            {
                eprintln!("SKIPPED: clamd is not installed. ./check installs it.");
            }
            return None;
        };
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        // Short, because the path of a socket may not be long.
        let folder = std::env::temp_dir().join(format!("clamd-{}-{number}", std::process::id()));
        let database = folder.join("db");
        fs::create_dir_all(&database).unwrap();
        let hex: String = eicar().iter().map(|byte| format!("{byte:02x}")).collect();
        fs::write(database.join("test.ndb"), format!("{SIGNATURE}:0:*:{hex}\n")).unwrap();
        let settings = format!(
            "Foreground yes\nLocalSocket {0}/s\nDatabaseDirectory {1}\nTemporaryDirectory {0}\nLogFile {0}/log\n{more_settings}\n",
            folder.display(),
            database.display(),
        );
        fs::write(folder.join("conf"), settings).unwrap();
        let process = Command::new(program)
            .arg("--config-file")
            .arg(folder.join("conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let clamd = Self { process, folder };
        for _ in 0..START_LIMIT_SECONDS * 10 {
            if tokio::net::UnixStream::connect(clamd.socket()).await.is_ok() {
                return Some(clamd);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("clamd did not start: {}", fs::read_to_string(clamd.folder.join("log")).unwrap_or_default());
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("s")
    }

    pub(crate) fn plan(&self) -> Plan {
        Plan { answer: Duration::from_secs(60), ..Plan::at(Place::Socket(self.socket())) }
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// How an engine fails that is none.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Takes everything and says nothing.
    Silent,
    /// Takes nothing.
    Stalled,
    /// Closes after some bytes.
    Dies,
    /// Says something else.
    Babbles,
}

pub(crate) async fn failing(fault: Fault) -> Plan {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = Place::Tcp(socket.local_addr().unwrap().to_string());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = socket.accept().await {
            match fault {
                Fault::Stalled => open.push(stream),
                Fault::Silent => {
                    tokio::spawn(async move { tokio::io::copy(&mut stream, &mut tokio::io::sink()).await });
                }
                Fault::Dies => {
                    tokio::spawn(async move {
                        let mut some = vec![0_u8; 32];
                        let _ = stream.read_exact(&mut some).await;
                    });
                }
                Fault::Babbles => {
                    tokio::spawn(async move {
                        let mut some = vec![0_u8; 32];
                        let _ = stream.read_exact(&mut some).await;
                        let _ = stream.write_all(b"stream: maybe\0").await;
                        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
                    });
                }
            }
        }
    });
    Plan { answer: Duration::from_millis(500), ..Plan::at(place) }
}
