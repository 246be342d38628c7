//! Invented values, one set for every page, so that each template is drawn in a test the way people will see it.

use jiff::Timestamp;
use policy::{Agreement, AgreementKind, AgreementSection, Clause, Consent, Gate, Grade, StepKind};

use actions::case::{
    AlertView, CardView, CaseView, ChronologyRow, DecisionRow, May, ReferralPreview, ReferralRow, SealedText,
    StepStatus, StepView, TimelineRow,
};
use actions::decision::{BlockedView, SiteRequestRow};
use actions::filter_event::{EventRow, EventView, TechnicalAlertRow};
use actions::keys::HolderRow;
use actions::practice::{Letter, TryView};
use actions::report::{DangerCard, MyReport, Receipt, ReportThread, ThreadMessage};
use actions::session::{PersonCard, PersonaCard, Session, Stage};
use actions::today::{Today, TodayRow};

/// Tuesday 24 November 2026, 2:20pm in London.
pub fn now() -> Timestamp {
    minutes_ago(0)
}

pub fn minutes_ago(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_795_530_000 - minutes * 60).unwrap_or_default()
}

pub fn in_minutes(minutes: i64) -> Timestamp {
    minutes_ago(-minutes)
}

fn s(text: &str) -> String {
    text.to_owned()
}

pub fn people() -> Vec<PersonaCard> {
    let card = |id: &str, name: &str, title: &str, port, blurb: &str| PersonaCard {
        id: s(id),
        name: s(name),
        title: s(title),
        listener_port: port,
        blurb: s(blurb),
    };
    vec![
        card("learner", "Amina Learner", "Adult learner, English and maths", Some(18081), "Sits at a classroom PC."),
        card("young", "Tom Learner", "Learner, 17", Some(18082), "Has the under-18 profile."),
        card("tutor", "Rosa Tutor", "Tutor", Some(18083), "Reports a concern between two lessons."),
        card("lead", "Dana Lead", "Safeguarding Lead", Some(18084), "Looks after cases about learners."),
        card("it", "Igor Network", "Head of IT", Some(18085), "Runs the filter. Cannot open cases."),
        card("principal", "Priya Head", "Principal", None, "Takes concerns about the safeguarding lead."),
    ]
}

pub fn session_of(token: &str) -> Option<Session> {
    let (name, population, posts, stage, holder) = match token {
        "lead" | "quiet" | "locked" => {
            ("Dana Lead", "staff", vec![s("designated-safeguarding-lead")], Stage::Open, true)
        }
        "it" => ("Igor Network", "staff", vec![s("head-of-it")], Stage::Open, false),
        "notice" => ("Amina Learner", "learner", vec![], Stage::Notice, false),
        "agreement" => ("Amina Learner", "learner", vec![], Stage::Agreement(s("learner")), false),
        "learner" => ("Amina Learner", "learner", vec![], Stage::Open, false),
        _ => return None,
    };
    Some(Session {
        id: s(token),
        person: PersonCard {
            id: s(token),
            name: s(name),
            username: s(token),
            population: s(population),
            group: s(population),
            site: s("main"),
        },
        posts,
        csrf: s("sample-form-token"),
        unlocked: token == "lead",
        holder,
        practice: true,
        door: None,
        stage,
    })
}

pub fn danger_card() -> DangerCard {
    DangerCard { whom_in_person: vec![s("Safeguarding Lead, Student Services, ground floor"), s("any tutor")] }
}

pub fn receipt(anonymous: bool) -> Receipt {
    Receipt {
        reference: s("7KQ2-M4XD"),
        code: anonymous.then(|| s("river-copper-lantern-5821")),
        next: s("A safeguarding lead reads this and decides what to do first."),
        by: in_minutes(60),
        by_text: s("by 3:20pm today"),
        danger: true,
        whom_in_person: s("the Safeguarding Lead, Student Services, ground floor"),
    }
}

