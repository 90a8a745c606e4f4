//! Is it alive, and is it ready to answer?

use actix_web::{HttpResponse, get, web};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use utoipa::ToSchema;

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
    let database = match state.database.connection().await {
        Ok(mut connection) => diesel::sql_query("SELECT 1").execute(&mut connection).await.is_ok(),
        Err(_) => false,
    };
    let index = state.freshness.is_built();
    let word = |good| if good { "pass" } else { "fail" };
    let health = Health { status: word(database && index), database: word(database), index: word(index) };
    let mut response = if database && index { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.content_type("application/health+json").json(health)
}
