//! The pages that problem types point to.

use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Answer, Kind, Language, Problem};

/// One kind of problem, for machines.
#[derive(Serialize, ToSchema)]
pub struct ProblemType {
    #[schema(example = "/problems/gone", format = "uri-reference", max_length = 200)]
    r#type: String,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    #[schema(max_length = 200)]
    title_zh: &'static str,
    #[schema(max_length = 200)]
    title_en: &'static str,
}

/// All kinds of problems
///
/// 列出本服务的全部错误类型。
#[utoipa::path(operation_id = "list_problem_types", tag = "problems",
    responses((status = 200, description = "Every kind of problem", body = [ProblemType])))]
#[get("/problems")]
pub async fn index() -> web::Json<Vec<ProblemType>> {
    let kinds = Kind::ALL.iter().map(|kind| ProblemType {
        r#type: format!("/problems/{}", kind.slug()),
        status: kind.status().as_u16(),
        title_zh: kind.title(Language::Chinese),
        title_en: kind.title(Language::English),
    });
    web::Json(kinds.collect())
}

/// The page of one kind of problem
///
/// 解释一种错误的网页。
#[utoipa::path(operation_id = "read_problem_type", tag = "problems",
    params(("slug" = String, Path, description = "The last part of a problem's `type`", max_length = 100, example = "not-found")),
    responses((status = 200, description = "What it means and what to do", content_type = "text/html", body = String)))]
#[get("/problems/{slug}")]
pub async fn page(slug: web::Path<String>) -> Answer<HttpResponse> {
    let kind = Kind::ALL.iter().find(|kind| kind.slug() == *slug).ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html(*kind)))
}

fn html(kind: Kind) -> String {
    let section = |language, code: &str| {
        format!(
            "<section lang=\"{code}\"><h2>{}</h2><p>{}</p></section>",
            kind.title(language),
            kind.explanation(language)
        )
    };
    format!(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><link rel=\"stylesheet\" href=\"/pages.css\">\
         <h1><code>{status}</code> {title}</h1>{zh}{en}<p><a href=\"/docs/\">API</a> · <a href=\"/problems\">/problems</a></p></html>",
        title = kind.title(Language::Chinese),
        status = kind.status().as_u16(),
        zh = section(Language::Chinese, "zh-CN"),
        en = section(Language::English, "en"),
    )
}
