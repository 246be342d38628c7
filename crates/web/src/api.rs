//! The actions and the values that pages use, named in one place.

pub(crate) use actions::case::{
    AlertView, AssessChoice, Assessment, CaseQuery, CaseView, Close, Emergency, ReferralPreview, SecondStep,
    SendReferral, SkipStep, StepStatus, StepView, TakeStep,
};
pub(crate) use actions::decision::{BlockedView, DecideRequest, SiteRequestRow};
pub(crate) use actions::filter_event::{EventQuery, EventRow, EventView, TechnicalAlertRow};
pub(crate) use actions::keys::HolderRow;
pub(crate) use actions::practice::{Letter, TryView};
pub(crate) use actions::report::{DangerCard, How, MyReport, Receipt, ReportForm, ReportThread};
pub(crate) use actions::session::{Door, PersonaCard, Session, Stage};
pub(crate) use actions::today::{Today, TodayRow};
pub(crate) use actions::{ActionError, Fault, Haven, Mode};
