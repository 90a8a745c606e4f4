//! The operations of the contract by address and method, each with its rule.

use std::sync::Arc;

use actix_web::http::Method;
use matchit::Router;

use super::Rule;

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: Arc<str>,
    pub method: Method,
    /// What it answers with where all went well.
    pub media_types: Vec<String>,
    pub rule: &'static Rule,
}

/// Every address of the contract and what it takes.
pub struct Operations {
    addresses: Vec<Address>,
    /// The place of each among the addresses. One that is said letter by letter goes before one with a name in that place.
    places: Router<usize>,
}

struct Address {
    template: String,
    operations: Vec<Operation>,
    methods: Vec<Method>,
}

impl Operations {
    /// By templates of addresses, such as `/v1/results/{id}`.
    #[must_use]
    pub fn new(by_template: Vec<(String, Vec<Operation>)>) -> Self {
        let addresses = by_template.into_iter().map(|(template, operations)| {
            let mut methods: Vec<Method> = operations.iter().map(|operation| operation.method.clone()).collect();
            if let Some(get) = methods.iter().position(|method| *method == Method::GET) {
                methods.insert(get + 1, Method::HEAD);
            }
            methods.push(Method::OPTIONS);
            Address { template, operations, methods }
        });
        let addresses: Vec<Address> = addresses.collect();
        let mut places = Router::new();
        for (place, address) in addresses.iter().enumerate() {
            // One that is not there is closed to everyone.
            if let Err(error) = places.insert(address.template.as_str(), place) {
                tracing::error!(%error, address.template, "two templates for one address");
            }
        }
        Self { addresses, places }
    }

    /// The methods that an address takes; none if there is no such address.
    #[must_use]
    pub fn methods(&self, address: &str) -> &[Method] {
        self.at(address).map_or(&[], |found| &found.methods)
    }

    /// The operation of a request, and the record that its address names.
    #[must_use]
    pub fn find<'a>(&self, method: &Method, address: &'a str) -> Option<(&Operation, Option<&'a str>)> {
        let found = self.at(address)?;
        let operation = found.operations.iter().find(|operation| operation.method == *method)?;
        let place = found.template.split('/').position(|part| part == "{id}");
        Some((operation, place.and_then(|place| address.split('/').nth(place))))
    }

    /// Every operation with the template of its address.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Operation)> {
        self.addresses
            .iter()
            .flat_map(|address| address.operations.iter().map(move |operation| (address.template.as_str(), operation)))
    }

    fn at(&self, address: &str) -> Option<&Address> {
        self.places.at(address).ok().and_then(|found| self.addresses.get(*found.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::rules;

    #[test]
    fn an_address_has_the_operations_of_its_template() {
        let operation =
            |id: &str, method| Operation { id: id.into(), method, media_types: Vec::new(), rule: &rules()[0] };
        let operations = Operations::new(vec![
            ("/v1/results".to_owned(), vec![operation("list", Method::GET), operation("create", Method::POST)]),
            ("/v1/results/{id}".to_owned(), vec![operation("delete", Method::DELETE)]),
            ("/v1/results/newest".to_owned(), vec![operation("newest", Method::GET)]),
        ]);
        assert_eq!(operations.methods("/v1/results"), [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS]);
        assert_eq!(operations.methods("/v1/results/x"), [Method::DELETE, Method::OPTIONS]);
        assert!(operations.methods("/v1/results/").is_empty());
        assert!(operations.methods("/v2/results").is_empty());
        let found = |method, address| operations.find(&method, address).map(|(operation, id)| (&*operation.id, id));
        assert_eq!(found(Method::DELETE, "/v1/results/x"), Some(("delete", Some("x"))));
        assert_eq!(found(Method::GET, "/v1/results/newest"), Some(("newest", None)));
        assert_eq!(found(Method::DELETE, "/v1/results/newest"), None);
    }
}
