//! Invented values, one set for every page, so that each template is drawn in a test the way people will see it.

use jiff::Timestamp;
use policy::{Agreement, AgreementKind, AgreementSection, Clause, Consent, Gate, StepKind};

use actions::blocked::{BlockedView, Told};
use actions::case::{
    AlertView, CardView, CaseView, ChronologyRow, DecisionRow, May, ReferralRow, SealedText, StepView, TimelineRow,
};
use actions::filter_event::{EventRow, EventView, TechnicalAlertRow};
use actions::keys::HolderRow;
use actions::practice::LetterRow;
use actions::referral::ReferralPreview;
use actions::report::{MyReport, Receipt};
use actions::requests::SiteRequestRow;
use actions::thread::{ReportThread, ThreadMessage};
use actions::today::{Today, TodayRow};
use casework::{CaseState, StepStatus};

use crate::app::Tried;
use crate::practice::Persona;

pub(crate) const LEAD: &str = "Dana Lead";
pub(crate) const HEAD_OF_IT: &str = "Igor Network";
pub(crate) const LEARNER: &str = "Amina Learner";

/// Tuesday 24 November 2026, 2:20pm in London.
pub(crate) fn now() -> Timestamp {
    minutes_ago(0)
}

pub(crate) fn minutes_ago(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_795_530_000 - minutes * 60).unwrap_or_default()
}

pub(crate) fn in_minutes(minutes: i64) -> Timestamp {
    minutes_ago(-minutes)
}

fn s(text: &str) -> String {
    text.to_owned()
}

pub(crate) fn people() -> Vec<Persona> {
    let card = |username: &str, name: &str, what: &str, port, blurb: &str| Persona {
        username: s(username),
        name: s(name),
        what: s(what),
        port,
        blurb: s(blurb),
    };
    vec![
        card("amina", LEARNER, "Learners", Some(18081), "Sits at a classroom PC."),
        card("tom", "Tom Learner", "Learners under 18", Some(18082), "Has the under-18 profile."),
        card("rosa", "Rosa Tutor", "Tutor", Some(18083), "Reports a concern between two lessons."),
        card("dana", LEAD, "Safeguarding Lead", Some(18084), "Looks after cases about learners."),
        card("igor", HEAD_OF_IT, "Head of IT", Some(18085), "Runs the filter. Cannot open cases."),
        card("priya", "Priya Head", "Principal", None, "Takes concerns about the safeguarding lead."),
    ]
}

pub(crate) fn whom() -> Vec<String> {
    vec![s("the Safeguarding Lead"), s("any tutor")]
}

pub(crate) fn told() -> Told {
    Told {
        reference: s("7KQ2-M4XD"),
        next: s("The Head of IT decides by Thursday 26 November. You see the answer on your page."),
    }
}

pub(crate) fn receipt(anonymous: bool) -> Receipt {
    Receipt {
        reference: s("7KQ2-M4XD"),
        code: anonymous.then(|| s("river-copper-lantern-5821")),
        anonymous,
        next: s("A safeguarding lead reads this and decides what to do first."),
        by: in_minutes(60),
        by_text: s("today by 3:20pm"),
        danger: true,
        whom_in_person: s("the Safeguarding Lead, Student Services, ground floor"),
    }
}

pub(crate) fn messages() -> Vec<ThreadMessage> {
    vec![
        ThreadMessage {
            from_us: false,
            text: s(
                "I am worried about a friend in my class. She gets messages every evening from someone she has never met.",
            ),
            at_text: s("today, 1:55pm"),
        },
        ThreadMessage {
            from_us: true,
            text: s("Thank you for telling us. Do you know which app the messages come through?"),
            at_text: s("today, 1:55pm"),
        },
    ]
}

pub(crate) fn thread() -> ReportThread {
    ReportThread {
        reference: s("7KQ2-M4XD"),
        status: s("Someone is looking at this and has started to help."),
        messages: messages(),
    }
}

pub(crate) fn my_reports() -> Vec<MyReport> {
    vec![MyReport { reference: s("7KQ2-M4XD"), at_text: s("today, 1:55pm"), status: s("Someone is looking at this.") }]
}

