//! A file as it goes out: to be saved, never shown in place.

use super::File;
use actix_web::HttpResponse;
use actix_web::http::header::{Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue};

/// The answer with a file. Its name goes as RFC 6266 and RFC 8187 have it, with one of ASCII for old programs.
#[must_use]
pub fn download(file: &File, content: Vec<u8>) -> HttpResponse {
    let ascii = |c: char| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' };
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![
            DispositionParam::Filename(file.name.chars().map(ascii).collect()),
            DispositionParam::FilenameExt(ExtendedValue {
                charset: Charset::Ext("UTF-8".to_owned()),
                language_tag: None,
                value: file.name.clone().into_bytes(),
            }),
        ],
    };
    HttpResponse::Ok().content_type(file.media_type.as_str()).insert_header(disposition).body(content)
}
