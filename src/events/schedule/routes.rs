//! Schedules over HTTP: planned, read, printed, and as a calendar.

use std::time::Duration;

use actix_web::http::header::{self, ContentType};
use actix_web::{HttpResponse, get, post, web};
use chrono::Utc;
use deserr::Deserr;
use diesel_async::AsyncConnection;
use utoipa::IntoParams;
use uuid::Uuid;

use super::calendar::calendar;
use super::paper;
use super::sheet::{POINT, Sheet};
use super::store::{self, MeetingRow, ScheduleRow};
use super::view::{Schedule, planned};
use crate::audit::{self, Action, Origin};
use crate::background;
use crate::database::{Connection, lock};
use crate::events::inputs::Planning;
use crate::events::participants::routes::{own, taking_part};
use crate::events::participants::store::{self as participants, Participant};
use crate::events::planning::{Plan, between, replan};
use crate::events::routes::{event as noted, found};
use crate::events::store::{self as events, EventRow};
use crate::http::{Body, Parameters};
use crate::identity::Caller;
use crate::matching::{Change, Document, documents};
use crate::problem::{Answer, Faults, FieldFault, Kind as ProblemKind, Problem, not_allowed};
use crate::registry::Kind;
use crate::state::State;

/// Plannings of one request: what changes all the time cannot be planned.
const TRIES: u32 = 3;

/// How it is written.
#[derive(Clone, Copy, Default)]
enum Format {
    #[default]
    Json,
    Csv,
    Html,
}

/// How a schedule is written.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Shown {
    /// `json`, `csv`, a table for a spreadsheet, or `html`, a page to print.
    #[deserr(default, try_from(Option<String>) = parse_format -> FieldFault)]
    #[param(value_type = Option<String>, pattern = "^(json|csv|html)$", example = "csv")]
    format: Format,
}

/// Plan an event
///
/// 排期：按双方的意愿（没有意愿的按匹配分数）安排全部一对一洽谈，说明与理论上限的差距；已有排期时尽量少动。同一活动同时只能有一次排期。
#[utoipa::path(operation_id = "create_schedule", tag = "events", request_body = Planning,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010")),
    responses((status = 200, description = "The plan", body = Schedule)))]
#[post("/v1/events/{id}/schedule")]
pub async fn create(
    id: web::Path<String>,
    state: web::Data<State>,
    origin: Origin,
    planning: Body<Planning>,
) -> Answer<HttpResponse> {
    let id = found(&id, &mut state.database.connection().await?).await?.id;
    // The lock is let go with the connection, however the request ends.
    let mut planner = state.database.lasting_connection().await.map_err(Problem::internal)?;
    if !lock::try_hold(store::lock_of(id), &mut planner).await? {
        return Err(Problem::new(ProblemKind::Conflict).saying("正在排期", "it is being planned"));
    }
    let time = Duration::from_secs(u64::from(planning.0.seconds.unsigned_abs()));
    for _ in 0..TRIES {
        let sheet = store::sheet(id, &mut planner).await?.ok_or_else(Problem::not_found)?;
        let firms: Vec<Uuid> = sheet.enterprises.iter().filter_map(|one| one.organisation_id).collect();
        let firms = living(&firms, &state, &mut state.database.connection().await?).await?;
        let (sheet, plan) = plan(sheet, firms, time, &state).await?;
        let kept = planner.transaction(async |connection| keep(&sheet, &plan, &origin, connection).await).await?;
        if kept {
            let mut connection = state.database.connection().await?;
            let event = events::find(id, &mut connection).await?.ok_or_else(Problem::not_found)?;
            return Ok(HttpResponse::Ok().json(shown(&event, None, &mut connection).await?));
        }
    }
    Err(Problem::new(ProblemKind::Conflict)
        .saying("排期期间信息不断变化，请稍后再试", "it kept changing; try again later"))
}

/// Read the schedule of an event
///
/// 排期结果：中心看全部，参加者看自己的；可为 JSON、CSV 或打印页。
#[utoipa::path(operation_id = "read_schedule", tag = "events",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"), Shown),
    responses((status = 200, description = "The plan", content(
        (Schedule = "application/json"), (String = "text/csv"), (String = "text/html")))))]
