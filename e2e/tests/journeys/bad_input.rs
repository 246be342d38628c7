//! Bad input: each gets a clear answer, and nothing is changed or lost by it.

use e2e::{House, Visitor, on_both, plain};

use crate::people::{self, Told};

on_both!(f15_bad_input, f15_bad_input_sqlite, f15_bad_input_postgres);

async fn f15_bad_input(house: &mut House) {
    twice(house).await;
    forged(house).await;
    somebody_elses(house).await;
    nonsense(house).await;
}

/// The same form posted twice is one report.
async fn twice(house: &House) {
    let mut anyone = Visitor::straight(house.port);
    let key = anyone.get("/report").await.hidden("idempotency");
    let fields = [
        ("what", "A stranger waits at the gate every evening."),
        ("about_kind", "visitor"),
        ("about_name", ""),
        ("safe_now", "yes"),
        ("how", "confidential"),
        ("contact", "room 3"),
        ("idempotency", &key),
        ("stage", "send"),
    ];
    let first = anyone.post("/report", &fields).await;
    let second = anyone.post("/report", &fields).await;
    assert_eq!((first.status, second.status), (200, 200), "{}", second.body);
    let reference = |answer: &plain::Answer| answer.between("Your reference is <strong class=\"hv-mono\">", "<");
    assert_eq!(reference(&first), reference(&second));
    let all = people::cases(house, "sunil").await;
    assert_eq!(all, [reference(&first)]);
    let mut sunil = Visitor::straight(house.port).signed_in("sunil").await;
    let found = sunil.get(&format!("/cases?text={}", all[0].to_lowercase())).await;
    assert_eq!(people::references(&found.body), all, "its reference finds it");
    let found = sunil.get("/cases?text=ZZZZ").await;
    assert!(people::references(&found.body).is_empty(), "and no other does");
}

/// A form without this session's own token, or from another site, changes nothing.
async fn forged(house: &House) {
    let mut sunil = Visitor::straight(house.port).signed_in("sunil").await;
    let mut dana = Visitor::straight(house.port).signed_in("dana").await;
    let reference = people::first_case(house, "sunil").await;
    let path = format!("/case/{reference}/acknowledge");
    let hers = dana.get("/my").await.hidden("csrf");
    for token in ["", "abc", &hers] {
        let answer = sunil.post(&path, &[("csrf", token)]).await;
        assert_eq!(answer.status, 403, "token '{token}'");
    }
    let token = sunil.get("/my").await.hidden("csrf");
    let body = plain::form(&[("csrf", &token)]);
    for origin in ["Origin: http://evil.test\r\n", "Sec-Fetch-Site: cross-site\r\n", "Origin: null\r\n"] {
        let headers = format!("Content-Type: application/x-www-form-urlencoded\r\n{origin}");
        assert_eq!(sunil.ask("POST", &path, &headers, &body).await.unwrap().status, 403, "{origin}");
    }
    let case = sunil.get(&format!("/case/{reference}")).await;
    assert!(case.body.contains("I have this case"), "nobody has taken it on");
    assert_eq!(sunil.post(&path, &[("csrf", &token)]).await.status, 303, "the true form is taken");
}

/// Another person's case is the same page as no case at all, to a learner and to nobody.
async fn somebody_elses(house: &House) {
    let reference = people::first_case(house, "sunil").await;
    let mut lena = Visitor::straight(house.port).signed_in("lena").await;
    for visitor in [&mut lena, &mut Visitor::straight(house.port)] {
        let real = visitor.get(&format!("/case/{reference}")).await;
        let absent = visitor.get("/case/QQQQ-QQQQ").await;
        assert_eq!(
            (real.status, real.body.replace(&reference, "")),
            (absent.status, absent.body.replace("QQQQ-QQQQ", ""))
        );
        assert_ne!(real.status, 200);
    }
    let token = lena.get("/my").await.hidden("csrf");
    let real = lena.post(&format!("/case/{reference}/note"), &[("csrf", &token), ("text", "hello")]).await;
    let absent = lena.post("/case/QQQQ-QQQQ/note", &[("csrf", &token), ("text", "hello")]).await;
    assert_eq!((real.status, real.body), (404, absent.body));
}

/// Bytes that are no request, and requests for what nobody may have.
async fn nonsense(house: &House) {
    let (pages, seat) = (house.port, house.seat("lena"));
    for port in [pages, seat] {
        for bytes in [&b"\x16\x03\x01\x00\x05hello\r\n\r\n"[..], b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"] {
            let answer = plain::send(port, bytes).await.expect("an answer, not silence");
            assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(bytes));
        }
        let huge =
            format!("GET http://library.test/ HTTP/1.1\r\nHost: library.test\r\nX: {}\r\n\r\n", "a".repeat(1 << 20));
        let answer = plain::send(port, huge.as_bytes()).await.expect("an answer, not silence");
        assert_eq!(answer.status, 431, "1 MB of headers");
    }
    tunnels(house).await;
    let big = "x".repeat(70_000);
    let mut anyone = Visitor::straight(pages);
    let told = Told { what: &big, about: "learner", name: "", how: "anonymous" };
    assert_eq!(people::report(&mut anyone, &told).await.status, 413);
    assert_eq!(anyone.get("/help").await.status, 200, "and it serves on");
}

/// A tunnel to nonsense, to this machine, or to Haven's own ports is refused, for one who may browse.
async fn tunnels(house: &House) {
    let (pages, seat) = (house.port, house.seat("lena"));
    let _lena = Visitor::at_seat(seat).await.unwrap().through_the_gate("lena").await;
    for target in [
        format!("127.0.0.1:{pages}"),
        format!("localhost:{pages}"),
        format!("[::1]:{pages}"),
        "127.0.0.1:22".to_owned(),
        "169.254.169.254:80".to_owned(),
        "10.0.0.1:443".to_owned(),
        "::::".to_owned(),
        "library.test:0".to_owned(),
        "library.test:99999".to_owned(),
        String::new(),
    ] {
        let ask = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        let answer = plain::send(seat, ask.as_bytes()).await;
        assert!(answer.as_ref().is_ok_and(|answer| answer.status >= 400), "CONNECT {target} gave {answer:?}");
    }
}
