"""An identity provider of one's own on loopback: Authlib's OpenID Connect server, with PKCE demanded and keys that can be changed."""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from dataclasses import dataclass, field

import flask
import werkzeug.serving
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, OpenIDCode
from joserfc.jwk import ECKey, RSAKey

CLIENT, SECRET = "yucun desk", "s:cret/+"


@dataclass
class _Client(ClientMixin):
    redirect_uri: str

    def get_client_id(self):
        return CLIENT

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret):
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


@dataclass
class _Code(AuthorizationCodeMixin):
    code: str
    user: dict
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return None

    def get_acr(self):
        return None

    def get_amr(self):
        return None


@dataclass
class IdentityProvider:
    """The provider. ``person`` is who signs in next; ``lies`` are claims that it says instead of the right ones."""

    redirect_uri: str
    issuer: str = ""
    person: dict = field(
        default_factory=lambda: {
            "sub": "u-1",
            "name": "陈",
            "email": "chen@example.com",
            "email_verified": True,
        }
    )
    lies: dict = field(default_factory=dict)
    key: RSAKey | ECKey = None
    shown_keys: list | None = None
    codes: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)

    def change_keys(self, kind=RSAKey, kid=None):
        """From now on it signs with another key, and shows only that."""
        named = {"kid": kid or secrets.token_hex(4), "use": "sig"}
        self.key = kind.generate_key(2048 if kind is RSAKey else "P-256", named, private=True)

    def application(self):
        app = flask.Flask("provider")
        server = AuthorizationServer(
            app, query_client=lambda client_id: _Client(self.redirect_uri) if client_id == CLIENT else None,
            save_token=lambda token, request: None,
        )  # fmt: skip
        provider = self

        class Grant(grants.AuthorizationCodeGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

            def save_authorization_code(self, code, request):
                sent = request.payload.data
                provider.codes[code] = _Code(
                    code, request.user, sent["redirect_uri"], sent["scope"], sent.get("nonce"),
                    sent["code_challenge"], sent["code_challenge_method"],
                )  # fmt: skip

            def query_authorization_code(self, code, client):
                return provider.codes.get(code)

            def delete_authorization_code(self, authorization_code):
                provider.codes.pop(authorization_code.code, None)

            def authenticate_user(self, authorization_code):
                return authorization_code.user

        class Tokens(OpenIDCode):
            def exists_nonce(self, nonce, request):
                return False

            def generate_user_info(self, user, scope):
                return user

            def resolve_client_private_key(self, client):
                return provider.key

            def get_client_algorithm(self, client):
                return "RS256" if isinstance(provider.key, RSAKey) else "ES256"

            def get_encode_header(self, client):
                return {"alg": self.get_client_algorithm(client), "kid": provider.key.kid}

            def get_client_claims(self, client):
                return {"iss": provider.issuer}

            def encode_id_token(self, token, request):
                user, request.user = request.user, {**request.user, **provider.lies}
                try:
                    return super().encode_id_token(token, request)
                finally:
                    request.user = user

        server.register_grant(Grant, [Tokens(require_nonce=True), CodeChallenge(required=True)])

        @app.get("/.well-known/openid-configuration")
        def about():
            return {
                "issuer": provider.issuer,
                "authorization_endpoint": f"{provider.issuer}/authorize",
                "token_endpoint": f"{provider.issuer}/token",
                "jwks_uri": f"{provider.issuer}/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }

        @app.get("/keys")
        def keys():
            provider.asked.append("keys")
            shown = provider.shown_keys if provider.shown_keys is not None else [provider.key]
            return {"keys": [key.as_dict(private=False) for key in shown]}

        @app.get("/authorize")
        def authorize():
            grant = server.get_consent_grant(end_user=provider.person)
            return server.create_authorization_response(grant_user=dict(provider.person), grant=grant)

        @app.post("/token")
        def token():
            return server.create_token_response()

        return app


@contextlib.contextmanager
def running(redirect_uri):
    """The provider, on a port of its own, while the block lasts."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    provider = IdentityProvider(redirect_uri)
    provider.change_keys()
    with _insecure():
        server = werkzeug.serving.make_server("127.0.0.1", 0, provider.application(), threaded=True)
        provider.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@contextlib.contextmanager
def _insecure():
    """Authlib speaks only https unless it is told that this is no real provider."""
    import os

    before = os.environ.get("AUTHLIB_INSECURE_TRANSPORT")
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["AUTHLIB_INSECURE_TRANSPORT"]


def past(seconds):
    """An instant so long ago, as tokens have it."""
    return int(time.time()) - seconds