#[get("/v1/events/{id}/schedule")]
pub async fn read(
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
    parameters: Parameters<Shown>,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let event = found(&id, &mut connection).await?;
    let own = taking_part(event.id, &caller, &mut connection).await?;
    let schedule = shown(&event, own.as_ref(), &mut connection).await?;
    Ok(match parameters.0.format {
        Format::Json => HttpResponse::Ok().json(schedule),
        Format::Csv => HttpResponse::Ok()
            .content_type("text/csv; charset=utf-8; header=present")
            .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"schedule-{}.csv\"", event.id)))
            .body(paper::table(&schedule.meetings)?),
        Format::Html => {
            HttpResponse::Ok().content_type(ContentType::html()).body(paper::page(&event, &schedule.meetings))
        }
    })
}

/// Read the timetable of a participant
///
/// 一位参加者的日程，iCalendar（RFC 5545），可导入日历。
#[utoipa::path(operation_id = "read_timetable", tag = "events",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("participant_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000011")),
    responses((status = 200, description = "Their meetings", content_type = "text/calendar", body = String)))]
#[get("/v1/events/{id}/participants/{participant_id}/timetable")]
pub async fn timetable(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let participant = own(&path, &caller, &mut connection).await?;
    let event = events::find(participant.event_id, &mut connection).await?.ok_or_else(Problem::not_found)?;
    let row = store::find(event.id, &mut connection).await?.ok_or_else(Problem::not_found)?;
    let schedule = shown(&event, Some(&participant), &mut connection).await?;
    Ok(HttpResponse::Ok().content_type("text/calendar; charset=utf-8").body(calendar(
        &event,
        &participant,
        &schedule.meetings,
        row.planned_at,
    )))
}

/// The schedule of an event, with the meetings of one participant alone if there is one.
async fn shown(event: &EventRow, own: Option<&Participant>, connection: &mut Connection) -> Answer<Schedule> {
    let row = store::find(event.id, connection).await?.ok_or_else(Problem::not_found)?;
    let meetings = store::meetings(event.id, connection).await?;
    let slots = events::slots(&[event.id], connection).await?;
    let names = participants::names(&participants::accepted(event.id, connection).await?, connection).await?;
    Ok(Schedule::of(event, &row, planned(&meetings, &slots, &names), own))
}

/// Enterprises as the index knows them.
async fn living(ids: &[Uuid], state: &State, connection: &mut Connection) -> Answer<Vec<Document>> {
    let loaded = documents::load(Kind::Organisation, ids, state.engine.meaning_version(), connection).await?;
    let living = loaded.changes.into_iter().filter_map(|change| match change {
        Change::Put(document) => Some(*document),
        Change::Remove(_) => None,
    });
    Ok(living.collect())
}

/// Plans, away from those who wait for answers.
async fn plan(sheet: Sheet, firms: Vec<Document>, time: Duration, state: &State) -> Answer<(Sheet, Plan)> {
    let engine = state.engine.clone();
    let work = background::run(move || {
        let scores = engine.scores(&firms)?;
        let plan = replan(&sheet.day(&scores), &sheet.meetings_before(), POINT, time);
        Ok::<_, crate::matching::IndexError>((sheet, plan))
    });
    let (sheet, plan) = work.await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    match plan {
        Ok(plan) => Ok((sheet, plan)),
        Err(conflict) => Err(sheet.refusal(&conflict)),
    }
}

/// Keeps a plan if nothing that it goes by has changed; whether it did.
async fn keep(
    sheet: &Sheet,
    plan: &Plan,
    origin: &Origin,
    connection: &mut diesel_async::AsyncPgConnection,
) -> Answer<bool> {
    let now = events::hold(sheet.event.id, connection).await?;
    if now.is_none_or(|now| now.revision != sheet.event.revision) {
        return Ok(false);
    }
    let changes = sheet.changes(&between(&sheet.meetings_before(), &plan.meetings));
    let hundredths = |weight: u64| i64::try_from(weight).map_err(Problem::internal);
    let schedule = ScheduleRow {
        event_id: sheet.event.id,
        revision: sheet.event.revision,
        total: hundredths(plan.total)?,
        bound: hundredths(plan.bound)?,
        changes: serde_json::to_value(changes).map_err(Problem::internal)?,
        planned_at: Utc::now(),
    };
    let meetings: Vec<MeetingRow> = plan.meetings.iter().map(|meeting| sheet.row(meeting)).collect();
    store::keep(&schedule, &meetings, connection).await?;
    audit::record(origin, &noted(Action::EventScheduled, sheet.event.id), connection).await?;
    Ok(true)
}

fn parse_format(text: Option<String>) -> Result<Format, FieldFault> {
    match text.as_deref() {
        None | Some("json") => Ok(Format::Json),
        Some("csv") => Ok(Format::Csv),
        Some("html") => Ok(Format::Html),
        Some(_) => Err(not_allowed(&["json", "csv", "html"])),
    }
}
