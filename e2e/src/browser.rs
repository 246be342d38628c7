//! A real headless Chromium at one person's seat: it goes where a person goes, and every page it comes to is checked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{House, page, plain};

/// Longest wait for something to appear on a page, in seconds.
const APPEAR_LIMIT_SECONDS: u64 = 15;
/// How often a browser is opened that does not answer, and how long its first answer may take, in seconds.
const OPENINGS: u32 = 8;
const FIRST_ANSWER_SECONDS: u64 = 8;
const LOOK_EVERY_MS: u64 = 50;
/// Highest picture that is taken, in pixels.
const PICTURE_HEIGHT_LIMIT_PX: u64 = 6_000;

/// How wide the window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// A computer: 1280 pixels.
    Desk,
    /// A small phone: 320 pixels.
    Phone,
}

impl Width {
    fn size_px(self) -> (u64, u64) {
        match self {
            Self::Desk => (1280, 900),
            Self::Phone => (320, 640),
        }
    }
}

/// One browser with a profile of its own, which is gone when it is closed.
pub struct Browser {
    client: Client,
    driver: Driver,
    width: Width,
    pictures: PathBuf,
}

/// Answers the browser's own box for a proxy's name and password, which no page and no driver can reach: a small extension
/// that types what a file says, once for each question. Where the file says nothing, the box is closed.
pub struct Hand {
    folder: TempDir,
}

impl Default for Hand {
    fn default() -> Self {
        let folder = tempfile::Builder::new().prefix("haven-hand.").tempdir().unwrap();
        let manifest = json!({
            "manifest_version": 3, "name": "hand", "version": "1",
            "background": {"service_worker": "hand.js"},
            "permissions": ["webRequest", "webRequestAuthProvider"],
            "host_permissions": ["<all_urls>"],
        });
        std::fs::write(folder.path().join("manifest.json"), manifest.to_string()).unwrap();
        std::fs::write(folder.path().join("hand.js"), include_str!("hand.js")).unwrap();
        Self { folder }
    }
}

impl Hand {
    /// What is typed from now on.
    pub fn types(&self, name: &str, password: &str) {
        let words = json!({"username": name, "password": password});
        std::fs::write(self.folder.path().join("typed.json"), words.to_string()).unwrap();
    }
}

/// Its chromedriver, which ends the browser too when a journey breaks off.
struct Driver {
    child: Child,
    port: u16,
    session: String,
    /// The browser's process.
    browser: Option<u64>,
    _profile: TempDir,
}

impl Browser {
    /// A new browser at the seat of `who`.
    pub async fn at_seat(house: &House, who: &str, width: Width) -> Self {
        Self::behind(house, &format!("127.0.0.1:{}", house.seat(who)), None, width).await
    }

    /// A new browser behind this proxy. With a hand, its own box for a name and a password is answered.
    pub async fn behind(house: &House, proxy: &str, hand: Option<&Hand>, width: Width) -> Self {
        // chromedriver sometimes joins a browser with an extension in the midst of its first page, misses the end of that
        // page's loading and then waits for it without end. Such a browser is ended, and another is opened.
        for _ in 0..OPENINGS {
            let browser = Self::opened(house, proxy, hand, width).await;
            let first = browser.resize(width.size_px().1);
            match tokio::time::timeout(Duration::from_secs(FIRST_ANSWER_SECONDS), first).await {
                Ok(()) => return browser,
                Err(_) => browser.driver.end_browser(),
            }
        }
        panic!("no browser answered in {OPENINGS} openings");
    }

