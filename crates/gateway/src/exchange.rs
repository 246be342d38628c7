//! One request and its answer: facts, decision, edits, upstream, words, the last word, and the record.

use std::sync::Arc;

use filter::body::json_text;
use filter::decide;
use filter::{Address, Carriage, Decision, Facts, ScanPlan, Snapshot, Who};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use policy::Action;

use crate::block::{self, Blocked};
use crate::body::{self, Body};
use crate::carry;
use crate::files::{Checked, Cut, Way};
use crate::gate;
use crate::headers;
use crate::line::Line;
use crate::record::{self, Pending};
use crate::scan::{self, Wait};
use crate::upstream::UpstreamError;
use crate::warnings;
use crate::who::{Standing, Visit};

/// Longest text whose words are read at once: that takes well under a millisecond, and waking another thread costs as much
/// as reading a short page.
const AT_ONCE_LIMIT_BYTES: usize = 64 * 1024;

/// A request as it was asked for.
pub(crate) struct Asked {
    pub(crate) address: Address,
    pub(crate) carriage: Carriage,
    /// The line of an inspected connection; none for plain requests, which find their own.
    pub(crate) line: Option<Arc<Line>>,
}

/// The request being decided, with all that is known about it.
pub(crate) struct Errand {
    pub(crate) visit: Arc<Visit>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) facts: Facts,
    pub(crate) decision: Decision,
    reference: String,
    pending: Pending,
    line: Option<Arc<Line>>,
    /// Its bodies come by way of another proxy, which may stop until something goes back.
    pub(crate) stalls: bool,
}

/// A body that goes on.
pub(crate) struct Going {
    pub(crate) body: Body,
    /// Nothing more is judged about it: it comes to its end whatever it holds.
    pub(crate) is_settled: bool,
}

impl Going {
    pub(crate) fn settled(body: Body) -> Self {
        Self { body, is_settled: true }
    }
}

/// What becomes of an answer once it was judged.
pub(crate) enum Judged {
    On(Going),
    /// This goes to the person in its place.
    Instead(Response<Body>),
}

/// Answers one request.
pub(crate) async fn run(visit: &Arc<Visit>, asked: Asked, request: Request<Incoming>) -> Response<Body> {
    if request.method() == Method::CONNECT {
        // A tunnel inside a tunnel would carry what nobody judged.
        return body::short(StatusCode::METHOD_NOT_ALLOWED, "A tunnel cannot be opened here.");
    }
    let mut errand = match begin(visit, asked, request.method(), request.headers(), request.uri()).await {
        Ok(errand) => errand,
        Err(answer) => return *answer,
    };
    errand.enter();
    errand.answer(request).await
}