pub fn messages() -> Vec<ThreadMessage> {
    vec![
        ThreadMessage {
            from_us: false,
            text: s(
                "I am worried about a friend in my class. She gets messages every evening from someone she has never met.",
            ),
            at: minutes_ago(1500),
        },
        ThreadMessage {
            from_us: true,
            text: s("Thank you for telling us. Do you know which app the messages come through?"),
            at: minutes_ago(1380),
        },
    ]
}

pub fn thread() -> ReportThread {
    ReportThread {
        reference: s("7KQ2-M4XD"),
        status: s("Someone is looking at this and has started to help."),
        messages: messages(),
    }
}

pub fn my_reports() -> Vec<MyReport> {
    vec![MyReport {
        reference: s("7KQ2-M4XD"),
        at: minutes_ago(1500),
        status: s("Someone is looking at this."),
        next: s("We write to you by Thursday 26 November."),
    }]
}

pub fn row(reference: &str) -> TodayRow {
    TodayRow {
        reference: s(reference),
        title: s("Prevent concern about a learner"),
        grade: Some(Grade::High),
        theme: Some(s("prevent")),
        state: s("unassessed"),
        what_waits: s("Decide whether this is a concern"),
        due: Some(in_minutes(40)),
        due_text: s("due today by 3pm"),
        late: false,
        opened: minutes_ago(25),
        hits: 3,
        acknowledged: false,
        person: Some(s("Amina Learner")),
        escalated: false,
    }
}

pub fn rows() -> Vec<TodayRow> {
    let late = TodayRow {
        title: s("Concern about a learner"),
        theme: None,
        grade: None,
        what_waits: s("Agree a support plan with the learner"),
        due_text: s("was due yesterday by 5:30pm"),
        due: Some(minutes_ago(1200)),
        late: true,
        state: s("open"),
        escalated: true,
        acknowledged: true,
        hits: 1,
        ..row("M2WP-81TA")
    };
    vec![
        late,
        row("7KQ2-M4XD"),
        TodayRow {
            state: s("closed"),
            what_waits: String::new(),
            due_text: String::new(),
            due: None,
            person: None,
            ..row("B9RC-55NE")
        },
    ]
}

pub fn today() -> Today {
    let mut rows = rows().into_iter();
    Today {
        late: rows.by_ref().take(1).collect(),
        due_today: vec![TodayRow {
            state: s("open"),
            what_waits: s("Ring the council's Prevent representative"),
            acknowledged: true,
            ..row("H3XD-90QB")
        }],
        unassessed: vec![row("7KQ2-M4XD")],
        handed_over: vec![TodayRow {
            what_waits: s("Handed to you by the Deputy Designated Safeguarding Lead. Say that you have it."),
            ..row("P6FY-27JL")
        }],
        other: vec![],
        last_alert: Some(minutes_ago(25)),
        technical: vec![],
        requests_waiting: 2,
    }
}

pub fn today_quiet() -> Today {
    Today {
        late: vec![],
        due_today: vec![],
        unassessed: vec![],
        handed_over: vec![],
        other: vec![],
        last_alert: Some(minutes_ago(2880)),
        technical: vec![],
        requests_waiting: 0,
    }
}

pub fn step(id: &str, title: &str, kind: StepKind, status: StepStatus) -> StepView {
    StepView {
        id: s(id),
        title: s(title),
        text: s(
            "Read the alert and the hour before it. Speak to the tutor if you need to. Write down what you looked at and what you think.",
        ),
        kind,
        owner: s("Designated Safeguarding Lead"),
        due: Some(in_minutes(40)),
        due_text: s("due today by 3pm"),
        late: false,
        status,
        gate: Gate::Open,
        gate_title: String::new(),
        options: vec![],
        clause: s("7.3"),
        done: None,
        waits_for: vec![],
    }
}

