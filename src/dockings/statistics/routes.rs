//! The figures over HTTP, as JSON or as a table for a spreadsheet.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::NaiveDate;
use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::DockingFigures;
use super::store::{self, Wanted};
use crate::http::{Parameters, prefers};
use crate::problem::{Answer, Faults, FieldFault, Problem};
use crate::registry::codes;
use crate::registry::fields::{Cooperation, Day, IndustryCode, RegionCode, date};
use crate::state::State;

/// Which dockings.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatisticsFilter {
    /// Requested on this day or later; days are those of China.
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[param(inline, value_type = Option<Day>)]
    from: Option<NaiveDate>,
    /// Requested on this day or before.
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[param(inline, value_type = Option<Day>)]
    to: Option<NaiveDate>,
    /// Of enterprises of the industry or any below it.
    #[deserr(default)]
    #[param(inline)]
    industry: Option<IndustryCode>,
    /// Of enterprises of the region or any below it.
    #[deserr(default)]
    #[param(inline)]
    region: Option<RegionCode>,
    /// Of demands that want this way of cooperation.
    #[deserr(default)]
    #[param(inline)]
    cooperation: Option<Cooperation>,
}

/// Figures of all dockings and of groups of them: all, by month of the request, by division of the enterprise's industry, by
/// its region, by wanted way of cooperation, by kind of contract.
#[derive(Serialize, ToSchema)]
pub struct DockingStatistics {
    #[schema(max_items = 10_000)]
    items: Vec<DockingFigures>,
}

/// Figures of dockings
///
/// 对接统计：各阶段到达数、各阶段之间的中位天数、合同金额和成效，按月份、行业、地区、合作方式和合同类别分组。数字出自同一时刻。
/// Accept: text/csv 时给出表格（UTF-8，带 BOM）。
#[utoipa::path(operation_id = "read_statistics", tag = "dockings", params(StatisticsFilter),
    responses((status = 200, description = "The figures of one moment", content(
        (DockingStatistics = "application/json"), (String = "text/csv")))))]
#[get("/v1/statistics")]
pub async fn read(
    request: HttpRequest,
    state: web::Data<State>,
    filter: Parameters<StatisticsFilter>,
) -> Answer<HttpResponse> {
    let filter = filter.0;
    let wanted = Wanted {
        from: filter.from,
        to: filter.to,
        industries: filter.industry.map(|code| codes::industries().within(&code)),
        regions: filter.region.map(|code| codes::regions().within(&code)),
        cooperation: filter.cooperation.map(Cooperation::as_str),
    };
    let items = store::figures(&wanted, &mut *state.database.connection().await?).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::VARY, "Accept"));
    if !prefers(request.headers(), "text/csv", "application/json") {
        return Ok(response.json(DockingStatistics { items }));
    }
    Ok(response
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"statistics.csv\""))
        .body(csv(&items)?))
}

const COLUMNS: [&str; 23] = [
    "dimension",
    "value",
    "name",
    "requested",
    "accepted",
    "negotiating",
    "contracted",
    "implementing",
    "completed",
    "declined",
    "abandoned",
    "amount",
    "median_amount",
    "days_to_accepted",
    "days_to_negotiating",
    "days_to_contracted",
    "days_to_implementing",
    "days_to_completed",
    "investment",
    "new_output_value",
    "tax",
    "jobs",
    "feedback",
];

/// A row for each group. The mark before them tells spreadsheets that this is UTF-8.
fn csv(items: &[DockingFigures]) -> Answer<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{feff}".into());
    writer.write_record(COLUMNS).map_err(Problem::internal)?;
    for item in items {
        let item = serde_json::to_value(item).map_err(Problem::internal)?;
        writer.write_record(COLUMNS.map(|column| cell(&item[column]))).map_err(Problem::internal)?;
    }
    writer.into_inner().map_err(Problem::internal)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
