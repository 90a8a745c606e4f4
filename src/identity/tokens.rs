//! Access tokens: JWTs (RFC 9068) signed with Ed25519, short-lived, verified without asking the database.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use ipnet::IpNet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::keys::Key;
use super::member::{Member, Role, Scope};

/// Seconds that a token is good for.
pub const LIFE: i64 = 10 * 60;

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
    /// How the caller showed who it is (RFC 8176).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    amr: Vec<String>,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expert: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<Uuid>,
    /// Scopes with blanks between them (RFC 6749, 3.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

impl Claims {
    fn of(member: &Member, issuer: &str, now: i64) -> Self {
        let partner = member.role == Role::Partner;
        let amr: &[&str] = match (partner, member.strong) {
            (true, _) => &[],
            (false, true) => &["pwd", "otp", "mfa"],
            (false, false) => &["pwd"],
        };
        Self {
            iss: issuer.to_owned(),
            aud: issuer.to_owned(),
            sub: member.user,
            iat: now,
            exp: now + LIFE,
            jti: Uuid::now_v7(),
            sid: member.session,
            amr: amr.iter().map(|word| (*word).to_owned()).collect(),
            role: member.role,
            organisation: member.organisation,
            expert: member.expert,
            partner: member.partner.clone(),
            client_id: partner.then_some(member.user),
            scope: partner.then(|| scope_list(&member.scopes)),
        }
    }

    fn into_member(self) -> Member {
        let scopes =
            self.scope.iter().flat_map(|scope| scope.split(' ')).filter_map(|word| Scope::parse(word).ok()).collect();
        Member {
            user: self.sub,
            session: self.sid,
            role: self.role,
            organisation: self.organisation,
            expert: self.expert,
            partner: self.partner,
            scopes,
            strong: self.amr.iter().any(|word| word == "mfa"),
        }
    }
}

/// Scopes as tokens and answers bear them.
#[must_use]
pub fn scope_list(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
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
    /// What partner sites may do now, whatever their tokens say.
    partners: RwLock<Arc<HashMap<Uuid, PartnerAccess>>>,
    /// The address of the service, which issues tokens for itself.
    issuer: String,
    validation: Validation,
}

/// What a partner site may do, and from where; from anywhere if no network is named.
#[derive(Clone)]
pub struct PartnerAccess {
    pub scopes: Vec<Scope>,
    pub networks: Vec<IpNet>,
}

impl PartnerAccess {
    /// Does the site call from this address?
    #[must_use]
    pub fn takes(&self, address: IpAddr) -> bool {
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(&address))
    }
}

/// What changes while a process runs.
#[derive(Default)]
pub struct News {
    pub keys: Vec<Key>,
    pub ended: HashSet<Uuid>,
    pub partners: HashMap<Uuid, PartnerAccess>,
}

impl Tokens {
    /// Tokens of a service at an address, signed with the first of the keys and verified by any.
    #[must_use]
    pub fn new(issuer: &str, keys: &[Key]) -> Self {
        // RFC 8725, 3.1: the algorithm is ours to say, never the token's.
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = 0;
        Self {
            keys: RwLock::new(Arc::new(Keyring::of(keys))),
            ended: RwLock::default(),
            partners: RwLock::default(),
            issuer: issuer.to_owned(),
            validation,
        }
    }

    /// Takes what is new in the database.
    pub fn renew(&self, news: News) {
        *self.keys.write() = Arc::new(Keyring::of(&news.keys));
        *self.ended.write() = Arc::new(news.ended);
        // Sites are never removed; one that was admitted a moment ago may not be in the news yet.
        Arc::make_mut(&mut self.partners.write()).extend(news.partners);
    }

    /// Who issues the tokens: the address of the service.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Refuses the tokens of sessions from now on, before the news of them comes back from the database.
    pub fn end_all(&self, sessions: impl IntoIterator<Item = Uuid>) {
        let mut ended = self.ended.write();
        Arc::make_mut(&mut ended).extend(sessions);
    }

    /// Knows what a partner site may do, before the news of it comes back from the database.
    pub fn admit(&self, site: Uuid, access: PartnerAccess) {
        Arc::make_mut(&mut self.partners.write()).insert(site, access);
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
        let claims = Claims::of(member, &self.issuer, now);
        let header = Header { kid: Some(id.to_string()), typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, &claims, key)
    }