/// Who asks for what, and what the address alone says; or the answer, where there is one already. Nothing is recorded yet.
pub(crate) async fn begin(
    visit: &Arc<Visit>,
    asked: Asked,
    method: &Method,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Errand, Box<Response<Body>>> {
    let keeper = &visit.keeper;
    let Some(snapshot) = keeper.ports.snapshots.current() else {
        return Err(Box::new(no_policy(visit, gate::is_navigation(method, headers))));
    };
    let mut facts = visit.facts(asked.carriage, method, asked.address, headers);
    let decision = match visit.stand(&snapshot, &mut facts).await {
        Standing::Known(decision) | Standing::Open(decision) => decision,
        Standing::Shut(shut) => {
            let (portal, wanted) = (keeper.ports.portal.as_ref(), wanted(&facts, uri));
            return Err(Box::new(gate::answer(shut, portal, method, facts.navigation, &wanted)));
        }
    };
    if let Some(answer) = went_on(visit, &facts, uri) {
        return Err(Box::new(answer));
    }
    let reference = record::reference(keeper.ports.moment.as_ref());
    let pending = Pending::held(None, Arc::clone(&keeper.ports.records));
    Ok(Errand {
        visit: Arc::clone(visit),
        snapshot,
        facts,
        decision,
        reference,
        pending,
        line: asked.line,
        stalls: false,
    })
}

impl Errand {
    /// From here on the request counts: in the numbers, and in the record.
    pub(crate) fn enter(&mut self) {
        let keeper = &self.visit.keeper;
        let record = record::make(&self.reference, &self.visit.door, &self.facts, &self.decision);
        self.pending = Pending::new(record, Arc::clone(&keeper.ports.records));
        if self.pending.was_lost() {
            self.decision = self.visit.unrecorded(&self.snapshot, &self.facts);
        }
        if self.facts.who.asker().is_some() && self.decision.record {
            keeper.counts.decided.add();
            let carried = match self.facts.carriage {
                Carriage::Plain => &keeper.counts.plain,
                Carriage::Inspected => &keeper.counts.inspected,
                Carriage::Tunnel | Carriage::Name => &keeper.counts.unopened,
            };
            carried.add();
        }
    }

    /// Its record goes where records go, as it stands now.
    pub(crate) fn put(&mut self) {
        self.pending.put();
    }

    async fn answer(mut self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        if self.stops(&self.decision) {
            return self.refuse(&path);
        }
        let (head, body) = request.into_parts();
        let cut = Cut::default();
        let body = match self.outgoing(&head.headers, body::passed(body), &path, &cut).await {
            Ok(going) => going.body,
            Err(answer) => return answer,
        };
        let line = match self.line().await {
            Ok(line) => line,
            Err(error) => return self.give_up(error),
        };
        let method = head.method.clone();
        let (outgoing, upgrade) = match self.prepare(Request::from_parts(head, body), &path) {
            Ok(prepared) => prepared,
            Err(error) => return self.give_up(error),
        };
        let response = match line.send(outgoing).await {
            Ok(response) => response,
            Err(error) => return self.cut_or_trouble(error, &cut, &path),
        };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return self.switch(response, upgrade);
        }
        self.last_word(response, &method, &path).await
    }

    pub(crate) fn stops(&self, decision: &Decision) -> bool {
        stops(&self.visit, &self.facts, decision)
    }

    pub(crate) fn refuse(&mut self, path: &str) -> Response<Body> {
        self.pending.put();
        refusal(&self.visit, &self.snapshot, &self.facts, &self.decision, &self.reference, path)
    }

    async fn line(&self) -> Result<Arc<Line>, UpstreamError> {
        if let Some(line) = &self.line {
            return Ok(Arc::clone(line));
        }
        let keeper = &self.visit.keeper;
        let (host, port) = (self.facts.address.host(), self.facts.address.port());
        self.visit.lines.line(&keeper.upstream, host, port, keeper.config.limits.upstream_head).await
    }

    /// The request as it goes on, and the client's side of an upgrade if it asks for one.
    fn prepare(
        &self,
        mut request: Request<Body>,
        path: &str,
    ) -> Result<(Request<Body>, Option<hyper::upgrade::OnUpgrade>), UpstreamError> {
        let secure = self.facts.carriage == Carriage::Inspected;
        let websocket = headers::wants_websocket(request.headers()) && request.version() == Version::HTTP_11;
        let upgrade = websocket.then(|| hyper::upgrade::on(&mut request));
        let (mut parts, body) = request.into_parts();
        headers::strip_hop_by_hop(&mut parts.headers);
        let path = self.edit(&mut parts.headers, path);
        parts.headers.remove(header::HOST);
        // Whoever expects to be told to go on has been told by us.
        parts.headers.remove(header::EXPECT);
        if websocket {
            parts.headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            parts.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        let scheme = if secure { "https" } else { "http" };
        let authority = headers::authority(&self.facts.address, secure);
        parts.uri = Uri::builder()
            .scheme(scheme)
            .authority(authority)
            .path_and_query(path)
            .build()
            .map_err(|_| UpstreamError::Broken)?;
        parts.version = Version::default();
        Ok((Request::from_parts(parts, body), upgrade))
    }

    /// Changes the head of a request as the decision wants it; gives back the path and query as they go on.
    pub(crate) fn edit(&self, headers: &mut HeaderMap, path: &str) -> String {
        headers::ask_readable(headers);
        if self.facts.navigation && self.visit.keeper.engine.is_some() {
            // A file that comes in pieces would be judged in pieces: what a person opens is asked for whole.
            headers.remove(header::RANGE);
            headers.remove(header::IF_RANGE);
        }
        if self.facts.carriage == Carriage::Inspected {
            headers::limit_accounts(&self.visit.keeper.config.tenants, self.facts.address.host(), headers);
        }
        headers::apply(&self.decision.edits, headers, path)
    }

    /// A WebSocket goes on as a tunnel that is asked about again and again.
    fn switch(
        mut self,
        mut response: Response<Incoming>,
        upgrade: Option<hyper::upgrade::OnUpgrade>,
    ) -> Response<Body> {
        let Some(client) = upgrade else { return self.give_up(UpstreamError::Broken) };
        self.pending.put();
        let website = hyper::upgrade::on(&mut response);
        let (visit, facts) = (Arc::clone(&self.visit), self.facts.clone());
        self.visit.keeper.tasks.spawn(async move {
            if let (Ok(client), Ok(website)) = (client.await, website.await) {
                carry::carry(&visit, &facts, TokioIo::new(client), TokioIo::new(website)).await;
            }
        });
        let (mut parts, _) = response.into_parts();
        headers::strip_hop_by_hop(&mut parts.headers);
        parts.headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        parts.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        Response::from_parts(parts, body::empty())
    }

    /// Judges the answer, where its words are to be read, and passes it on or not.
    async fn last_word(mut self, response: Response<Incoming>, method: &Method, path: &str) -> Response<Body> {
        let (mut parts, body) = response.into_parts();
        headers::strip_hop_by_hop(&mut parts.headers);
        // Other ways to the same site, past the gateway, are not offered.
        parts.headers.remove(header::ALT_SVC);
        parts.version = Version::default();
        match self.judge_answer(parts.status, &parts.headers, body::passed(body), method, path).await {
            Judged::Instead(answer) => answer,
            Judged::On(going) => {
                self.pending.put();
                let idle = self.visit.keeper.config.limits.idle;
                Response::from_parts(parts, body::within(going.body, idle))
            }
        }
    }

    /// Reads what is to be read of an answer: its words, and files past the malware engine.
    pub(crate) async fn judge_answer(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        body: Body,
        method: &Method,
        path: &str,
    ) -> Judged {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let length = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.parse().ok());
        let bodyless = method == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let endless = content_type.is_some_and(|kind| kind.starts_with("text/event-stream"));
        let plan = if bodyless || endless || !self.decision.record {
            ScanPlan::Pass
        } else {
            decide::response(&self.snapshot, &self.facts, &self.decision, content_type, length)
        };
        let body = match plan {
            ScanPlan::Pass => body,
            ScanPlan::Words | ScanPlan::Json => match self.judged(body, headers, plan).await {
                Some(body) => body,
                None => return Judged::Instead(self.refuse(path)),
            },
        };
        if bodyless || endless {
            return Judged::On(Going::settled(body));
        }
        match self.checked(headers, body, Way::Fetched, &Cut::default()).await {
            Checked::On(going) => Judged::On(going),
            Checked::Stopped => Judged::Instead(self.refuse(path)),
            Checked::Broken => Judged::Instead(self.give_up(UpstreamError::Broken)),
        }
    }

    /// The body once its words were judged; none if they end it.
    async fn judged(&mut self, body: Body, headers: &HeaderMap, plan: ScanPlan) -> Option<Body> {
        let limits = &self.visit.keeper.config.limits;
        let wait = match plan {
            ScanPlan::Json => Wait { limit: limits.script_wait, enough: true, stalls: self.stalls },
            _ => Wait { limit: limits.scan_wait, enough: false, stalls: self.stalls },
        };
        let scanned = scan::read(body, headers, limits, wait).await;
        let judged = match scanned.found {
            Ok(text) => self.judge(text, plan).await,
            Err(_) => {
                self.visit.keeper.counts.scan_failed.add();
                Some(self.unreadable())
            }
        };
        if let Some(judged) = judged {
            self.amend(judged);
            if self.stops(&self.decision) {
                return None;
            }
        }
        Some(scanned.body.boxed_unsync())
    }

    /// What the words say. A long page takes its time, and is read away from the sockets' threads.
    async fn judge(&self, text: String, plan: ScanPlan) -> Option<Decision> {
        let read = move |text: String| if plan == ScanPlan::Json { json_text(&text) } else { text };
        if text.len() <= AT_ONCE_LIMIT_BYTES {
            return Some(decide::text(&self.snapshot, &self.facts, &self.decision, &read(text)));
        }
        let (snapshot, facts, decision) = (Arc::clone(&self.snapshot), self.facts.clone(), self.decision.clone());
        let judging = tokio::task::spawn_blocking(move || decide::text(&snapshot, &facts, &decision, &read(text)));
        match judging.await {
            Ok(judged) => Some(judged),
            Err(_) => {
                self.visit.keeper.counts.scan_failed.add();
                Some(self.unreadable())
            }
        }
    }

    /// What the pack says for words that could not be read (invariant 6).
    fn unreadable(&self) -> Decision {
        let mut decision = decide::scanner_down(&self.snapshot, &self.facts);
        decision.alert = None;
        "We could not check what is on this page, so we did not open it.".clone_into(&mut decision.reason);
        decision
    }

    /// Takes the decision about the words over the one about the address, where it says something new.
    pub(crate) fn amend(&mut self, judged: Decision) {
        let new_alert = judged.alert.is_some() && judged.alert != self.decision.alert;
        let stricter = judged.action != self.decision.action && judged.action != Action::Allow;
        if !new_alert && !stricter {
            return;
        }
        if self.decision.alert.is_some() {
            // The record of the request stands already; this is another one.
            self.reference = record::reference(self.visit.keeper.ports.moment.as_ref());
        }
        self.decision = judged;
        self.pending.replace(record::make(&self.reference, &self.visit.door, &self.facts, &self.decision));
        if self.pending.was_lost() && new_alert {
            self.decision = self.visit.unrecorded(&self.snapshot, &self.facts);
        }
    }

    /// A website that was not reached; or the file that was on its way there was cut off.
    fn cut_or_trouble(mut self, error: UpstreamError, cut: &Cut, path: &str) -> Response<Body> {
        let Some((decision, reference)) = cut.get() else { return self.give_up(error) };
        // Its own record stands already.
        self.pending.forget();
        refusal(&self.visit, &self.snapshot, &self.facts, decision, reference, path)
    }

    pub(crate) fn give_up(&mut self, error: UpstreamError) -> Response<Body> {
        if error == UpstreamError::Private {
            self.pending.put_refused(error.sentence());
        }
        self.pending.put();
        trouble(&self.visit, error, self.facts.navigation)
    }
}

