//! A file as it comes in: the body of a request, whole.

use actix_web::http::header;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, web::Payload};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::kinds::media_type;
use super::name::FileName;
use crate::http::read_bytes;
use crate::problem::{Answer, FieldFault, Kind, Problem};

/// Bytes of a file, at most.
pub const MOST_BYTES: usize = 10 * 1024 * 1024;

/// A file that was taken.
pub struct Upload {
    pub name: FileName,
    pub media_type: &'static str,
    pub content: Bytes,
}

impl Upload {
    /// Reads the body of a request as a file of this name.
    ///
    /// # Errors
    /// `unsupported-media-type`, `payload-too-large`, or `file_type` for what is not what its name says.
    pub async fn read(name: FileName, request: &HttpRequest, payload: Payload) -> Answer<Self> {
        let declared = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let declared = declared.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !declared.eq_ignore_ascii_case("application/octet-stream") {
            return Err(Problem::new(Kind::UnsupportedMediaType)
                .saying("请以 application/octet-stream 发送", "send application/octet-stream"));
        }
        let content = read_bytes(payload, MOST_BYTES).await?;
        let (ending, looked_at) = (name.ending(), content.clone());
        let found = web::block(move || media_type(&ending, &looked_at)).await.map_err(Problem::internal)?;
        let media_type = found.ok_or_else(|| {
            let fault = FieldFault::new("file_type", "内容与文件名的类型不符", "the content is not what its name says");
            Problem::invalid_field("", fault)
        })?;
        Ok(Self { name, media_type, content })
    }
}

/// The bytes of a file, as the contract describes them.
pub struct FileBytes;

impl PartialSchema for FileBytes {
    fn schema() -> RefOr<Schema> {
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(binary)).into()
    }
}
impl ToSchema for FileBytes {}
