//! Answers as the protocol wants them (sections 3.2 and 4).

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::arguments::{Fault, Given, Whole};
use super::dublin_core;
use super::{MetadataFormat, fields};
use crate::http::Xml;
use crate::registry::Kind;
use crate::registry::public::Names;

const NAMESPACE: &str = "http://www.openarchives.org/OAI/2.0/";
const SCHEMA: &str = "http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd";

/// What the service is called by harvesters.
pub struct Repository {
    pub name: String,
    pub email: String,
    pub address: String,
    pub earliest: DateTime<Utc>,
}

/// A record as it is told: without what it says if it is gone.
pub struct Told {
    pub id: Uuid,
    pub kind: Kind,
    pub changed_at: DateTime<Utc>,
    pub sets: Vec<String>,
    pub record: Option<Value>,
}

/// What answers a request.
pub enum Body {
    Identify(Repository),
    Formats,
    Sets(Vec<(String, String)>),
    Record(Told, MetadataFormat, Names),
    List { whole: Whole, format: MetadataFormat, items: Vec<Told>, names: Names, token: Option<Resumption> },
}

/// How a list goes on: the token, empty at the end of a list that needed some, and how many were given before.
pub struct Resumption {
    pub token: String,
    pub cursor: u64,
}

/// The address of the service, and the moment of the answer.
pub struct Frame<'a> {
    pub base: &'a str,
    pub date: DateTime<Utc>,
    pub given: &'a Given,
}

#[must_use]
pub fn second(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The identifier of a record: its UUID as a URN (RFC 9562), whatever address the service has.
#[must_use]
pub fn identifier(id: Uuid) -> String {
    format!("urn:uuid:{id}")
}

/// The answer as a document.
#[must_use]
pub fn written(frame: &Frame<'_>, body: Result<Body, Fault>) -> String {
    let mut xml = Xml::document();
    let location = format!("{NAMESPACE} {SCHEMA}");
    let attributes = [
        ("xmlns", NAMESPACE),
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
        ("xsi:schemaLocation", location.as_str()),
    ];
    xml.element("OAI-PMH", &attributes, |xml| {
        xml.text("responseDate", &second(frame.date));
        // What was asked is not repeated where it cannot be trusted.
        let is_trusted = body.as_ref().err().is_none_or(|fault| !matches!(fault.code, "badVerb" | "badArgument"));
        let given = frame.given.iter().filter(|_| is_trusted);
        let given: Vec<(&str, &str)> = given.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        xml.element("request", &given, |xml| xml.characters(&format!("{}/oai", frame.base)));
        match body {
            Ok(body) => write_body(xml, frame, &body),
            Err(fault) => xml.element("error", &[("code", fault.code)], |xml| xml.characters(&fault.detail)),
        }
    });
    xml.finish()
}

fn write_body(xml: &mut Xml, frame: &Frame<'_>, body: &Body) {
    match body {
        Body::Identify(repository) => xml.element("Identify", &[], |xml| identify(xml, repository)),
        Body::Formats => xml.element("ListMetadataFormats", &[], |xml| {
            let schema = schema_address(frame.base);
            format(xml, MetadataFormat::DublinCore, dublin_core::SCHEMA, dublin_core::NAMESPACE);
            format(xml, MetadataFormat::Fields, &schema, fields::NAMESPACE);
        }),
        Body::Sets(sets) => xml.element("ListSets", &[], |xml| {
            for (spec, name) in sets {
                xml.element("set", &[], |xml| {
                    xml.text("setSpec", spec);
                    xml.text("setName", name);
                });
            }
        }),
        Body::Record(told, format, names) => {
            xml.element("GetRecord", &[], |xml| record(xml, frame, told, *format, names));
        }
        Body::List { whole, format, items, names, token } => {
            let name = if *whole == Whole::Records { "ListRecords" } else { "ListIdentifiers" };
            xml.element(name, &[], |xml| {
                for told in items {
                    match whole {
                        Whole::Records => record(xml, frame, told, *format, names),
                        Whole::Headers => header(xml, told),
                    }
                }
                if let Some(resumption) = token {
                    let cursor = resumption.cursor.to_string();
                    xml.element("resumptionToken", &[("cursor", &cursor)], |xml| xml.characters(&resumption.token));
                }
            });
        }
    }
}

fn identify(xml: &mut Xml, repository: &Repository) {
    xml.text("repositoryName", &repository.name);
    xml.text("baseURL", &repository.address);
    xml.text("protocolVersion", "2.0");
    xml.text("adminEmail", &repository.email);
    xml.text("earliestDatestamp", &second(repository.earliest));
    xml.text("deletedRecord", "persistent");
    xml.text("granularity", "YYYY-MM-DDThh:mm:ssZ");
    xml.text("compression", "gzip");
}

fn format(xml: &mut Xml, format: MetadataFormat, schema: &str, namespace: &str) {
    xml.element("metadataFormat", &[], |xml| {
        xml.text("metadataPrefix", format.as_str());
        xml.text("schema", schema);
        xml.text("metadataNamespace", namespace);
    });
}

fn header(xml: &mut Xml, told: &Told) {
    let gone: &[(&str, &str)] = if told.record.is_some() { &[] } else { &[("status", "deleted")] };
    xml.element("header", gone, |xml| {
        xml.text("identifier", &identifier(told.id));
        xml.text("datestamp", &second(told.changed_at));
        for set in &told.sets {
            xml.text("setSpec", set);
        }
    });
}

fn record(xml: &mut Xml, frame: &Frame<'_>, told: &Told, format: MetadataFormat, names: &Names) {
    xml.element("record", &[], |xml| {
        header(xml, told);
        let Some(record) = &told.record else { return };
        xml.element("metadata", &[], |xml| match format {
            MetadataFormat::DublinCore => {
                let address = format!("{}/v1/{}/{}", frame.base, told.kind.plural(), told.id);
                dublin_core::write(xml, told.kind, record, names, &address);
            }
            MetadataFormat::Fields => fields::write(xml, told.kind, record, &schema_address(frame.base)),
        });
    });
}

/// Where the schema of the own format is read.
#[must_use]
pub fn schema_address(base: &str) -> String {
    format!("{base}/oai/duijie.xsd")
}
