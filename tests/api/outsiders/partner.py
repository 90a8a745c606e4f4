"""A partner site in the words of libraries that others wrote: Authlib as the client, PyJWT as the verifier."""

import os
import sys

import jwt
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

address, client_id = sys.argv[1:]
secret = os.environ["CLIENT_SECRET"]

metadata = AuthorizationServerMetadata(
    requests.get(f"{address}/.well-known/oauth-authorization-server", timeout=10).json()
)
# All rules of RFC 8414 but those that want TLS and an authorization endpoint, which this server has no use for.
for rule in ("token_endpoint_auth_methods_supported", "scopes_supported", "grant_types_supported"):
    getattr(metadata, f"validate_{rule}")()
assert metadata["issuer"] == address

for method in ("client_secret_basic", "client_secret_post"):
    client = OAuth2Session(client_id, secret, scope="results:read", token_endpoint_auth_method=method)
    token = client.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert token["token_type"] == "Bearer" and token["scope"] == "results:read", token
    results = client.get(f"{address}/v1/results", timeout=10)
    assert results.status_code == 200 and results.json()["items"], results.text
    beyond = client.get(f"{address}/v1/search?q=x", timeout=10)
    assert beyond.status_code == 403 and 'scope="matches:read"' in beyond.headers["WWW-Authenticate"], beyond.text

    key = jwt.PyJWKClient(metadata["jwks_uri"]).get_signing_key_from_jwt(token["access_token"])
    required = {"require": ["iss", "aud", "sub", "exp", "iat", "jti"]}
    claims = jwt.decode(
        token["access_token"], key, algorithms=["EdDSA"], issuer=address, audience=address, options=required
    )
    assert claims["client_id"] == client_id and claims["scope"] == "results:read", claims
    assert 590 <= claims["exp"] - claims["iat"] <= 600, claims
    assert jwt.get_unverified_header(token["access_token"])["typ"] == "at+jwt"
    for wrong in ({"audience": "elsewhere", "issuer": address}, {"audience": address, "issuer": "elsewhere"}):
        try:
            jwt.decode(token["access_token"], key, algorithms=["EdDSA"], **wrong)
        except jwt.InvalidTokenError:
            continue
        raise AssertionError(f"verified though {wrong}")

stranger = OAuth2Session(client_id, "another secret", token_endpoint_auth_method="client_secret_basic")
try:
    stranger.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
except OAuthError as refused:
    assert refused.error == "invalid_client", refused
else:
    raise AssertionError("a wrong secret got a token")
