//! Lists of small objects as people write them in one cell: 发明 ZL202010123456.2 已授权；实用新型 ….

use serde_json::{Value, json};

use super::cells::{split, word};
use crate::patents::{ApplicationNumber, PatentKind};
use crate::problem::FieldFault;
use crate::registry::words::{INTELLECTUAL_PROPERTY_KINDS, INTELLECTUAL_PROPERTY_STATUS};

/// Pieces of intellectual property: of each its kind, its number and where it stands, in any order.
///
/// # Errors
/// `format` for one whose kind is not told.
pub fn items(text: &str) -> Result<Value, FieldFault> {
    split(text, true).map(item).collect::<Result<Vec<_>, _>>().map(Value::from)
}

fn item(text: &str) -> Result<Value, FieldFault> {
    let (mut kind, mut status, mut number) = (None, None, Vec::new());
    for part in
        text.split(|c: char| c.is_whitespace() || matches!(c, ':' | '：' | '，' | ',')).filter(|part| !part.is_empty())
    {
        match (
            word(INTELLECTUAL_PROPERTY_KINDS, part.trim_end_matches("专利")),
            word(INTELLECTUAL_PROPERTY_STATUS, part),
        ) {
            (Ok(word), _) if kind.is_none() => kind = Some(word),
            (_, Ok(word)) if status.is_none() => status = Some(word),
            _ => number.push(part),
        }
    }
    let number = number.join(" ");
    let of_number = || ApplicationNumber::parse(&number).ok().and_then(|number| number.kind());
    let kind = kind.or_else(|| of_number().map(|kind| kind_of(kind).to_owned())).ok_or_else(no_kind)?;
    // ZL stands before the number of what was granted (ZC 0006-2003).
    let is_granted = number.to_ascii_uppercase().starts_with("ZL");
    let status = status.unwrap_or_else(|| if is_granted { "granted" } else { "applied" }.to_owned());
    let number = Some(number).filter(|number| !number.is_empty());
    Ok(json!({ "kind": kind, "number": number, "status": status }))
}

const fn kind_of(kind: PatentKind) -> &'static str {
    match kind {
        PatentKind::Invention => "invention",
        PatentKind::UtilityModel => "utility_model",
        PatentKind::Design => "design",
    }
}

fn no_kind() -> FieldFault {
    FieldFault::new(
        "format",
        "每项写明类型、号码、状态，如：发明 ZL202010123456.2 已授权；多项用分号隔开",
        "of each give kind, number and status, such as: invention ZL202010123456.2 granted; put semicolons between them",
    )
}

/// Files that lie elsewhere: of each its address, and before it what it is called.
///
/// # Errors
/// `format` for one without an address.
pub fn attachments(text: &str) -> Result<Value, FieldFault> {
    let attachment = |item: &str| {
        let place = item.find("http://").or_else(|| item.find("https://"))?;
        let (name, url) = item.split_at_checked(place)?;
        let name = name.trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '：'));
        let name = if name.is_empty() { url.rsplit('/').find(|part| !part.is_empty())? } else { name };
        Some(json!({ "name": name, "url": url }))
    };
    split(text, false).map(attachment).collect::<Option<Vec<_>>>().map(Value::from).ok_or_else(|| {
        FieldFault::new(
            "format",
            "每项写明名称和网址，如：说明书 https://…；多项用分号隔开",
            "of each give name and address, such as: manual https://…; put semicolons between them",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patents_are_read_as_people_write_them() {
        let read = items("发明专利 ZL202010123456.2 已授权；实用新型:202020123456.8；软件著作权 2020SR0000001 未登记")
            .expect("items");
        assert_eq!(
            read,
            json!([
                {"kind": "invention", "number": "ZL202010123456.2", "status": "granted"},
                {"kind": "utility_model", "number": "202020123456.8", "status": "applied"},
                {"kind": "software_copyright", "number": "2020SR0000001", "status": "unregistered"}
            ])
        );
        // A number tells its kind, and ZL that it was granted.
        let number = items("ZL202010123456.2").map_err(|fault| fault.code);
        assert_eq!(number, Ok(json!([{"kind": "invention", "number": "ZL202010123456.2", "status": "granted"}])));
        assert_eq!(items("一项专利").map_err(|fault| fault.code), Err("format"));
    }

    #[test]
    fn attachments_have_names_and_addresses() {
        let read = attachments("说明书：https://example.org/a.pdf\nhttps://example.org/b.pdf").expect("attachments");
        assert_eq!(read[0], json!({"name": "说明书", "url": "https://example.org/a.pdf"}));
        assert_eq!(read[1]["name"], "b.pdf");
        assert!(attachments("说明书").is_err());
    }
}
