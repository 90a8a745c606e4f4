//! What a file is, by its bytes: the endings of its name that fit, and its media type.

use std::io::Cursor;

use zip::ZipArchive;

/// The first bytes of a compound document, as offices wrote them before 2007.
const COMPOUND: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// Endings that are taken, each with its media type.
pub const KINDS: [(&str, &str); 14] = [
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("ofd", "application/ofd"),
    ("doc", "application/msword"),
    ("xls", "application/vnd.ms-excel"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
];

/// The media type of a file, if its bytes are what the ending of its name says.
#[must_use]
pub fn media_type(ending: &str, bytes: &[u8]) -> Option<&'static str> {
    let (_, media_type) = KINDS.into_iter().find(|(known, _)| *known == ending)?;
    let fits = match ending {
        "pdf" => bytes.starts_with(b"%PDF-"),
        "png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        "jpg" | "jpeg" => bytes.starts_with(&[0xFF, 0xD8, 0xFF]),
        "webp" => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
        "docx" => is_package(bytes, "word/document.xml"),
        "xlsx" => is_package(bytes, "xl/workbook.xml"),
        "pptx" => is_package(bytes, "ppt/presentation.xml"),
        "ofd" => is_package(bytes, "OFD.xml"),
        "doc" | "xls" | "ppt" => bytes.starts_with(COMPOUND),
        "txt" | "csv" => is_text(bytes),
        _ => false,
    };
    fits.then_some(media_type)
}

/// A ZIP archive with its main part (ECMA-376; GB/T 33190) and without macros. Only its directory is read.
fn is_package(bytes: &[u8], part: &str) -> bool {
    let Ok(archive) = ZipArchive::new(Cursor::new(bytes)) else { return false };
    // A name that cannot be read may be that of macros.
    let is_harmless = |name: &str| !name.to_ascii_lowercase().ends_with("vbaproject.bin");
    archive.index_for_name(part).is_some() && archive.file_names().all(|name| name.is_ok_and(|name| is_harmless(&name)))
}

/// UTF-8 without control characters but those of lines.
fn is_text(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn package(parts: &[&str]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for part in parts {
            writer.start_file(*part, SimpleFileOptions::default()).expect("a part");
            writer.write_all(b"<x/>").expect("its bytes");
        }
        writer.finish().expect("an archive").into_inner()
    }

    #[test]
    fn a_file_is_what_its_bytes_say() {
        let word = package(&["[Content_Types].xml", "word/document.xml"]);
        for (ending, bytes) in [
            ("pdf", b"%PDF-1.7\n".as_slice()),
            ("png", b"\x89PNG\r\n\x1a\n\0\0"),
            ("jpeg", b"\xFF\xD8\xFF\xE0"),
            ("webp", b"RIFF\x10\0\0\0WEBPVP8 "),
            ("docx", &word),
            ("ofd", &package(&["OFD.xml"])),
            ("xls", COMPOUND),
            ("txt", "会谈纪要\r\n".as_bytes()),
        ] {
            assert!(media_type(ending, bytes).is_some(), "{ending}");
            for (other, _) in KINDS.iter().filter(|(other, _)| media_type(other, b"%PDF-").is_none()) {
                let alike = [("jpeg", "jpg"), ("xls", "doc"), ("xls", "ppt"), ("txt", "csv")];
                let fits = media_type(other, bytes).is_some();
                assert_eq!(fits, *other == ending || alike.contains(&(ending, *other)), "{ending} as {other}");
            }
        }
    }

    #[test]
    fn what_runs_or_is_nothing_is_not_taken() {
        let macros = package(&["[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"]);
        for (ending, bytes) in [
            ("docx", macros.as_slice()),
            ("exe", b"MZ\x90\0"),
            ("html", b"<script>alert(1)</script>"),
            ("svg", b"<svg onload='alert(1)'/>"),
            ("pdf", b"<script>alert(1)</script>"),
            ("txt", b"MZ\x90\0"),
            ("txt", b""),
            ("png", b""),
            ("docx", b"PK\x03\x04"),
        ] {
            assert_eq!(media_type(ending, bytes), None, "{ending}");
        }
    }
}
