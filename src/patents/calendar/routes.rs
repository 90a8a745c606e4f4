//! The calendar over HTTP: read by whoever has an account, kept by the centre.

use actix_web::http::header;
use actix_web::{HttpResponse, delete, get, put, web};
use chrono::{Datelike, NaiveDate};
use deserr::Deserr;
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde::Serialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::store::{self, DayRow};
use super::{Calendar, number_for};
use crate::audit::{self, Action, Event, Origin};
use crate::http::conditions::etag;
use crate::http::{Body, Conditions, Parameters};
use crate::identity::Caller;
use crate::problem::{Answer, Faults, FieldFault, Kind, Problem};
use crate::registry::fields::{Day, Line};
use crate::state::State;

/// Years of the calendar.
const YEARS: std::ops::RangeInclusive<i32> = 1985..=2200;

/// Which year.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CalendarYear {
    #[deserr(try_from(String) = parse_year -> FieldFault)]
    #[param(value_type = i32, minimum = 1985, maximum = 2200, example = 2026)]
    year: i32,
}

fn parse_year(text: String) -> Result<i32, FieldFault> {
    let year = text.parse().ok().filter(|year| text.len() == 4 && YEARS.contains(year));
    year.ok_or_else(|| FieldFault::new("out_of_range", "年份为 1985 到 2200", "a year is 1985 to 2200"))
}

/// What is said of a day, and by which notice or why.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"works": false, "note": "国办发明电〔2026〕1号（示例）"}))]
pub struct NewCalendarDay {
    /// Is it worked?
    pub works: bool,
    #[schema(inline)]
    pub note: Line<1, 200>,
}

/// A day of the calendar.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"day": "2026-02-28", "version": 0, "works": true, "note": "国办发明电〔2025〕7号", "set": false}))]
pub struct CalendarDay {
    #[schema(inline, value_type = Day)]
    pub day: NaiveDate,
    /// 0 while the centre has set nothing.
    #[schema(minimum = 0)]
    pub version: i64,
    pub works: bool,
    /// By which notice, or why; none of a day that is as its day of the week.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub note: Option<String>,
    /// Has the centre set it?
    pub set: bool,
}

/// A year of the calendar.
#[derive(Serialize, ToSchema)]
pub struct CalendarDays {
    /// Are its days off known? If not, deadlines in it are provisional.
    known: bool,
    /// The days that are not as their day of the week, and those that the centre has set, in their order.
    #[schema(max_items = 366)]
    items: Vec<CalendarDay>,
}

/// List the days of a year that are not as their day of the week
///
/// 一年中的放假日和调休上班日：国务院办公厅通知的，以及中心自行维护的。`known` 为 false 的年份尚无通知，期限只按周末顺延并标明暂定。
#[utoipa::path(operation_id = "list_calendar_days", tag = "calendar", params(CalendarYear),
    responses((status = 200, description = "The year", body = CalendarDays)))]
#[get("/v1/calendar-days")]
pub async fn list(year: Parameters<CalendarYear>, state: web::Data<State>) -> Answer<HttpResponse> {
    let year = year.0.year;
    let first = NaiveDate::from_ymd_opt(year, 1, 1).ok_or_else(Problem::not_found)?;
    let last = NaiveDate::from_ymd_opt(year, 12, 31).ok_or_else(Problem::not_found)?;
    let mut connection = state.database.connection().await?;
    let calendar = store::calendar(&mut connection).await?;
    let rows = store::between((first, last), &mut connection).await?;
    let days = first.iter_days().take_while(|day| *day <= last).map(|day| {
        let row = rows.binary_search_by_key(&day, |row| row.day).ok().and_then(|place| rows.get(place));
        CalendarDay::of(day, row, &calendar)
    });
    let items = days.filter(|day| day.note.is_some()).collect();
    Ok(HttpResponse::Ok().json(CalendarDays { known: calendar.knows(first), items }))
}

/// Read a day
///
/// 某一天是否工作日。
#[utoipa::path(operation_id = "read_calendar_day", tag = "calendar",
    params(("day" = String, Path, format = Date, example = "2026-02-28")),
    responses((status = 200, description = "The day", body = CalendarDay, headers(("ETag" = String, description = "Its version")))))]
#[get("/v1/calendar-days/{day}")]
pub async fn read(day: web::Path<String>, state: web::Data<State>, conditions: Conditions) -> Answer<HttpResponse> {
    let day = found(of_address(&day)?, &mut *state.database.connection().await?).await?;
    let tag = etag(day.version, false);
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(day))
}

/// Set a day
///
/// 维护某一天：放假或上班，依据哪份通知。先于通知的安排；各案期限随即按新的日历计算。
#[utoipa::path(operation_id = "replace_calendar_day", tag = "calendar", request_body = NewCalendarDay,
    params(("day" = String, Path, format = Date, example = "2027-02-05"), ("If-Match" = String, Header)),
    responses((status = 200, description = "The day", body = CalendarDay, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/calendar-days/{day}")]
pub async fn replace(
    day: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    body: Body<NewCalendarDay>,
) -> Answer<HttpResponse> {
    let said = (body.0.works, &*body.0.note);
    let day = set(&day, Some(said), (&state, &caller, &origin), &conditions).await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(day.version, false))).json(day))
}

/// Take back what was set of a day
///
/// 撤回对某一天的维护，回到通知的安排。
#[utoipa::path(operation_id = "delete_calendar_day", tag = "calendar",
    params(("day" = String, Path, format = Date, example = "2027-02-05"), ("If-Match" = String, Header)),
    responses((status = 204, description = "It is as the notices have it")))]
#[delete("/v1/calendar-days/{day}")]
pub async fn remove(
    day: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
) -> Answer<HttpResponse> {
    set(&day, None, (&state, &caller, &origin), &conditions).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn set(
    day: &str,
    said: Option<(bool, &str)>,
    (state, caller, origin): (&State, &Caller, &Origin),
    conditions: &Conditions,
) -> Answer<CalendarDay> {
    let (day, user) = (of_address(day)?, caller.signed_in()?);
    let mut connection = state.database.connection().await?;
    connection
        .transaction(async |connection| {
            let before = found(day, connection).await?;
            conditions.allow_change(before.version)?;
            if !store::set((day, before.version), said, user, connection).await? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            let event = Event::new(Action::CalendarChanged).about("calendar_day", Some(&day.to_string()));
            let works = said.map(|(works, _)| works);
            audit::record(origin, &event.with(json!({ "works": works })), connection).await?;
            found(day, connection).await
        })
        .await
}

/// A day of the form `YYYY-MM-DD`; what is none is not there.
fn of_address(text: &str) -> Answer<NaiveDate> {
    let day = text.parse::<NaiveDate>().ok().filter(|day| text.len() == 10 && YEARS.contains(&day.year()));
    day.ok_or_else(Problem::not_found)
}

async fn found(day: NaiveDate, connection: &mut AsyncPgConnection) -> Answer<CalendarDay> {
    let calendar = store::calendar(connection).await?;
    let row = store::find(day, connection).await?;
    Ok(CalendarDay::of(day, row.as_ref(), &calendar))
}

impl CalendarDay {
    fn of(day: NaiveDate, row: Option<&DayRow>, calendar: &Calendar) -> Self {
        let note = row.and_then(|row| row.note.clone());
        let set = note.is_some();
        let note = note.or_else(|| number_for(day).map(str::to_owned));
        Self { day, version: row.map_or(0, |row| row.version), works: calendar.works(day), note, set }
    }
}
