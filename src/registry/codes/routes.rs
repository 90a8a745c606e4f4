//! The code lists over HTTP: as a tree, and by name.

use actix_web::{get, web};
use deserr::Deserr;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{CodeList, Item, industries, regions};
use crate::http::Parameters;
use crate::matching::text::simplified;
use crate::problem::{Answer, Faults, FieldFault, Problem};
use crate::registry::fields::Line;

/// More names than anyone reads; a longer word finds fewer.
const MOST_FOUND: usize = 100;

/// What to look for.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CodeQuery {
    /// The codes right below this one; without it and `q` the top of the tree.
    #[deserr(default)]
    #[param(inline)]
    parent: Option<Line<1, 10>>,
    /// Part of a name, in either script, or the beginning of a code; at most 100 are found.
    #[deserr(default)]
    #[param(inline)]
    q: Option<Line<1, 50>>,
}

/// A code.
#[derive(Serialize, ToSchema)]
pub struct Code {
    #[schema(example = "C3311", max_length = 10)]
    code: &'static str,
    #[schema(max_length = 100)]
    name: &'static str,
    #[schema(max_length = 10)]
    parent: Option<&'static str>,
    /// Whether there are codes below it.
    has_children: bool,
}

/// Codes.
#[derive(Serialize, ToSchema)]
pub struct Codes {
    #[schema(max_items = 4000)]
    items: Vec<Code>,
}

/// A code with the way to it from the top.
#[derive(Serialize, ToSchema)]
pub struct CodeInTree {
    #[serde(flatten)]
    code: Code,
    /// From the top of the tree down to the code itself.
    #[schema(max_items = 5)]
    path: Vec<Code>,
}

/// Industries (GB/T 4754-2017)
///
/// 国民经济行业分类：逐级展开，或按名称、代码查找。
#[utoipa::path(operation_id = "list_industries", tag = "codes", params(CodeQuery),
    responses((status = 200, description = "Codes, in the order of the standard", body = Codes)))]
#[get("/v1/industries")]
pub async fn list_industries(query: Parameters<CodeQuery>) -> Answer<web::Json<Codes>> {
    list(industries(), &query.0)
}

/// One industry
///
/// 一个行业及其上级。
#[utoipa::path(operation_id = "read_industry", tag = "codes",
    params(("code" = String, Path, description = "With or without its section's letter", max_length = 10, example = "C3311")),
    responses((status = 200, description = "The code and the way to it", body = CodeInTree)))]
#[get("/v1/industries/{code}")]
pub async fn read_industry(code: web::Path<String>) -> Answer<web::Json<CodeInTree>> {
    read(industries(), &code.to_ascii_uppercase())
}

/// Regions (GB/T 2260)
///
/// 行政区划：逐级展开，或按名称、代码查找。
#[utoipa::path(operation_id = "list_regions", tag = "codes", params(CodeQuery),
    responses((status = 200, description = "Codes, in the order of the standard", body = Codes)))]
#[get("/v1/regions")]
pub async fn list_regions(query: Parameters<CodeQuery>) -> Answer<web::Json<Codes>> {
    list(regions(), &query.0)
}

/// One region
///
/// 一个行政区划及其上级。
#[utoipa::path(operation_id = "read_region", tag = "codes",
    params(("code" = String, Path, description = "Six digits", max_length = 10, example = "130927")),
    responses((status = 200, description = "The code and the way to it", body = CodeInTree)))]
#[get("/v1/regions/{code}")]
pub async fn read_region(code: web::Path<String>) -> Answer<web::Json<CodeInTree>> {
    read(regions(), &code)
}

fn list(codes: &'static CodeList, query: &CodeQuery) -> Answer<web::Json<Codes>> {
    let parent = query.parent.as_deref().map(|code| codes.find(code).ok_or_else(unknown_parent)).transpose()?;
    let items = match (&query.q, parent) {
        (None, parent) => codes.below(parent.map(|item| item.code.as_str())).map(|item| code(codes, item)).collect(),
        (Some(words), parent) => search(codes, words, parent),
    };
    Ok(web::Json(Codes { items }))
}

fn unknown_parent() -> Problem {
    let fault = FieldFault::new("unknown_code", "代码表中没有这个代码", "there is no such code in the list");
    Problem::invalid_parameters(Faults::one("/parent", fault))
}

/// Names that hold the words or codes that begin with them, below the parent if there is one.
fn search(codes: &'static CodeList, words: &str, parent: Option<&'static Item>) -> Vec<Code> {
    let words = simplified(words);
    let below = |item: &&Item| {
        parent.is_none_or(|parent| codes.path(&item.code).skip(1).any(|above| above.code == parent.code))
    };
    let prefix = words.to_ascii_uppercase();
    codes
        .items()
        .iter()
        .filter(|item| item.name.contains(&words) || item.code.starts_with(&prefix))
        .filter(below)
        .take(MOST_FOUND)
        .map(|item| code(codes, item))
        .collect()
}

fn read(codes: &'static CodeList, wanted: &str) -> Answer<web::Json<CodeInTree>> {
    let item = codes.find(wanted).ok_or_else(Problem::not_found)?;
    let mut path: Vec<Code> = codes.path(&item.code).map(|item| code(codes, item)).collect();
    path.reverse();
    Ok(web::Json(CodeInTree { code: code(codes, item), path }))
}

fn code(codes: &'static CodeList, item: &'static Item) -> Code {
    Code {
        code: &item.code,
        name: &item.name,
        parent: item.parent.as_deref(),
        has_children: codes.below(Some(&item.code)).next().is_some(),
    }
}
