//! What a caller takes (RFC 9110, 12.5.1).

use actix_web::http::header::{self, HeaderMap};

use super::envelope::weighted;

/// May the answer be of one of these media types?
pub(super) fn accepts<'a>(headers: &HeaderMap, media_types: impl IntoIterator<Item = &'a str>) -> bool {
    media_types.into_iter().any(|media_type| weight(headers, media_type) > 0.0)
}

/// Does the caller like one media type better than another?
#[must_use]
pub fn prefers(headers: &HeaderMap, media_type: &str, to: &str) -> bool {
    weight(headers, media_type) > weight(headers, to)
}

/// How much a media type is liked: what is said of it goes before what is said of its kind, and of all. Without a header
/// all are alike.
fn weight(headers: &HeaderMap, media_type: &str) -> f32 {
    let Some(header) = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()) else { return 1.0 };
    if header.trim().is_empty() {
        return 1.0;
    }
    let kind = media_type.split_once('/').map_or_else(String::new, |(kind, _)| format!("{kind}/*"));
    let ranges: Vec<(String, f32)> = header.split(',').map(weighted).collect();
    let said = |wanted: &str| ranges.iter().find(|(range, _)| range == wanted).map(|(_, weight)| *weight);
    said(media_type).or_else(|| said(&kind)).or_else(|| said("*/*")).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn sending(value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn json_must_be_acceptable_or_what_else_there_is() {
        let json = ["application/json"];
        assert!(accepts(&HeaderMap::new(), json));
        assert!(accepts(&sending("text/html, */*;q=0.1"), json));
        assert!(accepts(&sending("application/*"), json));
        assert!(!accepts(&sending("text/csv"), json));
        assert!(accepts(&sending("text/csv"), ["application/json", "text/csv"]));
        assert!(!accepts(&sending("application/json;q=0"), json));
    }

    #[test]
    fn what_is_liked_better_is_given() {
        let csv = |value| prefers(&sending(value), "text/csv", "application/json");
        assert!(csv("text/csv") && csv("text/csv, application/json;q=0.5") && csv("text/*"));
        assert!(!csv("*/*") && !csv("application/json") && !csv("text/csv;q=0.4, application/json;q=0.5"));
        assert!(!prefers(&HeaderMap::new(), "text/csv", "application/json"));
    }
}