fn steps() -> Vec<StepView> {
    vec![
        StepView {
            done: Some(s(
                "Dana Lead, today at 1:58pm: a concern. \u{201c}Two searches and one page read to the end.\u{201d}",
            )),
            ..step("assess", "Decide whether this is a concern", StepKind::Assess, StepStatus::Done)
        },
        StepView {
            late: true,
            due_text: s("was due today by 2pm"),
            gate: Gate::Reason,
            gate_title: s("This step may be skipped if you write down why."),
            ..step("talk", "Talk with the learner about how they are", StepKind::Act, StepStatus::Ready)
        },
        StepView {
            options: vec![
                (s("met"), s("The threshold for a referral is met")),
                (s("not-met"), s("Not referred, because the threshold is not met")),
            ],
            waits_for: vec![s("Talk with the learner about how they are")],
            ..step("threshold", "Decide whether to refer", StepKind::Decide, StepStatus::Waiting)
        },
        StepView {
            gate: Gate::Legal,
            gate_title: s("A second post must agree: Principal."),
            ..step("refer", "Refer to the council's Prevent representative", StepKind::Refer, StepStatus::NeedsSecond)
        },
        step("close", "Close the case", StepKind::Close, StepStatus::Waiting),
    ]
}

pub fn alert() -> AlertView {
    let line = |minutes: i64, at: &str, host: &str, path: &str, search: &str, marked| TimelineRow {
        at: minutes_ago(minutes),
        at_text: s(at),
        host: s(host),
        path: s(path),
        search: s(search),
        action: if marked { s("block") } else { s("allow") },
        marked,
    };
    AlertView {
        seen: s("extremist example words"),
        kind: s("search"),
        host: s("search.test"),
        reason: s("Searched for words that the policy links with extremism."),
        how_identified: s("Signed in at the gate at 1:02pm on this computer, and used it until the alert."),
        at: minutes_ago(25),
        hits: 3,
        clause: s("7.1"),
        timeline: vec![
            line(48, "1:32pm", "library.test", "/catalogue", "", false),
            line(31, "1:49pm", "news.test", "/world", "", false),
            line(25, "1:55pm", "search.test", "/", "extremist example words", true),
        ],
        timeline_from: minutes_ago(85),
        timeline_to: in_minutes(35),
        complete: false,
    }
}

pub fn case_view() -> CaseView {
    CaseView {
        reference: s("7KQ2-M4XD"),
        title: s("Prevent concern about a learner"),
        state: s("open"),
        grade: Some(Grade::High),
        theme: Some(s("prevent")),
        opened: minutes_ago(25),
        owner: s("Designated Safeguarding Lead: Dana Lead"),
        due_text: s("next step was due today by 2pm"),
        pack_version: s("WAES version 2"),
        clause: s("7.3"),
        revision: 4,
        person: Some(s("Amina Learner, adult learner")),
        narrative: vec![SealedText {
            title: s("What was reported"),
            text: s("She told me in the break that she is being sent videos and does not know how to make it stop."),
            at: minutes_ago(25),
            by: s("Rosa Tutor"),
        }],
        cards: vec![CardView {
            title: s("question the learner about what they believe"),
            text: s("Ask how they are. Leave the rest to people who are trained for it."),
            clause: s("7.3"),
        }],
        steps: steps(),
        chronology: vec![
            ChronologyRow {
                at: minutes_ago(25),
                at_text: s("Today, 1:55pm"),
                who: s("Haven"),
                what: s("An alert opened this case"),
                clause: s("7.1"),
                detail: None,
            },
            ChronologyRow {
                at: minutes_ago(23),
                at_text: s("Today, 1:57pm"),
                who: s("Dana Lead"),
                what: s("Said that they have it"),
                clause: s("7.3"),
                detail: None,
            },
            ChronologyRow {
                at: minutes_ago(22),
                at_text: s("Today, 1:58pm"),
                who: s("Dana Lead"),
                what: s("Decided: this is a concern"),
                clause: s("7.3"),
                detail: Some(s("Two searches and one page read to the end.")),
            },
        ],
        people_who_can_see: vec![
            s("Designated Safeguarding Lead: Dana Lead"),
            s("Deputy Designated Safeguarding Lead"),
        ],
        excluded: vec![s("One holder of a post on this route is left out, because the case touches them.")],
        referrals: vec![ReferralRow {
            at: minutes_ago(10),
            title: s("Referral to the council"),
            agency: s("the council's Prevent representative"),
            state: s("sent"),
            reply_by_text: s("reply by Tuesday 1 December"),
        }],
        decisions: vec![DecisionRow {
            at: minutes_ago(22),
            question: s("Is this a concern?"),
            answer: s("Yes"),
            reasons: s("Two searches and one page read to the end."),
            by: s("Dana Lead"),
        }],
        alert: Some(alert()),
        may: May { acknowledge: false, assess: false, act: true, second: true, close: true, reply: true },
        thread: Some(messages()),
        emergency_recorded: false,
        acknowledged: Some((s("Dana Lead"), minutes_ago(23))),
    }
}