/// Whether a decision ends here: blocked, or a warning that was not yet read.
pub(crate) fn stops(visit: &Visit, facts: &Facts, decision: &Decision) -> bool {
    match decision.action {
        Action::Block => true,
        Action::Warn => match &facts.who {
            Who::Person(person) => !visit.keeper.warnings.has_passed(&person.session, facts.address.host(), facts.at),
            Who::Device(_) | Who::Unknown => true,
        },
        Action::Allow | Action::Watch => false,
    }
}

/// The answer to a blocked or warned request.
pub(crate) fn refusal(
    visit: &Visit,
    snapshot: &Snapshot,
    facts: &Facts,
    decision: &Decision,
    reference: &str,
    path: &str,
) -> Response<Body> {
    let keeper = &visit.keeper;
    keeper.counts.blocked.add();
    let go_on = match (&facts.who, decision.action) {
        (Who::Person(person), Action::Warn) => {
            let token =
                keeper.warnings.offer(&person.session, facts.address.host(), facts.at, keeper.ports.moment.as_ref());
            warnings::with_token(path, &token)
        }
        _ => String::new(),
    };
    block::answer(&Blocked { snapshot, facts, decision, reference, go_on: &go_on }, keeper.ports.portal.as_ref())
}

/// If the request shows that its person read a warning: the same address again, without the token.
pub(crate) fn went_on(visit: &Visit, facts: &Facts, uri: &Uri) -> Option<Response<Body>> {
    let Who::Person(person) = &facts.who else { return None };
    let (token, clean) = warnings::split_token(uri.path_and_query()?.as_str())?;
    if !visit.keeper.warnings.take(&token, &person.session, facts.address.host(), facts.at) {
        return None;
    }
    let mut response = Response::new(body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_str(&warnings::on_this_site(&clean)).ok()?);
    body::ours(response.headers_mut());
    Some(response)
}

