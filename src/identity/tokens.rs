//! Access tokens: JWTs signed with HS256 by keys that all processes on one database share.

use std::collections::HashMap;

use chrono::Utc;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::member::{Member, Role};

/// Seconds that a token is good for.
pub const LIFE: i64 = 30 * 60;

const ISSUER: &str = "duijie";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    iat: i64,
    exp: i64,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expert: Option<Uuid>,
}

/// Issues and verifies access tokens.
pub struct Tokens {
    newest: Uuid,
    keys: HashMap<Uuid, (EncodingKey, DecodingKey)>,
    validation: Validation,
}

impl Tokens {
    /// Tokens signed with the first of the keys and verified by any.
    #[must_use]
    pub fn new(keys: &[(Uuid, Vec<u8>)]) -> Option<Self> {
        let (newest, _) = keys.first()?;
        // RFC 8725, 3.1: the algorithm is ours to say, never the token's.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = 0;
        let pairs =
            keys.iter().map(|(id, secret)| (*id, (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret))));
        Some(Self { newest: *newest, keys: pairs.collect(), validation })
    }

    /// A token for someone who has shown who they are.
    ///
    /// # Errors
    /// What the signing library says.
    pub fn issue(&self, member: &Member) -> Result<String, jsonwebtoken::errors::Error> {
        let now = Utc::now().timestamp();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: member.user,
            iat: now,
            exp: now + LIFE,
            role: member.role,
            organisation: member.organisation,
            expert: member.expert,
        };
        let header = Header { kid: Some(self.newest.to_string()), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims, &self.keys[&self.newest].0)
    }

    /// Who a token speaks for; nothing if it is expired, forged, or not a token at all.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Member> {
        let kid = decode_header(token).ok()?.kid?;
        let (_, key) = self.keys.get(&Uuid::try_parse(&kid).ok()?)?;
        let claims = decode::<Claims>(token, key, &self.validation).ok()?.claims;
        Some(Member { user: claims.sub, role: claims.role, organisation: claims.organisation, expert: claims.expert })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member() -> Member {
        Member { user: Uuid::now_v7(), role: Role::Staff, organisation: None, expert: None }
    }

    fn tokens(id: Uuid, secret: u8) -> Option<Tokens> {
        Tokens::new(&[(id, vec![secret; 32])])
    }

    #[test]
    fn a_token_speaks_for_whom_it_was_issued_and_only_under_its_own_key() -> Result<(), Box<dyn std::error::Error>> {
        let id = Uuid::now_v7();
        let (ours, theirs) = (tokens(id, 1).ok_or("no key")?, tokens(id, 2).ok_or("no key")?);
        let member = member();
        let token = ours.issue(&member)?;
        assert_eq!(ours.verify(&token), Some(member));
        assert_eq!(theirs.verify(&token), None);
        assert_eq!(ours.verify("not.a.token"), None);
        Ok(())
    }
}
