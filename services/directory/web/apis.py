"""The OAuth endpoints as the published description shows them: what they take, what they say."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from services.directory.oauth import policy, registration
from services.kit.openapi import CLIENT, FORM, MANAGEMENT, Answer, Api, json

Text = Annotated[str, Meta(max_length=8_000)]


class OAuthError(Struct):
    """RFC 6749 section 5.2, RFC 7591 section 3.2.2."""

    error: str
    error_description: str = ""


class Authenticated(Struct, kw_only=True):
    """Clients with keys sign an assertion (RFC 7523); public clients only say who they are."""

    client_id: Text = ""
    client_assertion_type: Annotated[str, Meta(examples=["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"])] = (
        ""
    )
    client_assertion: Text = ""


class TokenForm(Authenticated, kw_only=True):
    """`scope` and `resource` (RFC 8707) for every grant, the others for theirs."""

    grant_type: Annotated[Text, Meta(examples=list(policy.GRANT_TYPES))]
    scope: Annotated[Text, Meta(examples=["directory:read", "directory:read directory:write"])] = ""
    resource: Annotated[Text, Meta(description="Where the token shall count, of `protected_resources`.")] = ""
    code: Text = ""
    redirect_uri: Text = ""
    code_verifier: Text = ""
    refresh_token: Text = ""


class AboutForm(Authenticated, kw_only=True):
    token: Text
    token_type_hint: Annotated[Text, Meta(examples=["access_token", "refresh_token"])] = ""


class Token(Struct):
    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str
    refresh_token: str = ""


class Introspected(Struct):
    """RFC 7662; nothing but `active: false` for a token that does not count or is not the client's."""

    active: bool
    token_type: str = ""
    client_id: str = ""
    sub: str = ""
    scope: str = ""
    exp: int = 0
    iat: int = 0
    iss: str = ""
    aud: str = ""
    jti: str = ""
    city: str = ""


class Registered(Struct):
    """The client information response (RFC 7591 section 3.2.1); the secrets are shown once."""

    client_id: str
    client_id_issued_at: int
    client_name: str
    status: Literal["pending", "active", "rejected", "suspended"]
    token_endpoint_auth_method: str
    grant_types: list[str]
    response_types: list[str]
    redirect_uris: list[str]
    scope: str
    registration_client_uri: str
    registration_access_token: str = ""
    client_secret: str = ""
    client_secret_expires_at: int = 0
    ags: str = ""
    reason: str = ""
    agreement: str = ""
    jwks: dict[str, Any] = {}
    jwks_uri: str = ""
    login_issuer: str = ""
    contacts: list[str] = []


class KeySet(Struct):
    """RFC 7517."""

    keys: list[dict[str, Any]]


class ServerMetadata(Struct):
    """RFC 8414."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    registration_endpoint: str
    revocation_endpoint: str
    introspection_endpoint: str
    jwks_uri: str
    scopes_supported: list[str]
    grant_types_supported: list[str]
    code_challenge_methods_supported: list[str]
    protected_resources: list[str]


class AuthorizationQuery(Struct):
    """RFC 6749 section 4.1.1, RFC 7636, RFC 8707."""

    response_type: Annotated[str, Meta(examples=["code"])]
    client_id: str
    redirect_uri: str
    code_challenge: str
    code_challenge_method: Annotated[str, Meta(examples=["S256"])]
    scope: str = ""
    state: str = ""
    resource: str = ""


_ERROR = json(OAuthError)
_CHALLENGE = json(OAuthError, "WWW-Authenticate")
_ASKED = {400: _ERROR, 401: _CHALLENGE, 413: _ERROR}
_MANAGED = {401: _CHALLENGE}
_ID = {"client_id": "The client that manages itself."}

AUTHORIZE = Api(
    "Ask a person to allow a client something",
    {200: Answer({"text/html": None}), 303: Answer({}, ("Location",))},
    query=AuthorizationQuery,
    problems=(422, 429),
)
TOKEN = Api(
    "Get an access token (RFC 6749)",
    {200: json(Token), **_ASKED},
    takes=TokenForm, media=FORM, by=(CLIENT, ""), problems=(429,),
)  # fmt: skip
REVOKE = Api(
    "Let a token end (RFC 7009)",
    {200: json(dict[str, Any]), **_ASKED},
    takes=AboutForm, media=FORM, by=(CLIENT, ""), problems=(429,),
)  # fmt: skip
INTROSPECT = Api(
    "Ask what a token of one's own is good for (RFC 7662)",
    {200: json(Introspected), **_ASKED},
    takes=AboutForm, media=FORM, by=(CLIENT, ""), problems=(429,),
)  # fmt: skip
REGISTER = Api(
    "Register a client of a city, which waits for a decision (RFC 7591)",
    {201: json(Registered), 400: _ERROR},
    takes=registration.Metadata,
    problems=(429,),
)
READ = Api(
    "Read a registration (RFC 7592)",
    {200: json(Registered), **_MANAGED}, by=(MANAGEMENT,), problems=(404, 429), described=_ID,
)  # fmt: skip
CHANGE = Api(
    "Replace what a client says of itself (RFC 7592)",
    {200: json(Registered), 400: _ERROR, 403: _ERROR, **_MANAGED},
    takes=registration.Change, by=(MANAGEMENT,), problems=(404, 429), described=_ID,
)  # fmt: skip
WITHDRAW = Api(
    "Leave (RFC 7592)",
    {204: Answer({}), **_MANAGED}, by=(MANAGEMENT,), problems=(404, 429), described=_ID,
)  # fmt: skip
KEYS = Api("The keys that sign access tokens", {200: json(KeySet)})
METADATA = Api("What the authorization server can do", {200: json(ServerMetadata)})
