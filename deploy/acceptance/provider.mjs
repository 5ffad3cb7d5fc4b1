// A town's login that nobody here wrote: npm's oidc-provider on loopback, with its own login and consent pages.
// PROVIDER_SETTINGS is JSON: {port, client, secret, redirect, people: {sub: claims}}. Prints its issuer once it listens.

import { generateKeyPairSync, randomBytes } from "node:crypto";

import Provider from "oidc-provider";

const { port, client, secret, redirect, people } = JSON.parse(process.env.PROVIDER_SETTINGS);
const issuer = `http://127.0.0.1:${port}`;
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: client,
      client_secret: secret,
      redirect_uris: [redirect],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  claims: { openid: ["sub", "groups"], profile: ["name"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false, // the hub asks no userinfo endpoint
  cookies: { keys: [randomBytes(32).toString("hex")] },
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256" }] },
  pkce: { required: () => true },
  findAccount: (_context, sub) =>
    people[sub] && { accountId: sub, claims: () => ({ sub, ...people[sub] }) },
});

provider.listen(port, "127.0.0.1", () => console.log(issuer));
