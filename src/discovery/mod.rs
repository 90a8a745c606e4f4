//! What search engines find: records as pages and as schema.org JSON-LD on their own addresses, and a sitemap of all that is
//! public.
//!
//! Both say of a record what everybody may read of it, whoever asks: no personal data, and no name of what is not public.

pub mod linked;
mod page;
pub mod sitemap;

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpResponse, web};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::database::Connection;
use crate::http::{Conditions, prefers};
use crate::problem::{Answer, Language, Problem};
use crate::registry::public::{self, Names};
use crate::registry::{Concept, Kind, Record};

pub const JSON_LD: &str = "application/ld+json";
pub const HTML: &str = "text/html";

/// What a record is told with: the address of the service, and the names of the public records that it refers to.
pub struct Around {
    pub base: String,
    pub names: Names,
}

impl Around {
    /// Where a record is read.
    #[must_use]
    pub fn address(&self, kind: Kind, id: &str) -> String {
        format!("{}/v1/{}/{id}", self.base, kind.plural())
    }
}

/// The representations of a record beside JSON, which is what a caller gets who likes none of them better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    JsonLd,
    Page(Language),
}

impl Form {
    #[must_use]
    pub fn asked_for(headers: &HeaderMap, language: Language) -> Option<Self> {
        let better = |media_type, than| prefers(headers, media_type, than);
        match (better(JSON_LD, "application/json"), better(HTML, "application/json")) {
            (true, page) if !page || !better(HTML, JSON_LD) => Some(Self::JsonLd),
            (_, true) => Some(Self::Page(language)),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::JsonLd => "ld",
            Self::Page(Language::Chinese) => "zh",
            Self::Page(Language::English) => "en",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::JsonLd => JSON_LD,
            Self::Page(_) => "text/html; charset=utf-8",
        }
    }

    fn written(self, kind: Kind, record: &Value, around: &Around) -> Answer<String> {
        let linked = linked::linked(kind, record, around);
        match self {
            Self::JsonLd => Ok(linked.to_string()),
            Self::Page(language) => page::page(kind, record, around, language, &linked),
        }
    }
}

/// A record that the caller may read, in a form. Its tag is that of what is said: names of others stand in it, too.
///
/// # Errors
/// `unavailable`, `internal`.
pub async fn answer<C: Concept>(
    mut record: Record<C>,
    form: Form,
    base: &str,
    conditions: &Conditions,
    mut connection: Connection,
) -> Answer<HttpResponse> {
    record.fields.conceal();
    let version = record.stamp.version;
    let record = serde_json::to_value(record).map_err(Problem::internal)?;
    let names = public::names(&public::referred(&record), &mut connection).await?;
    drop(connection);
    let around = Around { base: base.to_owned(), names };
    // A long policy takes a while to be cut into its parts.
    let text = web::block(move || form.written(C::KIND, &record, &around)).await.map_err(Problem::internal)??;
    let digest = Sha256::digest(&text).iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let tag = format!("\"{version}-{}-{digest}\"", form.name());
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    let mut response = HttpResponse::Ok();
    response.content_type(form.media_type()).insert_header((header::ETAG, tag));
    if let Form::Page(language) = form {
        response.insert_header((header::CONTENT_LANGUAGE, language.code()));
    }
    Ok(response.body(text))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn json_is_given_unless_something_else_is_liked_better() {
        let form = |accept: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            }
            Form::asked_for(&headers, Language::English)
        };
        let page = Some(Form::Page(Language::English));
        for (accept, expected) in [
            (None, None),
            (Some("*/*"), None),
            (Some("application/*"), None),
            (Some("application/json, application/ld+json, text/html"), None),
            (Some("application/ld+json"), Some(Form::JsonLd)),
            (Some("application/ld+json, text/html;q=0.9"), Some(Form::JsonLd)),
            (Some("text/html, application/ld+json;q=0.9"), page),
            (Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), page),
            (Some("text/*"), page),
        ] {
            assert_eq!(form(accept), expected, "{accept:?}");
        }
    }
}