/// A website that was not reached, in plain words.
pub(crate) fn trouble(visit: &Visit, error: UpstreamError, navigation: bool) -> Response<Body> {
    let counts = &visit.keeper.counts;
    match error {
        UpstreamError::Private => counts.private_refused.add(),
        UpstreamError::Certificate => counts.upstream_certificate.add(),
        _ => counts.upstream_failed.add(),
    }
    if navigation {
        block::plain(error.status(), error.title(), &[error.sentence()], None)
    } else {
        body::short(error.status(), error.title())
    }
}

/// No policy has ever been in force here: nothing is opened (invariant 4).
pub(crate) fn no_policy(visit: &Visit, navigation: bool) -> Response<Body> {
    visit.keeper.counts.no_snapshot.add();
    let title = "Haven has no policy in force";
    if !navigation {
        return body::short(StatusCode::SERVICE_UNAVAILABLE, title);
    }
    let sentences =
        ["Without a policy Haven opens no sites.", "Please tell the person who looks after the computers here."];
    block::plain(StatusCode::SERVICE_UNAVAILABLE, title, &sentences, None)
}

/// The whole address that was asked for, to come back to after the gate.
pub(crate) fn wanted(facts: &Facts, uri: &Uri) -> String {
    let secure = facts.carriage == Carriage::Inspected;
    let scheme = if secure { "https" } else { "http" };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    format!("{scheme}://{}{path}", headers::authority(&facts.address, secure))
}
