//! Is it alive, and is it ready to answer?

use actix_web::{HttpResponse, get, web};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use utoipa::ToSchema;

use crate::matching::meanings;
use crate::state::State;

/// How the service is.
#[derive(Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "pass", pattern = "^(pass|fail)$", max_length = 4)]
    status: &'static str,
    #[schema(pattern = "^(pass|fail)$", max_length = 4)]
    database: &'static str,
    /// `pass` once the index holds what the database holds.
    #[schema(pattern = "^(pass|fail)$", max_length = 4)]
    index: &'static str,
    /// `pass` once every record can be found by its meaning too, `filling` while some wait for that, `off` without a model
    /// of meaning. The service is ready whichever it is.
    #[schema(pattern = "^(pass|filling|off)$", max_length = 7)]
    meaning: &'static str,
}

/// Alive
///
/// 进程在运行。
#[utoipa::path(operation_id = "live", tag = "health", responses((status = 200, description = "The process answers", content_type = "text/plain", body = String, example = json!("alive"))))]
#[get("/health/live")]
pub async fn live() -> &'static str {
    "alive\n"
}

/// Ready
///
/// 数据库可用，索引已建好，可以接受请求。
#[utoipa::path(operation_id = "ready", tag = "health", responses(
    (status = 200, description = "Ready to answer", body = Health, content_type = "application/health+json"),
    (status = 503, description = "Not ready", body = Health, content_type = "application/health+json")))]
#[get("/health/ready")]
pub async fn ready(state: web::Data<State>) -> HttpResponse {
    let (mut database, mut complete) = (false, false);
    let model = state.engine.meaning_version();
    if let Ok(mut connection) = state.database.connection().await {
        database = diesel::sql_query("SELECT 1").execute(&mut connection).await.is_ok();
        if let Some(model) = model {
            complete = meanings::is_complete(model, &mut connection).await.unwrap_or_default();
        }
    }
    let index = state.freshness.is_built();
    let word = |good| if good { "pass" } else { "fail" };
    let meaning = match model {
        Some(_) if complete => "pass",
        Some(_) => "filling",
        None => "off",
    };
    let health = Health { status: word(database && index), database: word(database), index: word(index), meaning };
    let mut response = if database && index { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.content_type("application/health+json").json(health)
}
