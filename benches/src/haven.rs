//! Haven as an organisation runs it: made by `haven init`, lists built, one person signed in at the listener's address.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::process::{Running, Tree};

const PASSWORD: &str = "three plain words";
const WHO: &str = "lena";

/// A PostgreSQL server of the bench's own, made and unmade by the scripts that `check` uses.
pub(crate) struct Postgres {
    pub(crate) address: String,
    folder: String,
    pub(crate) tree: Tree,
}

fn script(words: &str) -> Option<String> {
    let house = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let command = format!(". scripts/prepare.sh; . scripts/postgres.sh; {words}");
    let out = Command::new("bash").args(["-c", &command]).current_dir(house).stdin(Stdio::null()).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).into_owned())
}

impl Postgres {
    pub(crate) fn start() -> Option<Self> {
        let said = script("start_postgres >&2 && printf '%s\\n%s\\n' \"$HAVEN_POSTGRES\" \"$POSTGRES_DIR\"")?;
        let mut lines = said.lines().map(str::to_owned);
        let (address, folder) = (lines.next()?, lines.next()?);
        let file = fs::read_to_string(format!("{folder}/data/postmaster.pid")).ok()?;
        let tree = Tree(file.lines().next()?.trim().parse().ok()?);
        Some(Self { address, folder, tree })
    }

    /// Runs SQL as the owner.
    fn run(&self, sql: &str) {
        let file = format!("{}/words.sql", self.folder);
        fs::write(&file, sql).unwrap();
        let out = Command::new("psql").args(["-q", "-v", "ON_ERROR_STOP=1", &self.address, "-f", &file]).output();
        let out = out.expect("psql is there");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = script(&format!("POSTGRES_DIR='{}'; stop_postgres", self.folder));
    }
}

/// What every Haven of a bench is given.
pub(crate) struct Plan<'p> {
    pub(crate) program: &'p Path,
    pub(crate) folder: PathBuf,
    pub(crate) lists: &'p Path,
    /// Names that lead to this machine.
    pub(crate) names: &'p [String],
    pub(crate) authority_pem: &'p str,
}