    /// Who a token from an address speaks for; nothing if it is expired, forged, of an ended session, used from where its
    /// owner does not call from, of a partner site of which there is no news, or not a token at all.
    #[must_use]
    pub fn verify(&self, token: &str, address: IpAddr) -> Option<Member> {
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
        let mut member = claims.into_member();
        if member.role == Role::Partner {
            let partners = self.partners.read();
            let access = partners.get(&member.user).filter(|access| access.takes(address))?;
            member.scopes.retain(|scope| access.scopes.contains(scope));
        }
        Some(member)
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

    const HERE: &str = "https://duijie.example.com";
    const ANYWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn member() -> Member {
        Member {
            user: Uuid::now_v7(),
            session: Uuid::now_v7(),
            role: Role::Staff,
            organisation: None,
            expert: None,
            partner: None,
            scopes: Vec::new(),
            strong: true,
        }
    }

    fn key(id: Uuid, seed: u8) -> Result<Key, ed25519_dalek::pkcs8::Error> {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let private = Some(key.to_pkcs8_der()?.as_bytes().to_vec());
        Ok(Key { id, private, public: key.verifying_key().to_bytes().to_vec() })
    }

    #[test]
    fn a_token_speaks_for_whom_it_was_issued_and_only_under_its_own_key() -> Result<(), Box<dyn std::error::Error>> {
        let id = Uuid::now_v7();
        let (ours, theirs) = (Tokens::new(HERE, &[key(id, 1)?]), Tokens::new(HERE, &[key(id, 2)?]));
        let member = member();
        let token = ours.issue(&member)?;
        assert_eq!(ours.verify(&token, ANYWHERE), Some(member));
        assert_eq!(theirs.verify(&token, ANYWHERE), None);
        assert_eq!(ours.verify("not.a.token", ANYWHERE), None);
        Ok(())
    }

    #[test]
    fn a_retired_key_verifies_but_no_longer_signs() -> Result<(), Box<dyn std::error::Error>> {
        let (old, new) = (Uuid::now_v7(), Uuid::now_v7());
        let tokens = Tokens::new(HERE, &[key(old, 1)?]);
        let before = tokens.issue(&member())?;
        let both = vec![key(new, 2)?, Key { private: None, ..key(old, 1)? }];
        tokens.renew(News { keys: both, ..News::default() });
        assert!(tokens.verify(&before, ANYWHERE).is_some());
        let after = decode_header(tokens.issue(&member())?)?;
        assert_eq!(after.kid, Some(new.to_string()));
        tokens.renew(News { keys: vec![key(new, 2)?], ..News::default() });
        assert!(tokens.verify(&before, ANYWHERE).is_none());
        Ok(())
    }

    #[test]
    fn an_ended_session_has_no_good_token() -> Result<(), Box<dyn std::error::Error>> {
        let tokens = Tokens::new(HERE, &[key(Uuid::now_v7(), 1)?]);
        let member = member();
        let token = tokens.issue(&member)?;
        tokens.end_all([member.session]);
        assert_eq!(tokens.verify(&token, ANYWHERE), None);
        Ok(())
    }

    #[test]
    fn a_partner_may_what_it_may_now_and_only_from_its_networks() -> Result<(), Box<dyn std::error::Error>> {
        let id = Uuid::now_v7();
        let tokens = Tokens::new(HERE, &[key(id, 1)?]);
        let scopes = vec![Scope::ResultsRead, Scope::ResultsWrite];
        let site =
            Member { role: Role::Partner, partner: Some("省平台".to_owned()), scopes, strong: false, ..member() };
        let token = tokens.issue(&site)?;
        assert_eq!(tokens.verify(&token, ANYWHERE), None, "there is no news of it");
        tokens.admit(site.user, PartnerAccess { scopes: site.scopes.clone(), networks: Vec::new() });
        assert_eq!(tokens.verify(&token, ANYWHERE), Some(site.clone()));
        let access = |network: &str| -> Result<PartnerAccess, ipnet::AddrParseError> {
            Ok(PartnerAccess { scopes: vec![Scope::ResultsRead], networks: vec![network.parse()?] })
        };
        let renew = |access| -> Result<(), Box<dyn std::error::Error>> {
            let partners = HashMap::from([(site.user, access)]);
            tokens.renew(News { keys: vec![key(id, 1)?], partners, ..News::default() });
            Ok(())
        };
        renew(access("127.0.0.0/8")?)?;
        assert_eq!(tokens.verify(&token, ANYWHERE).map(|site| site.scopes), Some(vec![Scope::ResultsRead]));
        renew(access("203.0.113.0/24")?)?;
        assert_eq!(tokens.verify(&token, ANYWHERE), None);
        Ok(())
    }
}
