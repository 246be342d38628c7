//! The actions and the values that pages use, named in one place.

pub(crate) use actions::blocked::{BlockedView, Told};
pub(crate) use actions::case::{AlertView, CaseView, StepView};
pub(crate) use actions::checks::{Checks, Outcome as Found, Report};
pub(crate) use actions::decide::{AssessChoice, Assessment, Close};
pub(crate) use actions::filter_event::{AskName, EventQuery, EventRow, EventView, TechnicalAlertRow};
pub(crate) use actions::health::{Health, Light};
pub(crate) use actions::keys::HolderRow;
pub(crate) use actions::lesson::{LessonQuery, LessonRow, LessonView, Mine, NewLesson};
pub(crate) use actions::local_rules::{Made, NewRule, RuleQuery, RuleRow, RuleState, Unsettled};
pub(crate) use actions::person_events::{AskPerson, PersonEvents};
pub(crate) use actions::practice::LetterRow;
pub(crate) use actions::referral::{ReferralPreview, SendReferral};
pub(crate) use actions::report::{How, MyReport, Receipt, ReportForm};
pub(crate) use actions::requests::{DecideRequest, Measures, SiteRequestRow};
pub(crate) use actions::step::{Emergency, SecondStep, SkipStep, TakeStep};
pub(crate) use actions::thread::ReportThread;
pub(crate) use actions::today::{CaseQuery, Today, TodayRow};
pub(crate) use actions::what_if::{Effect, Question, Told as ToldWhatIf};
pub(crate) use actions::{ActionError, Door, Fault, Haven, Mode, Session, Stage};
pub(crate) use casework::{CaseState, StepStatus};