pub(crate) struct Haven {
    program: PathBuf,
    pub(crate) proxy: u16,
    /// Its own authority, PEM.
    pub(crate) authority_pem: String,
    /// Whose processor time is counted.
    pub(crate) trees: Vec<Tree>,
    config: PathBuf,
    /// An open connection, as a browser keeps: a seat whose last connection closes must prove itself again (S-6).
    _kept_open: TcpStream,
    /// In the order in which they end.
    _running: Vec<Running>,
    postgres: Option<Postgres>,
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn start(plan: &Plan<'_>, words: &[&str], log: &str) -> Running {
    let log = fs::File::create(plan.folder.join(log)).unwrap();
    let mut command = Command::new(plan.program);
    command.args(words).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    Running(command.spawn().unwrap())
}

pub(crate) async fn until_open(port: u16, limit: Duration) -> bool {
    let began = Instant::now();
    while began.elapsed() < limit {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

impl Haven {
    /// One program with SQLite inside.
    pub(crate) async fn on_sqlite(plan: Plan<'_>) -> Self {
        let (portal, proxy) = (free_port(), free_port());
        let config = init(&plan, portal, Some(proxy), None);
        append(&config, &common(&plan));
        let running = start(&plan, &["serve", "--config", config.to_str().unwrap()], "haven.log");
        let trees = vec![running.tree()];
        Self::sit_down(&plan, proxy, config, trees, vec![running], None).await
    }

    /// A gateway alone, with the pages beside it and PostgreSQL between them. Gateway and database are counted.
    pub(crate) async fn alone(plan: Plan<'_>, postgres: Postgres) -> Self {
        let (portal, proxy, pages) = (free_port(), free_port(), free_port());
        let config = init(&plan, portal, None, Some(&postgres.address));
        let secret = plan.folder.join("secret");
        write_private(&secret, "an-invented-secret-of-more-than-32-letters\n");
        let shared = format!("secret_file = \"{}\"\n", secret.display());
        append(
            &config,
            &format!("\n[gateways]\nlisten = \"127.0.0.1:{pages}\"\none_person_listeners = [\"room\"]\n{shared}"),
        );
        let web = start(&plan, &["serve", "--config", config.to_str().unwrap(), "--only", "web"], "pages.log");
        assert!(until_open(portal, Duration::from_secs(60)).await, "{}", read_log(&plan, "pages.log"));
        let grants = Command::new(plan.program).args(["gateway", "role", "bench_gateway"]).output().unwrap();
        let grants = String::from_utf8(grants.stdout).unwrap();
        postgres.run(&format!("CREATE ROLE bench_gateway LOGIN PASSWORD 'invented';\n{grants}"));
        let data = plan.folder.join("gateway");
        fs::create_dir(&data).unwrap();
        for file in ["ca.pem", "ca.key"] {
            fs::copy(plan.folder.join("data").join(file), data.join(file)).unwrap();
        }
        let server = postgres.address.rsplit_once('@').unwrap().1;
        let own = plan.folder.join("gateway.toml");
        let text = format!(
            "[organisation]\nname = \"Invented College\"\n\n[data]\nfolder = \"{}\"\npostgres = \"postgres://bench_gateway:invented@{server}\"\n\n\
             [portal]\nlisten = \"127.0.0.1:{portal}\"\naddress = \"http://127.0.0.1:{portal}\"\n\n\
             [[listener]]\nname = \"room\"\nlisten = \"127.0.0.1:{proxy}\"\none_person_per_address = true\n\n\
             [gateways]\npages = \"127.0.0.1:{pages}\"\n{shared}{}",
            data.display(),
            common(&plan)
        );
        fs::write(&own, text).unwrap();
        let gateway = start(&plan, &["serve", "--config", own.to_str().unwrap(), "--only", "gateway"], "haven.log");
        let trees = vec![gateway.tree(), postgres.tree];
        Self::sit_down(&plan, proxy, config, trees, vec![gateway, web], Some(postgres)).await
    }

    async fn sit_down(
        plan: &Plan<'_>,
        proxy: u16,
        config: PathBuf,
        trees: Vec<Tree>,
        running: Vec<Running>,
        postgres: Option<Postgres>,
    ) -> Self {
        assert!(until_open(proxy, Duration::from_secs(120)).await, "{}", read_log(plan, "haven.log"));
        let kept_open = TcpStream::connect(("127.0.0.1", proxy)).await.unwrap();
        // A gateway alone learns of its pages a moment after the start.
        tokio::time::sleep(Duration::from_secs(2)).await;
        Seat { proxy, cookies: BTreeMap::new() }.sign_in_and_agree().await;
        let authority_pem = fs::read_to_string(plan.folder.join("data/ca.pem")).unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let program = plan.program.to_path_buf();
        Self { program, proxy, authority_pem, trees, config, _kept_open: kept_open, _running: running, postgres }
    }

    /// How many records stand in the database. An error if the chain of them is not whole.
    pub(crate) fn records(&self) -> Result<u64, String> {
        const COUNT: &str = "SELECT count(*) FROM ";
        let said = match &self.postgres {
            Some(postgres) => {
                say(Command::new("psql").args(["-Atc", &format!("{COUNT}activity.records"), &postgres.address]))
            }
            None => {
                let file = self.config.with_file_name("data").join("activity.db");
                say(Command::new("sqlite3").arg(file).arg(format!("{COUNT}records")))
            }
        }?;
        say(Command::new(&self.program).args(["audit", "verify", "--config"]).arg(&self.config))?;
        said.trim().parse().map_err(|_| said)
    }
}

/// What a program says; an error if it is not there or not content.
fn say(command: &mut Command) -> Result<String, String> {
    let out = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    if out.status.success() { Ok(text) } else { Err(format!("{text}{}", String::from_utf8_lossy(&out.stderr))) }
}

fn write_private(file: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

fn read_log(plan: &Plan<'_>, log: &str) -> String {
    fs::read_to_string(plan.folder.join(log)).unwrap_or_default()
}

fn append(file: &Path, text: &str) {
    let before = fs::read_to_string(file).unwrap();
    fs::write(file, before + text).unwrap();
}

fn common(plan: &Plan<'_>) -> String {
    let authority = plan.folder.join("websites.pem");
    fs::write(&authority, plan.authority_pem).unwrap();
    let names: Vec<String> = plan.names.iter().map(|name| format!("\"{name}\" = \"127.0.0.1\"")).collect();
    format!(
        "\n[lists]\nfile = \"{}\"\n\n[network]\nprivate_allowed = [\"127.0.0.0/8\"]\nauthorities = [\"{}\"]\nfixed_names = {{ {} }}\n",
        plan.lists.display(),
        authority.display(),
        names.join(", ")
    )
}

fn init(plan: &Plan<'_>, portal: u16, proxy: Option<u16>, postgres: Option<&str>) -> PathBuf {
    fs::create_dir_all(&plan.folder).unwrap();
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs/waes");
    let mut answers = format!(
        "organisation = \"Invented College\"\nfolder = \"{}\"\npack = \"{}\"\nlisten = \"127.0.0.1:{portal}\"\n\
         address = \"http://127.0.0.1:{portal}\"\none_person_per_address = true\n",
        plan.folder.join("data").display(),
        pack.display()
    );
    if let Some(port) = proxy {
        let _ = writeln!(answers, "proxy = \"127.0.0.1:{port}\"");
    }
    if let Some(address) = postgres {
        let _ = writeln!(answers, "postgres = \"{address}\"");
    }
    for (username, name, population, posts) in [
        ("ines", "Ines Network", "staff", "\"head-of-it\""),
        ("dana", "Dana Safehands", "staff", "\"designated-safeguarding-lead\""),
        ("sunil", "Sunil Guardwell", "staff", "\"safeguarding-lead\""),
        ("petra", "Petra Principal", "staff", "\"principal\""),
        (WHO, "Lena Learner", "learner", ""),
    ] {
        let _ = write!(
            answers,
            "\n[[person]]\nusername = \"{username}\"\nname = \"{name}\"\npopulation = \"{population}\"\nposts = [{posts}]\npassword = \"{PASSWORD}\"\n"
        );
    }
    let file = plan.folder.join("answers.toml");
    fs::write(&file, answers).unwrap();
    let config = plan.folder.join("haven.toml");
    let words = ["init", "--config", config.to_str().unwrap(), "--answers", file.to_str().unwrap()];
    let out = Command::new(plan.program).args(words).stdin(Stdio::null()).output().unwrap();
    assert!(out.status.success(), "haven init: {}", String::from_utf8_lossy(&out.stderr));
    config
}

/// Somebody at a computer behind the listener.
struct Seat {
    proxy: u16,
    cookies: BTreeMap<String, String>,
}

impl Seat {
    async fn sign_in_and_agree(mut self) {
        let fields = [("username", WHO), ("password", PASSWORD), ("to", "/")];
        let answer = self.ask("POST", "/sign-in", &fields).await;
        assert!(answer.starts_with("HTTP/1.1 303"), "{WHO} signs in: {answer}");
        for step in ["notice", "agreement"] {
            let page = self.ask("GET", "/gate", &[]).await;
            if !page.contains(&format!("action=\"/gate/{step}\"")) {
                continue;
            }
            let (csrf, digest, agreement) =
                (hidden(&page, "csrf"), hidden(&page, "digest"), hidden(&page, "agreement"));
            let fields = [("csrf", csrf.as_str()), ("digest", &digest), ("agreement", &agreement), ("to", "")];
            let answer = self.ask("POST", &format!("/gate/{step}"), &fields).await;
            assert!(answer.starts_with("HTTP/1.1 303"), "{step}: {answer}");
        }
        let page = self.ask("GET", "/gate", &[]).await;
        assert!(page.contains("You can use the internet now"), "{page}");
    }

    async fn ask(&mut self, method: &str, path: &str, fields: &[(&str, &str)]) -> String {
        let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
        let form = form.join("&");
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut head = format!(
            "{method} http://haven.test{path} HTTP/1.1\r\nHost: haven.test\r\nConnection: close\r\nCookie: {}\r\n",
            cookies.join("; ")
        );
        if method == "POST" {
            let _ = write!(
                head,
                "Origin: http://haven.test\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
                form.len()
            );
        }
        let mut stream = TcpStream::connect(("127.0.0.1", self.proxy)).await.unwrap();
        stream.write_all(format!("{head}\r\n{form}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        for line in answer.lines().take_while(|line| !line.is_empty()) {
            let Some((name, value)) = line.split_once(": ") else { continue };
            if name.eq_ignore_ascii_case("set-cookie")
                && let Some((name, value)) = value.split(';').next().unwrap().split_once('=')
            {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let found = page.find(&start).and_then(|at| page[at + start.len()..].split('"').next());
    found.unwrap_or_default().to_owned()
}

fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
