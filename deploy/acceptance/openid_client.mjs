// A city's client as openid-client plays it, from its registration to the end of its tokens:
//   node openid_client.mjs ISSUER AGS AGREEMENT private_key_jwt|client_secret_basic
// It asks whoever started it for what people do, a line of JSON each, and gets a line back:
//   {"ask": "approve", "client_id": …} → {}      {"ask": "browse", "url": …, "decision": "allow"} → {"url": …}
// The last line is {"done": {…}}; anything unexpected ends it with an error.

import assert from "node:assert/strict";
import readline from "node:readline";
import * as jose from "jose";
import * as client from "openid-client";

const [issuer, ags, agreement, method] = process.argv.slice(2);
const back = "http://127.0.0.1:9/back";
const scope = "directory:read directory:write";
const insecure = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ask(ask, more) {
  console.log(JSON.stringify({ ask, ...more }));
  const { value, done } = await lines.next();
  assert(!done, "nobody answers");
  return JSON.parse(value);
}

async function fails(error, promise) {
  await assert.rejects(promise, (thrown) => {
    assert.equal(thrown.error, error, thrown.stack);
    return true;
  });
}

// Who cannot authenticate is challenged, which openid-client tells in its own way.
async function stranger(promise) {
  await assert.rejects(promise, (thrown) => {
    assert.deepEqual([thrown.code, thrown.status], ["OAUTH_WWW_AUTHENTICATE_CHALLENGE", 401], thrown.stack);
    return true;
  });
}

async function keyPair(kid) {
  const { publicKey, privateKey } = await jose.generateKeyPair("ES256", { extractable: true });
  return { jwk: { ...(await jose.exportJWK(publicKey)), kid, use: "sig" }, key: privateKey, kid };
}

const signed = (pair) => client.PrivateKeyJwt({ key: pair.key, kid: pair.kid });
const withKeys = method === "private_key_jwt";

// Registration (RFC 7591), and waiting for a decision

const first = await keyPair("first");
const metadata = {
  client_name: `Digitalbüro ${method.replaceAll("_", " ")}`,
  ags,
  agreement,
  scope,
  token_endpoint_auth_method: method,
  grant_types: ["client_credentials", "authorization_code", "refresh_token"],
  response_types: ["code"],
  redirect_uris: [back],
  ...(withKeys ? { jwks: { keys: [first.jwk] } } : {}),
};
const authentication = withKeys ? signed(first) : client.ClientSecretBasic();
const registered = await client.dynamicClientRegistration(new URL(issuer), metadata, authentication, insecure);
const given = registered.clientMetadata();
assert.equal(given.status, "pending");
await fails("unauthorized_client", client.clientCredentialsGrant(registered));
await ask("approve", { client_id: given.client_id });

// Managing oneself (RFC 7592): a new key, or a new secret

const bearer = { authorization: `Bearer ${given.registration_access_token}` };
const read = await fetch(given.registration_client_uri, { headers: bearer });
assert.equal((await read.json()).status, "active");
const second = await keyPair("second");
const changed = await fetch(given.registration_client_uri, {
  method: "PUT",
  headers: { ...bearer, "content-type": "application/json" },
  body: JSON.stringify({
    ...metadata,
    client_id: given.client_id,
    ...(withKeys ? { jwks: { keys: [second.jwk] } } : { rotate_secret: true }),
  }),
});
assert.equal(changed.status, 200);
const { client_secret: secret } = await changed.json();
await stranger(client.clientCredentialsGrant(registered));
const config = await client.discovery(
  new URL(issuer), given.client_id, {}, withKeys ? signed(second) : client.ClientSecretBasic(secret), insecure,
);
const server = config.serverMetadata();
assert.equal(server.authorization_response_iss_parameter_supported, true);

// Client credentials, for the whole hub and for one of its services (RFC 8707)

const keys = jose.createRemoteJWKSet(new URL(server.jwks_uri));
const verified = async (token, audience) =>
  (await jose.jwtVerify(token, keys, { issuer, audience, typ: "at+jwt", algorithms: ["ES256"] })).payload;

const own = await client.clientCredentialsGrant(config, { scope: "directory:read" });
assert.deepEqual([own.token_type, own.expires_in, own.scope], ["bearer", 600, "directory:read"]);
const claims = await verified(own.access_token, issuer);
assert.deepEqual([claims.client_id, claims.sub, claims.city], [given.client_id, given.client_id, ags]);
const resource = server.protected_resources.find((one) => one.endsWith("/directory"));
const narrow = await client.clientCredentialsGrant(config, { resource });
await verified(narrow.access_token, resource);
await fails("invalid_target", client.clientCredentialsGrant(config, { resource: "https://elsewhere.example" }));
await fails("invalid_scope", client.clientCredentialsGrant(config, { scope: "hub:operate" }));

// A person's consent: authorization code with PKCE, and who answers (RFC 9207)

async function authorize(decision) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: back,
    scope,
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  const { url: answer } = await ask("browse", { url: url.href, decision });
  return [new URL(answer), { pkceCodeVerifier, expectedState }];
}

await fails("access_denied", client.authorizationCodeGrant(config, ...(await authorize("deny"))));
const [answer, checks] = await authorize("allow");
const mixedUp = new URL(answer);
mixedUp.searchParams.set("iss", "https://elsewhere.example");
await assert.rejects(client.authorizationCodeGrant(config, mixedUp, checks), ({ cause }) => /"iss"/.test(cause.message));
const tokens = await client.authorizationCodeGrant(config, answer, checks);
const person = await verified(tokens.access_token, issuer);
assert.notEqual(person.sub, given.client_id);
assert.deepEqual([person.client_id, person.city, person.scope], [given.client_id, ags, scope]);

// Refresh tokens rotate, and one that comes back ends the family

const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
assert.notEqual(renewed.refresh_token, tokens.refresh_token);
const introspected = await client.tokenIntrospection(config, renewed.access_token);
assert.deepEqual([introspected.active, introspected.sub], [true, person.sub]);
await fails("invalid_grant", client.refreshTokenGrant(config, tokens.refresh_token));
await fails("invalid_grant", client.refreshTokenGrant(config, renewed.refresh_token));
assert.deepEqual(await client.tokenIntrospection(config, renewed.access_token), { active: false });

// Revocation: an access token alone, and everything that a person allowed

await client.tokenRevocation(config, own.access_token, { token_type_hint: "access_token" });
assert.equal((await client.tokenIntrospection(config, own.access_token)).active, false);
assert.equal((await client.tokenIntrospection(config, narrow.access_token)).active, true);
const more = await client.authorizationCodeGrant(config, ...(await authorize("allow")));
assert.equal((await client.tokenIntrospection(config, more.refresh_token)).active, true);
await client.tokenRevocation(config, more.refresh_token);
assert.equal((await client.tokenIntrospection(config, more.refresh_token)).active, false);
assert.equal((await client.tokenIntrospection(config, more.access_token)).active, false);

// Leaving

assert.equal((await fetch(given.registration_client_uri, { method: "DELETE", headers: bearer })).status, 204);
const late = client.clientCredentialsGrant(config);
await (withKeys ? fails("unauthorized_client", late) : stranger(late)); // the secret is gone, the key is still known

console.log(JSON.stringify({ done: { client_id: given.client_id, subject: person.sub } }));
process.exit(0);