pub fn case_fresh() -> CaseView {
    let mut view = case_view();
    view.state = s("unassessed");
    view.acknowledged = None;
    view.may = May { acknowledge: true, assess: true, act: true, second: false, close: false, reply: false };
    view.steps = vec![
        step("assess", "Decide whether this is a concern", StepKind::Assess, StepStatus::Ready),
        StepView {
            waits_for: vec![s("Decide whether this is a concern")],
            ..step("talk", "Talk with the learner about how they are", StepKind::Act, StepStatus::Waiting)
        },
    ];
    view.thread = None;
    view.referrals.clear();
    view.decisions.clear();
    view.narrative.clear();
    view.due_text = s("due today by 3pm");
    view
}

pub fn referral_preview() -> ReferralPreview {
    ReferralPreview {
        referral_title: s("Referral to the council's Prevent representative"),
        agency: s("the council's Prevent representative"),
        clause: s("7.3"),
        leaves: vec![
            (s("Name"), s("Amina Learner")),
            (s("The concern"), s("Searched three times for words that the policy links with extremism.")),
            (s("Sent by"), s("Designated Safeguarding Lead")),
        ],
        stays: vec![s("Date of birth"), s("What was browsed in the hour before"), s("Notes of the case team")],
        consent: Consent::AgreedOrOverride,
        reply_by_text: s("Tuesday 1 December"),
        contact_known: false,
        revision: 4,
    }
}

pub fn events() -> Vec<EventRow> {
    let event = |reference: &str, host: &str, action: &str, code: &str, person: Option<&str>, alert| EventRow {
        reference: s(reference),
        at: minutes_ago(25),
        at_text: s("Today, 1:55pm"),
        person: person.map(s),
        device: s("10.0.4.17"),
        host: s(host),
        action: s(action),
        codes: vec![s(code)],
        reason: s("Gambling sites can take money from people who cannot spare it."),
        clause: s("7.1"),
        alert,
    };
    vec![
        event("q8f2k1m9x0c4v7b3", "casino-royal.test", "block", "gambling", None, false),
        event("a7d3e5r1t9y2u6i8", "search.test", "watch", "extremism", None, true),
        event("z4x6c8v1b3n5m7l9", "library.test", "allow", "education", Some("Amina Learner"), false),
    ]
}

pub fn event() -> EventView {
    EventView {
        row: events().remove(0),
        rule: s("category:gambling"),
        list: s("gambling casino-royal.test"),
        path: s("/tables"),
        how_identified: s("Signed in at the gate at 1:02pm on this computer."),
        pack_digest: s("5f1c0f6be7e5ad1f2b5f4a3e4b0fd2a9c0d4"),
        lists_digest: s("99aa10de40c5be1137f0e0a1c2d3e4f50617"),
        also: vec![s("default")],
    }
}

pub fn technical() -> Vec<TechnicalAlertRow> {
    let alert = |id: &str, acknowledged| TechnicalAlertRow {
        id: s(id),
        at: minutes_ago(25),
        at_text: s("Today, 1:55pm"),
        theme: s("prevent"),
        grade: Grade::High,
        device: s("10.0.4.17"),
        host: s("search.test"),
        acknowledged,
        event_reference: s("a7d3e5r1t9y2u6i8"),
    };
    vec![alert("t1", None), alert("t2", Some((s("Igor Network"), minutes_ago(5))))]
}

pub fn blocked() -> BlockedView {
    BlockedView {
        reference: s("q8f2k1m9x0c4v7b3"),
        host: s("casino-royal.test"),
        title: s("gambling"),
        reason: s("Gambling sites can take money from people who cannot spare it."),
        clause: s("7.1"),
        clause_text: s(
            "The networks are kept safe: sites about gambling, and other sites that can harm people, are not opened here.",
        ),
        at_text: s("Today, 1:55pm"),
    }
}

