//! Harvesting over HTTP: one address, by GET and by POST (section 3.1.1).

use std::collections::HashMap;

use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::Utc;
use diesel_async::{AsyncConnection, AsyncPgConnection};
use utoipa::ToSchema;
use uuid::Uuid;

use super::answer::{self, Body, Frame, Repository, Resumption, Told};
use super::arguments::{self, Fault, Given, Selection, Verb, Whole};
use super::item::{self, Item};
use super::store::{self, ItemRow};
use super::token::Token;
use super::{MetadataFormat, fields};
use crate::centre;
use crate::http::read_bytes;
use crate::problem::{Answer, Problem};
use crate::registry::fields::{DISCIPLINES, PolicyLevel};
use crate::registry::public::Names;
use crate::registry::{Kind, public, words};
use crate::state::State;

/// Records an answer.
const PAGE: usize = 100;

/// Bytes of the arguments in a body.
const MOST_ARGUMENTS: usize = 64 * 1024;

/// The arguments of a request in a form (section 3.1.1.2). Which of them a verb takes the protocol says.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the form, which is read by name")]
#[schema(example = json!({"verb": "ListRecords", "metadataPrefix": "oai_dc", "set": "kind:result"}))]
pub struct HarvestRequest {
    verb: Option<String>,
    #[schema(rename = "metadataPrefix")]
    metadata_prefix: Option<String>,
    identifier: Option<String>,
    from: Option<String>,
    until: Option<String>,
    set: Option<String>,
    #[schema(rename = "resumptionToken")]
    resumption_token: Option<String>,
}

const XML: &str = "text/xml; charset=utf-8";

/// Harvest by OAI-PMH 2.0
///
/// 按 OAI-PMH 2.0 采集已公开的记录：六个动词，`oai_dc` 和 `duijie` 两种格式，按类别、学科、政策级别分集合，按秒增量，删除的记录一直可知。
#[utoipa::path(operation_id = "harvest", tag = "harvest", params(
        ("verb" = Option<String>, Query, example = "ListRecords"), ("metadataPrefix" = Option<String>, Query, example = "oai_dc"),
        ("identifier" = Option<String>, Query), ("from" = Option<String>, Query, example = "2026-11-01"),
        ("until" = Option<String>, Query), ("set" = Option<String>, Query, example = "kind:result"),
        ("resumptionToken" = Option<String>, Query)),
    responses((status = 200, description = "The answer, also where it says what is wrong", content_type = "text/xml", body = String)))]
#[get("/oai")]
pub async fn harvest(request: HttpRequest, state: web::Data<State>) -> Answer<HttpResponse> {
    answered(request.query_string().as_bytes(), &state).await
}

/// Harvest by OAI-PMH 2.0 with the arguments in a form
///
/// 同上，参数放在表单里。
#[utoipa::path(operation_id = "harvest_by_form", tag = "harvest",
    request_body(content = HarvestRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The answer, also where it says what is wrong", content_type = "text/xml", body = String)))]
#[post("/oai")]
pub async fn harvest_by_form(payload: web::Payload, state: web::Data<State>) -> Answer<HttpResponse> {
    let form: Bytes = read_bytes(payload, MOST_ARGUMENTS).await?;
    answered(&form, &state).await
}

/// Read the schema of the own format
///
/// duijie 格式的 XML Schema。
#[utoipa::path(operation_id = "read_harvest_schema", tag = "harvest",
    responses((status = 200, description = "The schema", content_type = "text/xml", body = String,
        example = json!("<xs:schema targetNamespace=\"urn:duijie:record:1\"/>"))))]
#[get("/oai/duijie.xsd")]
pub async fn schema() -> HttpResponse {
    HttpResponse::Ok().content_type(XML).body(fields::schema())
}

async fn answered(arguments: &[u8], state: &State) -> Answer<HttpResponse> {
    let (base, mut connection) = (state.tokens.issuer(), state.database.connection().await?);
    let given: Result<Given, _> = serde_urlencoded::from_bytes(arguments);
    let asked = match &given {
        Ok(given) => arguments::parse(given),
        Err(_) => Err(Fault::new("badArgument", "the arguments could not be read")),
    };
    let given = given.unwrap_or_default();
    let (date, body) = connection
        .transaction(async |connection| {
            let date = store::response_date(connection).await?;
            let body = match asked {
                Ok(verb) => body(verb, base, connection).await?,
                Err(fault) => Err(fault),
            };
            Ok::<_, Problem>((date, body))
        })
        .await?;
    let frame = Frame { base, date, given: &given };
    Ok(HttpResponse::Ok().content_type(XML).body(answer::written(&frame, body)))
}

