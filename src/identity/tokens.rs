//! Access tokens: JWTs (RFC 9068) signed with Ed25519, short-lived, verified without asking the database.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::keys::Key;
use super::member::{Member, Role};

/// Seconds that a token is good for.
pub const LIFE: i64 = 10 * 60;

const ISSUER: &str = "duijie";
/// RFC 9068, 2.1: what sets an access token apart from every other JWT (RFC 8725, 3.11).
const TYPE: &str = "at+jwt";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    iat: i64,
    exp: i64,
    jti: Uuid,
    /// The session.
    sid: Uuid,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expert: Option<Uuid>,
}

/// A public key (RFC 7517, RFC 8037).
#[derive(Clone, Serialize, ToSchema)]
pub struct PublicKey {
    #[schema(example = "OKP", max_length = 10)]
    kty: &'static str,
    #[schema(example = "Ed25519", max_length = 10)]
    crv: &'static str,
    #[schema(example = "EdDSA", max_length = 10)]
    alg: &'static str,
    #[serde(rename = "use")]
    #[schema(example = "sig", max_length = 10)]
    usage: &'static str,
    kid: Uuid,
    /// The key in base64url.
    #[schema(max_length = 43)]
    x: String,
}

/// The keys at one moment.
struct Keyring {
    signing: Option<(Uuid, EncodingKey)>,
    verifying: HashMap<Uuid, DecodingKey>,
    public: Vec<PublicKey>,
}

/// Issues and verifies access tokens. What it knows of keys and ended sessions is renewed while it is used.
pub struct Tokens {
    keys: RwLock<Arc<Keyring>>,
    /// Sessions that ended while a token of theirs may still be good.
    ended: RwLock<Arc<HashSet<Uuid>>>,
    validation: Validation,
}

impl Tokens {
    /// Tokens signed with the first of the keys and verified by any.
    #[must_use]
    pub fn new(keys: &[Key]) -> Self {
        // RFC 8725, 3.1: the algorithm is ours to say, never the token's.
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = 0;
        Self { keys: RwLock::new(Arc::new(Keyring::of(keys))), ended: RwLock::default(), validation }
    }

    /// Takes other keys and the sessions that have ended.
    pub fn renew(&self, keys: &[Key], ended: HashSet<Uuid>) {
        *self.keys.write() = Arc::new(Keyring::of(keys));
        *self.ended.write() = Arc::new(ended);
    }

    /// Refuses a session's tokens from now on, before the news of it comes back from the database.
    pub fn end(&self, session: Uuid) {
        let mut ended = self.ended.write();
        Arc::make_mut(&mut ended).insert(session);
    }

    /// The keys that verify tokens.
    #[must_use]
    pub fn public_keys(&self) -> Vec<PublicKey> {
        self.keys.read().public.clone()
    }

    /// A token for someone who has shown who they are.
    ///
    /// # Errors
    /// What the signing library says.
    pub fn issue(&self, member: &Member) -> Result<String, jsonwebtoken::errors::Error> {
        let keys = Arc::clone(&self.keys.read());
        let (id, key) = keys.signing.as_ref().ok_or(jsonwebtoken::errors::ErrorKind::InvalidEddsaKey)?;
        let now = Utc::now().timestamp();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: member.user,
            iat: now,
            exp: now + LIFE,
            jti: Uuid::now_v7(),
            sid: member.session,
            role: member.role,
            organisation: member.organisation,
            expert: member.expert,
        };
        let header = Header { kid: Some(id.to_string()), typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, &claims, key)
    }

    /// Who a token speaks for; nothing if it is expired, forged, of an ended session, or not a token at all.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Member> {
        let header = decode_header(token).ok()?;
        if header.typ.as_deref() != Some(TYPE) {
            return None;
        }
        let keys = Arc::clone(&self.keys.read());
        let key = keys.verifying.get(&Uuid::try_parse(&header.kid?).ok()?)?;
        let claims = decode::<Claims>(token, key, &self.validation).ok()?.claims;
        if self.ended.read().contains(&claims.sid) {
            return None;
        }
        Some(Member {
            user: claims.sub,
            session: claims.sid,
            role: claims.role,
            organisation: claims.organisation,
            expert: claims.expert,
        })
    }
}

impl Keyring {
    fn of(keys: &[Key]) -> Self {
        let signing = keys.iter().find_map(|key| Some((key.id, EncodingKey::from_ed_der(key.private.as_deref()?))));
        let verifying = keys.iter().map(|key| (key.id, DecodingKey::from_ed_der(&key.public)));
        let public = keys.iter().map(|key| PublicKey {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            usage: "sig",
            kid: key.id,
            x: URL_SAFE_NO_PAD.encode(&key.public),
        });
        Self { signing, verifying: verifying.collect(), public: public.collect() }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use ed25519_dalek::pkcs8::EncodePrivateKey;

    use super::*;

    fn member() -> Member {
        Member { user: Uuid::now_v7(), session: Uuid::now_v7(), role: Role::Staff, organisation: None, expert: None }
    }

    fn key(id: Uuid, seed: u8) -> Result<Key, ed25519_dalek::pkcs8::Error> {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let private = Some(key.to_pkcs8_der()?.as_bytes().to_vec());
        Ok(Key { id, private, public: key.verifying_key().to_bytes().to_vec() })
    }

    #[test]
    fn a_token_speaks_for_whom_it_was_issued_and_only_under_its_own_key() -> Result<(), Box<dyn std::error::Error>> {
        let id = Uuid::now_v7();
        let (ours, theirs) = (Tokens::new(&[key(id, 1)?]), Tokens::new(&[key(id, 2)?]));
        let member = member();
        let token = ours.issue(&member)?;
        assert_eq!(ours.verify(&token), Some(member));
        assert_eq!(theirs.verify(&token), None);
        assert_eq!(ours.verify("not.a.token"), None);
        Ok(())
    }

    #[test]
    fn a_retired_key_verifies_but_no_longer_signs() -> Result<(), Box<dyn std::error::Error>> {
        let (old, new) = (Uuid::now_v7(), Uuid::now_v7());
        let tokens = Tokens::new(&[key(old, 1)?]);
        let before = tokens.issue(&member())?;
        tokens.renew(&[key(new, 2)?, Key { private: None, ..key(old, 1)? }], HashSet::new());
        assert!(tokens.verify(&before).is_some());
        let after = decode_header(tokens.issue(&member())?)?;
        assert_eq!(after.kid, Some(new.to_string()));
        tokens.renew(&[key(new, 2)?], HashSet::new());
        assert!(tokens.verify(&before).is_none());
        Ok(())
    }

    #[test]
    fn an_ended_session_has_no_good_token() -> Result<(), Box<dyn std::error::Error>> {
        let tokens = Tokens::new(&[key(Uuid::now_v7(), 1)?]);
        let member = member();
        let token = tokens.issue(&member)?;
        tokens.end(member.session);
        assert_eq!(tokens.verify(&token), None);
        Ok(())
    }
}