pub fn requests() -> Vec<SiteRequestRow> {
    let request = |id: &str, host: &str, state: &str, decided: Option<&str>| SiteRequestRow {
        id: s(id),
        at_text: s("Today, 1:57pm"),
        host: s(host),
        asked_by_population: s("Staff"),
        why: s("We compare how odds are shown, for a maths lesson on Thursday."),
        state: s(state),
        decided: decided.map(s),
    };
    vec![
        request("r1", "casino-royal.test", "waiting", None),
        request("r2", "maps.test", "opened", Some("Opened by the Head of IT until Friday 18 December: used in class.")),
    ]
}

pub fn letters() -> Vec<Letter> {
    vec![Letter {
        id: s("l1"),
        at_text: s("Today, 1:55pm"),
        to: s("Designated Safeguarding Lead (Dana Lead)"),
        subject: s("Something waits for you in Haven"),
        body: s(
            "Please sign in to Haven and open Today.\nIt is due by 3pm.\n\nThis letter says nothing more, so that nobody else can read it.",
        ),
    }]
}

pub fn tried() -> TryView {
    TryView {
        action: s("block"),
        reason: s("Gambling sites can take money from people who cannot spare it."),
        citation: s("WAES 7.1"),
        rule: s("category:gambling"),
        list: s("gambling casino-royal.test"),
        codes: vec![s("gambling")],
        also_matched: vec![s("default")],
        alert: None,
        inspect: true,
        record: true,
        pack_digest: s("5f1c0f6be7e5ad1f"),
        lists_digest: s("99aa10de40c5be11"),
    }
}

pub fn holders() -> Vec<HolderRow> {
    vec![
        HolderRow {
            id: s("lead"),
            person: s("Dana Lead"),
            posts: s("Designated Safeguarding Lead"),
            live: true,
            since_text: s("since Monday 7 September"),
        },
        HolderRow {
            id: s("deputy"),
            person: s("Sam Deputy"),
            posts: s("Deputy Designated Safeguarding Lead"),
            live: false,
            since_text: s("password reset today at 9:10am; not yet let back in"),
        },
    ]
}

pub fn agreement() -> Agreement {
    let section = |title: &str, text: &str| AgreementSection { title: s(title), text: s(text) };
    Agreement {
        id: s("learner"),
        kind: AgreementKind::AcceptableUse,
        version: s("1"),
        title: s("Using the internet here"),
        sections: vec![
            section(
                "What you can do",
                "- Use the internet to learn.\n- Ask for a site that you need.\n- Tell us when something worries you.",
            ),
            section("What we ask of you", "- Keep your password to yourself.\n- Be kind to other people online."),
            section(
                "If something goes wrong",
                "Opened something by accident? That is **not your fault**. Tell your tutor.",
            ),
        ],
        clause: s("7.3"),
        digest: s("abc123"),
    }
}

pub fn notice() -> Agreement {
    Agreement {
        id: s("monitoring-notice"),
        kind: AgreementKind::Notice,
        version: s("1"),
        title: s("How we look after the internet here"),
        sections: vec![AgreementSection {
            title: s("What you should know"),
            text: s(
                "We write down which sites are opened here, and words that are searched for.\n\nWe do it to keep people safe.\n\nA few trained people can see it, and only when there is a reason.\n\nHelp sites are never written down.",
            ),
        }],
        clause: s("7.1"),
        digest: s("def456"),
    }
}

pub fn clauses() -> Vec<Clause> {
    let clause = |id: &str, title: &str, text: &str| Clause { id: s(id), title: s(title), text: s(text) };
    vec![
        clause(
            "7.1",
            "IT security",
            "The networks are kept safe:\n\n- harmful sites are not opened\n- what is seen is looked at by a person",
        ),
        clause("7.3", "Concerns", "Every concern is heard, written down and answered."),
        clause("10", "Review", "The policy is read again every year."),
    ]
}
