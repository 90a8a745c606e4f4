//! Keyset pages: `limit`, an opaque `cursor`, `next_cursor` in the body and a `Link` header (RFC 8288).

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use deserr::Deserr;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use uuid::Uuid;

use super::parameters::named_values;
use crate::problem::{Faults, FieldFault, Kind, Problem};

const DEFAULT_LIMIT: i64 = 20;
const MOST: i64 = 100;

/// How every list is paged.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only describes the parameters that Paging::of takes")]
pub struct PagingParameters {
    /// Records a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i32>,
    /// `next_cursor` of the page before; good for the same filters only.
    #[param(max_length = 200, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// The paging parameters of a request, and the filters that are left.
pub struct Paging {
    pub limit: i64,
    /// The position after which the page begins.
    pub after: Option<Vec<u8>>,
    fingerprint: [u8; 8],
}

/// One page.
#[derive(Serialize)]
struct PageBody<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

impl Paging {
    /// Takes `limit` and `cursor` out of the query; what is left are the filters.
    ///
    /// # Errors
    /// `invalid-parameter` or `invalid-cursor`.
    pub fn of(request: &HttpRequest) -> Result<(Self, Map<String, Value>), Problem> {
        let mut values = named_values(request.query_string()).map_err(Problem::invalid_parameters)?;
        let limit = values.remove("limit");
        let cursor = values.remove("cursor");
        let fingerprint = fingerprint(request.path(), &values);
        let limit = parse_limit(limit.as_ref().and_then(Value::as_str))
            .map_err(|fault| Problem::invalid_parameters(Faults::one("/limit", fault)))?;
        let after = cursor.as_ref().and_then(Value::as_str).map(|cursor| open(cursor, fingerprint)).transpose()?;
        Ok((Self { limit, after, fingerprint }, values))
    }

    /// The id after which the page begins, in a list that is ordered by ids.
    ///
    /// # Errors
    /// `invalid-cursor`.
    pub fn after_id(&self) -> Result<Option<Uuid>, Problem> {
        let after = self.after.as_deref().map(Uuid::from_slice).transpose();
        after.map_err(|_| Problem::new(Kind::InvalidCursor))
    }

    /// One more than the page holds, to see whether there is a next.
    #[must_use]
    pub fn fetch(&self) -> i64 {
        self.limit + 1
    }

    /// The answer with a page of what was fetched; `position` says where an item stands.
    pub fn answer<T: Serialize>(
        &self,
        request: &HttpRequest,
        mut items: Vec<T>,
        position: impl FnOnce(&T) -> Vec<u8>,
    ) -> HttpResponse {
        let next_cursor = self.cut(&mut items, position);
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &next_cursor {
            response.insert_header((header::LINK, next_link(request, cursor)));
        }
        response.json(PageBody { items, next_cursor })
    }

    /// Cuts what was fetched to a page; the cursor of the next, if there is one.
    pub fn cut<T>(&self, items: &mut Vec<T>, position: impl FnOnce(&T) -> Vec<u8>) -> Option<String> {
        let limit = usize::try_from(self.limit).unwrap_or_default();
        if items.len() <= limit {
            return None;
        }
        items.truncate(limit);
        items.last().map(|last| self.seal(&position(last)))
    }

    /// A cursor bears the position and a fingerprint of the list and its filters.
    fn seal(&self, position: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([&self.fingerprint, position].concat())
    }
}

/// A list without filters takes none.
///
/// # Errors
/// `invalid-parameter`.
pub fn refuse_filters(filters: Map<String, Value>) -> Result<(), Problem> {
    #[derive(Deserr)]
    #[deserr(error = Faults, deny_unknown_fields)]
    struct NoFilters {}
    deserr::deserialize::<NoFilters, _, Faults>(Value::Object(filters)).map(drop).map_err(Problem::invalid_parameters)
}

fn open(cursor: &str, fingerprint: [u8; 8]) -> Result<Vec<u8>, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let position = bytes.as_deref().and_then(|bytes| bytes.strip_prefix(&fingerprint));
    position.map(<[u8]>::to_vec).ok_or_else(|| Problem::new(Kind::InvalidCursor))
}

fn parse_limit(text: Option<&str>) -> Result<i64, FieldFault> {
    let Some(text) = text else {
        return Ok(DEFAULT_LIMIT);
    };
    let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    limit
        .ok_or_else(|| FieldFault::new("out_of_range", "limit 为 1 到 100 的整数", "limit is an integer from 1 to 100"))
}

fn fingerprint(path: &str, filters: &Map<String, Value>) -> [u8; 8] {
    let mut hasher = Sha256::new();
    hasher.update(path);
    for (name, value) in filters {
        hasher.update([0]);
        hasher.update(name);
        hasher.update([0]);
        hasher.update(value.as_str().unwrap_or_default());
    }
    let mut short = [0; 8];
    short.copy_from_slice(&hasher.finalize()[..8]);
    short
}

/// The same address with the next cursor.
#[must_use]
pub fn next_link(request: &HttpRequest, cursor: &str) -> String {
    let kept = request.query_string().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let query: Vec<&str> = kept.collect();
    let separator = if query.is_empty() { "" } else { "&" };
    format!("<{}?{}{separator}cursor={cursor}>; rel=\"next\"", request.path(), query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_only_for_its_own_list() {
        let paging = Paging { limit: 20, after: None, fingerprint: [1; 8] };
        let cursor = paging.seal(b"position");
        assert_eq!(open(&cursor, [1; 8]).ok(), Some(b"position".to_vec()));
        assert!(open(&cursor, [2; 8]).is_err());
        assert!(open("not a cursor", [1; 8]).is_err());
        assert!(open("", [1; 8]).is_err());
    }

    #[test]
    fn limits_are_one_to_a_hundred() {
        assert_eq!(parse_limit(None), Ok(20));
        assert_eq!(parse_limit(Some("100")), Ok(100));
        for wrong in ["0", "101", "-1", "x", "", "1e2", "99999999999999999999"] {
            assert!(parse_limit(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