    async fn opened(house: &House, proxy: &str, hand: Option<&Hand>, width: Width) -> Self {
        let mut driver = Driver::start(house);
        let profile = driver._profile.path().display().to_string();
        let extensions = hand.map_or_else(
            || "--disable-extensions".to_owned(),
            |hand| format!("--load-extension={}", hand.folder.path().display()),
        );
        let args = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--disable-default-apps".to_owned(),
            extensions,
            "--lang=en-GB".to_owned(),
            format!("--user-data-dir={profile}"),
            format!("--proxy-server={proxy}"),
            "--proxy-bypass-list=<-loopback>".to_owned(),
        ];
        let binary = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
        let binary = binary.iter().find(|path| std::path::Path::new(path).exists()).expect("a Chromium is installed");
        let options = json!({"args": args, "binary": binary});
        let wanted = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"performance": "ALL"},
            "pageLoadStrategy": "normal",
        });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .expect("the browser starts");
        driver.session = client.session_id().await.unwrap().unwrap();
        driver.browser = client.capabilities().and_then(|known| known.get("goog:processID")?.as_u64());
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("screenshots");
        let pictures = root.join(house.base.word());
        std::fs::create_dir_all(&pictures).unwrap();
        Self { client, driver, width, pictures }
    }

    async fn resize(&self, height: u64) {
        let (width, _) = self.width.size_px();
        let phone = self.width == Width::Phone;
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Ends the browser, as a person does who closes it.
    pub async fn close(self) {
        self.client.close().await.unwrap();
    }

    /// Goes to an address and checks the page that comes.
    pub async fn go(&self, address: &str) {
        self.go_anywhere(address).await;
        self.look().await;
    }

    /// Goes to an address where a browser's own error page may come.
    pub async fn go_anywhere(&self, address: &str) {
        // A page that the browser itself could not load is an error to the driver; what is shown is looked at instead.
        let _ = self.client.goto(address).await;
    }

    /// Checks the page for people who cannot see, cannot use a mouse, or have a small screen.
    pub async fn look(&self) {
        page::check(&self.client, self.width == Width::Phone).await;
    }

    /// The text of the page as people see it.
    pub async fn text(&self) -> String {
        let text = self.client.execute("return document.body ? document.body.innerText : ''", vec![]).await;
        text.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// What a piece of script answers on this page.
    pub async fn script(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    pub async fn address(&self) -> String {
        self.client.current_url().await.unwrap().to_string()
    }

    /// The source of the page.
    pub async fn source(&self) -> String {
        self.client.source().await.unwrap()
    }

    /// The page says this; waited for, because a page may be on its way.
    pub async fn says(&self, wanted: &str) {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(APPEAR_LIMIT_SECONDS) {
            if one_line(&self.text().await).contains(wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)).await;
        }
        panic!("'{wanted}' is not said at {}:\n{}", self.address().await, self.text().await);
    }

    pub async fn says_not(&self, unwanted: &str) {
        let text = one_line(&self.text().await);
        assert!(!text.contains(unwanted), "'{unwanted}' is said at {}:\n{text}", self.address().await);
    }

    /// Presses a link or button by its words, and checks the page that comes.
    pub async fn press(&self, words: &str) {
        self.press_only(words).await;
        self.look().await;
    }

    /// Presses a link or button by its words; what comes is looked at by the journey.
    pub async fn press_only(&self, words: &str) {
        let exact = format!("(//a|//button|//summary)[normalize-space(.)=\"{words}\"]");
        let near = format!("(//a|//button|//summary)[contains(normalize-space(.), \"{words}\")]");
        self.click(&[&exact, &near], words).await;
    }

    /// Types into the field with this label; what stood there is gone.
    pub async fn fill(&self, label: &str, text: &str) {
        let place = format!("//*[@id=//label[normalize-space(.)=\"{label}\"]/@for]");
        let field = self.find(&[&place], label).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Picks one of the entries of a list.
    pub async fn pick(&self, label: &str, entry: &str) {
        let list = format!("//select[@id=//label[normalize-space(.)=\"{label}\"]/@for]");
        let place = format!("{list}/option[normalize-space(.)=\"{entry}\"]");
        self.find(&[&place], entry).await.click().await.unwrap();
    }

    /// Chooses an answer of the question with this legend.
    pub async fn choose(&self, question: &str, answer: &str) {
        let place = format!(
            "//fieldset[legend[contains(normalize-space(.), \"{question}\")]]//label[normalize-space(.)=\"{answer}\"]"
        );
        self.click(&[&place], answer).await;
    }

    /// Ticks the box with this label.
    pub async fn tick(&self, label: &str) {
        let place = format!("//label[normalize-space(.)=\"{label}\"]");
        self.click(&[&place], label).await;
    }

    async fn click(&self, places: &[&str], words: &str) {
        let element = self.find(places, words).await;
        let script = "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})";
        let _ = self.client.execute(script, vec![serde_json::to_value(&element).unwrap()]).await;
        element.click().await.unwrap_or_else(|error| panic!("'{words}' cannot be pressed: {error}"));
    }

    /// The first visible element at one of the places, waited for.
    async fn find(&self, places: &[&str], words: &str) -> Element {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(APPEAR_LIMIT_SECONDS) {
            for place in places {
                for element in self.client.find_all(Locator::XPath(place)).await.unwrap_or_default() {
                    if element.is_displayed().await.unwrap_or(false) || *words == *"" {
                        return element;
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)).await;
        }
        panic!("there is no '{words}' at {}:\n{}", self.address().await, self.text().await);
    }

    /// Signs in through the practice page with one click.
    pub async fn sign_in_as(&self, name: &str) {
        self.go("http://haven.test/practice").await;
        self.press(&format!("Sign in as {name}")).await;
    }

    /// Takes a picture of the whole page, at this width.
    pub async fn picture(&self, name: &str) {
        let height = self.client.execute("return document.documentElement.scrollHeight", vec![]).await;
        let (_, usual) = self.width.size_px();
        let height = height.ok().and_then(|height| height.as_u64()).unwrap_or(usual);
        self.resize(height.clamp(usual, PICTURE_HEIGHT_LIMIT_PX)).await;
        let picture = self.client.screenshot().await.unwrap();
        self.resize(usual).await;
        let file = self.pictures.join(format!("{name}-{}.png", self.width.size_px().0));
        std::fs::write(file, picture).unwrap();
    }

    /// The same page on a phone, with its picture and its check, and back.
    pub async fn also_on_a_phone(&mut self, name: &str) {
        self.picture(name).await;
        let before = std::mem::replace(&mut self.width, Width::Phone);
        self.resize(self.width.size_px().1).await;
        self.look().await;
        self.picture(name).await;
        self.width = before;
        self.resize(self.width.size_px().1).await;
    }

    /// Who signed the certificate that this site showed when it was last asked for something.
    pub async fn issuer(&self, origin: &str) -> String {
        let log = self.driver.ask("se/log", &json!({"type": "performance"})).await;
        let lines = log.as_array().unwrap().iter().filter_map(|line| line["message"].as_str());
        let events = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut issuers = events.filter_map(|event| {
            let answer = &event["message"]["params"]["response"];
            let here = answer["url"].as_str().is_some_and(|url| url.starts_with(origin));
            answer["securityDetails"]["issuer"].as_str().filter(|_| here).map(str::to_owned)
        });
        issuers.next_back().unwrap_or_else(|| panic!("{origin} showed no certificate"))
    }

    async fn devtools(&self, command: &str, words: Value) -> Value {
        self.driver.ask("goog/cdp/execute", &json!({"cmd": command, "params": words})).await
    }
}

impl Driver {
    fn start(house: &House) -> Self {
        let profile = tempfile::Builder::new().prefix("haven-browser.").tempdir().unwrap();
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .env("HOME", house.trusting_home())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver is missing ({error}): install chromium-driver"));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').trim().parse().ok()
        });
        // Whatever it says later is read and thrown away, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            port: port.expect("chromedriver names its port"),
            session: String::new(),
            browser: None,
            _profile: profile,
        }
    }
}

impl Driver {
    /// Ends a browser that does not answer, which chromedriver can then not end either.
    fn end_browser(&self) {
        if let Some(process) = self.browser {
            let _ = Command::new("sh").args(["-c", &format!("kill -KILL {process}")]).status();
        }
    }

    /// A command of chromedriver's own, which the client library does not know.
    async fn ask(&self, command: &str, words: &Value) -> Value {
        let body = words.to_string();
        let head = format!(
            "POST /session/{}/{command} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            self.session,
            self.port,
            body.len()
        );
        let answer = plain::send(self.port, head.as_bytes()).await.unwrap();
        assert_eq!(answer.status, 200, "{command}: {}", answer.body);
        serde_json::from_str::<Value>(&answer.body).unwrap()["value"].take()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Closing the session ends the browser; a chromedriver that is killed would leave it behind.
        if !self.session.is_empty()
            && let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", self.port))
        {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(APPEAR_LIMIT_SECONDS)));
            let ask = format!(
                "DELETE /session/{} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
                self.session, self.port
            );
            let _ = stream.write_all(ask.as_bytes());
            let _ = stream.read(&mut [0_u8; 64]);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A text without its line breaks, as a person reads it.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