async fn body(verb: Verb, base: &str, connection: &mut AsyncPgConnection) -> Answer<Result<Body, Fault>> {
    Ok(match verb {
        Verb::Identify => Ok(Body::Identify(identify(base, connection).await?)),
        Verb::ListMetadataFormats(None) => Ok(Body::Formats),
        Verb::ListMetadataFormats(Some(identifier)) => found(&identifier, connection).await?.map(|_| Body::Formats),
        Verb::ListSets => Ok(Body::Sets(sets())),
        Verb::GetRecord(identifier, format) => match found(&identifier, connection).await? {
            Ok(row) => {
                let mut told = told(vec![row], connection).await?;
                let names = names(&told, Whole::Records, format, connection).await?;
                told.pop().map(|told| Body::Record(told, format, names)).ok_or_else(no_such_record)
            }
            Err(fault) => Err(fault),
        },
        Verb::List(whole, selection) => list(whole, &selection, connection).await?,
    })
}

async fn identify(base: &str, connection: &mut AsyncPgConnection) -> Answer<Repository> {
    let centre = centre::read(connection).await?;
    let email = centre.contact.and_then(|contact| contact.email).map(|email| email.as_str().to_owned());
    let host = base.split("//").nth(1).unwrap_or(base).split([':', '/']).next().unwrap_or(base);
    Ok(Repository {
        name: centre.name.to_string(),
        email: email.unwrap_or_else(|| format!("postmaster@{host}")),
        address: format!("{base}/oai"),
        earliest: store::earliest(connection).await?.unwrap_or_else(Utc::now),
    })
}

fn no_such_record() -> Fault {
    Fault::new("idDoesNotExist", "no such record")
}

async fn found(identifier: &str, connection: &mut AsyncPgConnection) -> Answer<Result<ItemRow, Fault>> {
    let id = identifier.strip_prefix("urn:uuid:").and_then(|id| Uuid::try_parse(id).ok());
    let row = match id {
        Some(id) => store::find(id, connection).await?,
        None => None,
    };
    Ok(row.ok_or_else(no_such_record))
}

async fn list(whole: Whole, selection: &Selection, connection: &mut AsyncPgConnection) -> Answer<Result<Body, Fault>> {
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut rows = store::page(selection, limit, connection).await?;
    let before = selection.after.map_or(0, |(_, given)| given);
    if rows.is_empty() && selection.after.is_none() {
        return Ok(Err(Fault::new("noRecordsMatch", "nothing is selected")));
    }
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let last = rows.last().map(|row| row.record_id).filter(|_| more);
    let given = before + u64::try_from(rows.len()).unwrap_or_default();
    let token = match last {
        Some(last) => Some(Token::written(selection, last, given)),
        None => selection.after.map(|_| String::new()),
    };
    let token = token.map(|token| Resumption { token, cursor: before });
    let items = told(rows, connection).await?;
    let names = names(&items, whole, selection.format, connection).await?;
    Ok(Ok(Body::List { whole, format: selection.format, items, names, token }))
}

/// Items with what they say now, two queries a kind. What is no longer public is told as gone, though it be not noted yet.
async fn told(rows: Vec<ItemRow>, connection: &mut AsyncPgConnection) -> Answer<Vec<Told>> {
    let mut items: HashMap<Uuid, Item> = HashMap::new();
    for kind in Kind::ALL {
        let ids = rows.iter().filter(|row| !row.deleted && row.kind == kind.as_str()).map(|row| row.record_id);
        let ids: Vec<Uuid> = ids.collect();
        if !ids.is_empty() {
            items.extend(item::public(kind, &ids, connection).await?.into_iter().map(|item| (item.id, item)));
        }
    }
    let told = rows.into_iter().filter_map(|row| {
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == row.kind)?;
        let record = items.remove(&row.record_id).map(|item| item.record);
        Some(Told { id: row.record_id, kind, changed_at: row.changed_at, sets: row.sets, record })
    });
    Ok(told.collect())
}

/// The names that records are told with.
async fn names(
    items: &[Told],
    whole: Whole,
    format: MetadataFormat,
    connection: &mut AsyncPgConnection,
) -> Answer<Names> {
    if whole == Whole::Headers || format != MetadataFormat::DublinCore {
        return Ok(Names::new());
    }
    let records = items.iter().filter_map(|told| told.record.as_ref());
    let mut referred: Vec<(Kind, Uuid)> = records.flat_map(public::referred).collect();
    // Dublin Core says nothing of what an expert took part in.
    referred.retain(|(kind, _)| *kind != Kind::Result);
    Ok(public::names(&referred, connection).await?)
}

/// All sets there can be.
fn sets() -> Vec<(String, String)> {
    let kinds = Kind::ALL.map(|kind| (format!("kind:{}", kind.as_str()), kind.zh().to_owned()));
    let disciplines = DISCIPLINES.map(|code| (format!("discipline:{code}"), format!("学科 {code}（GB/T 13745-2009）")));
    let levels =
        PolicyLevel::WORDS.iter().map(|level| (format!("level:{level}"), words::policies_of(level).to_owned()));
    kinds.into_iter().chain(disciplines).chain(levels).collect()
}