pub(crate) fn row(reference: &str) -> TodayRow {
    TodayRow {
        reference: s(reference),
        title: s("Prevent concern about a learner"),
        grade: Some(s("high")),
        theme: Some(s("prevent")),
        state: CaseState::Unassessed,
        what_waits: s("Decide whether this is a concern"),
        due_text: s("today by 3:00pm"),
        late: false,
        due_today: true,
        opened_text: s("today, 1:55pm"),
        hits: 3,
        acknowledged: false,
        person: Some(s("Amina Learner")),
        escalated: false,
    }
}

pub(crate) fn rows() -> Vec<TodayRow> {
    let late = TodayRow {
        title: s("Concern about a learner"),
        theme: None,
        grade: None,
        what_waits: s("Agree a support plan with the learner"),
        due_text: s("21 hours late"),
        late: true,
        state: CaseState::Open,
        escalated: true,
        acknowledged: true,
        hits: 1,
        ..row("M2WP-81TA")
    };
    vec![
        late,
        row("7KQ2-M4XD"),
        TodayRow {
            state: CaseState::Closed,
            what_waits: String::new(),
            due_text: String::new(),
            person: None,
            ..row("B9RC-55NE")
        },
    ]
}

pub(crate) fn today() -> Today {
    let mut rows = rows().into_iter();
    Today {
        late: rows.by_ref().take(1).collect(),
        due_today: vec![TodayRow {
            state: CaseState::Open,
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
        more: 0,
        last_alert_text: Some(s("today, 1:55pm")),
        technical: vec![],
        requests_waiting: 2,
        own_mail_away: None,
        mail_away: None,
        filter_wrong: vec![],
        locked: false,
    }
}

pub(crate) fn today_quiet() -> Today {
    Today {
        late: vec![],
        due_today: vec![],
        unassessed: vec![],
        handed_over: vec![],
        other: vec![],
        more: 0,
        last_alert_text: Some(s("Sunday 22 November, 2:20pm")),
        technical: vec![],
        requests_waiting: 0,
        own_mail_away: None,
        mail_away: None,
        filter_wrong: vec![],
        locked: false,
    }
}

pub(crate) fn step(id: &str, title: &str, kind: StepKind, status: StepStatus) -> StepView {
    StepView {
        id: s(id),
        title: s(title),
        text: s(
            "Read the alert and the hour before it. Speak to the tutor if you need to. Write down what you looked at and what you think.",
        ),
        kind,
        owner: s("Designated Safeguarding Lead"),
        due_text: s("today by 3:00pm"),
        late: false,
        status,
        gate: Gate::Open,
        written: None,
        second_post: String::new(),
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
            due_text: s("20 minutes late"),
            gate: Gate::Reason,
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
            written: None,
            second_post: s("Principal"),
            ..step("refer", "Refer to the council's Prevent representative", StepKind::Refer, StepStatus::NeedsSecond)
        },
        step("close", "Close the case", StepKind::Close, StepStatus::Waiting),
    ]
}

pub(crate) fn alert() -> AlertView {
    let line = |at: &str, host: &str, path: &str, search: &str, marked| TimelineRow {
        at_text: s(at),
        host: s(host),
        path: s(path),
        search: s(search),
        action: if marked { s("block") } else { s("allow") },
        marked,
        times: 1,
    };
    AlertView {
        seen: s("extremist example words"),
        kind: s("search"),
        host: s("search.test"),
        reason: s("Searched for words that the policy links with extremism."),
        how_identified: s("Signed in at the gate at 1:02pm on this computer, and used it until the alert."),
        at_text: s("today, 1:55pm"),
        hits: 3,
        citation: s("WAES 7.1"),
        timeline: vec![
            line("1:32pm", "library.test", "/catalogue", "", false),
            line("1:49pm", "news.test", "/world", "", false),
            line("1:55pm", "search.test", "/", "extremist example words", true),
        ],
        complete: false,
    }
}

pub(crate) fn case_view() -> CaseView {
    CaseView {
        reference: s("7KQ2-M4XD"),
        title: s("Prevent concern about a learner"),
        state: CaseState::Open,
        grade: Some(s("high")),
        theme: Some(s("prevent")),
        opened_text: s("today, 1:55pm"),
        owner: s("Designated Safeguarding Lead: Dana Lead"),
        due_text: s("20 minutes late"),
        late: true,
        pack_version: s("WAES version 2"),
        citation: s("WAES 7.3"),
        clause: s("7.3"),
        revision: 4,
        keys_open: true,
        person: Some(s("Amina Learner, adult learner")),
        narrative: vec![SealedText {
            title: s("What was reported"),
            text: s("She told me in the break that she is being sent videos and does not know how to make it stop."),
            at_text: s("today, 1:55pm"),
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
                at_text: s("Today, 1:55pm"),
                who: s("Haven"),
                what: s("An alert opened this case"),
                clause: s("7.1"),
                detail: None,
            },
            ChronologyRow {
                at_text: s("Today, 1:57pm"),
                who: s("Dana Lead"),
                what: s("Said that they have it"),
                clause: s("7.3"),
                detail: None,
            },
            ChronologyRow {
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
        left_out: 1,
        referrals: vec![ReferralRow {
            agency: s("the council's Prevent representative"),
            sent_text: s("today, 2:10pm"),
            by: s("Dana Lead"),
            agreement: s("agreed"),
            reply_by_text: s("by Tuesday 1 December, 5:30pm"),
            text: s("Name: Amina Learner"),
        }],
        decisions: vec![DecisionRow {
            at_text: s("today, 1:55pm"),
            question: s("Is this a concern?"),
            answer: s("Yes"),
            reasons: s("Two searches and one page read to the end."),
            by: s("Dana Lead"),
        }],
        alert: Some(alert()),
        may: May { acknowledge: false, assess: false, act: true, second: true, close: true, reply: true, let_in: true },
        thread: Some(messages()),
        emergency_text: None,
        acknowledged: Some(s("Dana Lead, today, 1:57pm")),
        escalated: false,
        outcome: None,
        outcomes: vec![(s("education"), s("Education and support")), (s("no-action"), s("No further action"))],
    }
}

pub(crate) fn case_fresh() -> CaseView {
    let mut view = case_view();
    view.state = CaseState::Unassessed;
    view.acknowledged = None;
    view.may =
        May { acknowledge: true, assess: true, act: true, second: false, close: false, reply: false, let_in: false };
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
    view.due_text = s("today by 3:00pm");
    view.late = false;
    view
}

pub(crate) fn referral_preview() -> ReferralPreview {
    ReferralPreview {
        reference: s("7KQ2-M4XD"),
        step: s("refer"),
        title: s("Referral to the council's Prevent representative"),
        agency: s("the council's Prevent representative"),
        contact: String::new(),
        citation: s("WAES 7.3"),
        clause: s("7.3"),
        leaves: vec![
            (s("Name"), s("Amina Learner")),
            (s("The concern"), s("Searched three times for words that the policy links with extremism.")),
            (s("Sent by"), s("Designated Safeguarding Lead")),
        ],
        stays: vec![s("Date of birth"), s("What was browsed in the hour before"), s("Notes of the case team")],
        consent: Consent::AgreedOrOverride,
        reply_by_text: s("by Tuesday 1 December, 5:30pm"),
        revision: 4,
    }
}

pub(crate) fn events() -> Vec<EventRow> {
    let event = |reference: &str, host: &str, action: &str, code: &str, alert| EventRow {
        reference: s(reference),
        at_text: s("Today, 1:55pm"),
        device: s("10.0.4.17"),
        registered: String::new(),
        host: s(host),
        action: s(action),
        codes: s(code),
        reason: s("Gambling sites can take money from people who cannot spare it."),
        citation: s("WAES 7.1"),
        alert,
    };
    vec![
        event("q8f2k1m9x0c4v7b3", "casino-royal.test", "block", "gambling", false),
        event("a7d3e5r1t9y2u6i8", "search.test", "watch", "extremism", true),
        event("z4x6c8v1b3n5m7l9", "library.test", "allow", "education", false),
    ]
}

pub(crate) fn event() -> EventView {
    EventView {
        row: events().remove(0),
        has_person: true,
        person: None,
        rule: s("category:gambling"),
        list: s("gambling casino-royal.test"),
        path: s("/tables"),
        how: String::new(),
        method: s("GET"),
        search: String::new(),
        pack_digest: s("5f1c0f6be7e5ad1f2b5f4a3e4b0fd2a9c0d4"),
        lists_digest: s("99aa10de40c5be1137f0e0a1c2d3e4f50617"),
    }
}

pub(crate) fn technical() -> Vec<TechnicalAlertRow> {
    let alert = |id: &str, acknowledged| TechnicalAlertRow {
        id: s(id),
        at_text: s("Today, 1:55pm"),
        theme: s("prevent"),
        grade: s("high"),
        device: s("10.0.4.17"),
        host: s("search.test"),
        acknowledged,
        nobody: false,
        event_reference: s("a7d3e5r1t9y2u6i8"),
    };
    vec![alert("t1", None), alert("t2", Some(s("Igor Network, today, 2:15pm")))]
}

pub(crate) fn blocked() -> BlockedView {
    BlockedView {
        reference: s("q8f2k1m9x0c4v7b3"),
        host: s("casino-royal.test"),
        by_search: false,
        in_lesson: false,
        codes: s("gambling"),
        citation: s("WAES 7.1"),
        reason: s("Gambling sites can take money from people who cannot spare it."),
        clause: s("7.1"),
        clause_text: s(
            "The networks are kept safe: sites about gambling, and other sites that can harm people, are not opened here.",
        ),
        at_text: s("Today, 1:55pm"),
    }
}

pub(crate) fn requests() -> Vec<SiteRequestRow> {
    let request = |id: &str, host: &str, state, decided: Option<&str>| SiteRequestRow {
        id: s(id),
        at_text: s("Today, 1:57pm"),
        host: s(host),
        population: s("staff"),
        why: s("We compare how odds are shown, for a maths lesson on Thursday."),
        state,
        decided: decided.map(s),
        got_through: false,
    };
    vec![
        request("r1", "casino-royal.test", "asked", None),
        request("r2", "maps.test", "allowed", Some("Used in class. Open by Friday 18 December, 5:30pm.")),
    ]
}

pub(crate) fn letters() -> Vec<LetterRow> {
    vec![LetterRow {
        state: "sent",
        id: s("l1"),
        at_text: s("Today, 1:55pm"),
        to: s("Designated Safeguarding Lead (Dana Lead)"),
        subject: s("Something waits for you in Haven"),
        body: s(
            "Please sign in to Haven and open Today.\nIt is due by 3pm.\n\nThis letter says nothing more, so that nobody else can read it.",
        ),
    }]
}

pub(crate) fn tried() -> Tried {
    Tried {
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
    }
}

pub(crate) fn holders() -> Vec<HolderRow> {
    let dana = HolderRow {
        person: s("lead"),
        name: s("Dana Lead"),
        posts: s("Designated Safeguarding Lead"),
        live: true,
        since_text: s("Monday 7 September, 9:02am"),
        cases_without_key: 0,
        waits_in: String::new(),
        given_text: String::new(),
        has_key: true,
        may_admit: false,
    };
    let sam = HolderRow {
        person: s("deputy"),
        name: s("Sam Deputy"),
        posts: s("Deputy Designated Safeguarding Lead"),
        since_text: s("today, 9:10am"),
        cases_without_key: 4,
        may_admit: true,
        ..dana.clone()
    };
    let nina = HolderRow {
        person: s("new"),
        name: s("Nina Newcomer"),
        posts: s("Safeguarding Lead"),
        live: false,
        cases_without_key: 0,
        waits_in: s("Safeguarding Lead"),
        given_text: s("Ivo Wires, today, 9:30am"),
        ..sam.clone()
    };
    vec![dana, sam, nina]
}

pub(crate) fn agreement() -> Agreement {
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

pub(crate) fn notice() -> Agreement {
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

pub(crate) fn clauses() -> Vec<Clause> {
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
