//! Policies: cut into clauses, fitted to firms, told, attached and fed.

mod clauses;
mod feeds;
mod files;
mod fitting;
mod presentation;

use serde_json::{Value, json};

use crate::harness::{Answer, Client};

/// A published policy of the county.
fn policy(title: &str, body: &str) -> Value {
    json!({"title": title, "level": "county", "issuer": "南皮县人民政府", "document_number": "南政字〔2026〕8号",
           "published_on": "2026-03-01", "body": body, "status": "published"})
}

/// A field of all items of a list.
fn each(answer: &Answer, field: &str) -> Vec<Value> {
    let items = answer.expect(200)["items"].as_array().expect("items");
    items.iter().map(|item| item[field].clone()).collect()
}

/// All items of a list, page by page.
async fn all(client: &Client, path: &str, limit: usize) -> Vec<Value> {
    let mut items = Vec::new();
    let mut next = format!("{path}{}limit={limit}", if path.contains('?') { '&' } else { '?' });
    let first = next.clone();
    loop {
        let page = client.get(&next).await;
        items.extend(page.expect(200)["items"].as_array().expect("items").iter().cloned());
        match page.body["next_cursor"].as_str() {
            Some(cursor) => next = format!("{first}&cursor={cursor}"),
            None => return items,
        }
    }
}
