// The federation router of the split deployment; start it with `npx hive-gateway supergraph`.
//
//   ROUTER_HOST        127.0.0.1; 0.0.0.0 inside a container
//   ROUTER_PORT        4000
//   ROUTER_SUPERGRAPH  supergraph.graphql beside this file
//   ROUTER_SUBGRAPHS   directory=URL,events=URL: where subgraphs live, if not where the supergraph says
//   ROUTER_TIMEOUT_MS  20000: the longest wait for a subgraph's answer (subscriptions have no limit)
//   ROUTER_LOG         warn
//   ROUTER_DOCUMENTS   documents.json beside this file: trusted documents, an object from SHA-256 to query
//   ROUTER_DOCUMENTS_POLICY
//                      off; allowed: clients may name them by their hash; only: without an access token nothing else runs
//   ROUTER_INTROSPECTION
//                      known: the graph tells its schema to those with an access token; or everybody, or nobody. Unless
//                      it is nobody, everybody reads the schema at /schema.graphql and /schema.json
//   ROUTER_SCHEMA      schema.graphql beside this file
//
// The gateway reports to nobody here: usage reporting, tracing and supergraph polling from a URL stay unconfigured.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "@graphql-hive/gateway";
import { buildSchema, GraphQLError, introspectionFromSchema } from "graphql";

const env = process.env;
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const curiosity = env.ROUTER_INTROSPECTION ?? "known";
const timeout = Number(env.ROUTER_TIMEOUT_MS ?? 20_000);

const overrides = (env.ROUTER_SUBGRAPHS ?? "").split(",").filter(Boolean);
const locations = overrides.map((entry) => {
  const at = entry.indexOf("=");
  return [entry.slice(0, at), { location: entry.slice(at + 1) }];
});

// As `services/kit/documents.py` has it for a hub in one process: nothing is learnt from clients.
function trustedDocuments(policy) {
  if (policy === "off") return undefined;
  if (!["allowed", "only"].includes(policy)) throw new Error("ROUTER_DOCUMENTS_POLICY takes off, allowed or only");
  const texts = new Map(Object.entries(JSON.parse(readFileSync(env.ROUTER_DOCUMENTS ?? here("documents.json"), "utf8"))));
  return {
    getPersistedOperation: (hash) => texts.get(hash) ?? null,
    extractPersistedOperationId: ({ documentId, extensions }) =>
      (documentId ?? extensions?.persistedQuery?.sha256Hash)?.replace(/^sha256:/, "").toLowerCase() ?? null,
    allowArbitraryDocuments: policy === "allowed" ? true : (request) => request.headers.has("authorization"),
  };
}

const refused = (status, detail, fetchAPI) =>
  new fetchAPI.Response(JSON.stringify({ status, detail }), {
    status,
    headers: { "content-type": "application/problem+json" },
  });

// Links, images and scripts in pages of others name no JSON, and do not fetch as scripts do: `services/kit/graphql/calls.py`.
const meant = ({ headers }) =>
  /application\/(graphql-response\+)?json/.test(headers.get("accept") ?? "") ||
  ["cors", "same-origin"].includes(headers.get("sec-fetch-mode"));

// A form on somebody else's page cannot send JSON without being asked first.
const sendsJson = ({ headers }) =>
  /^application\/(graphql-response\+)?json\s*(;|$)/i.test(headers.get("content-type") ?? "");

function onlyMeant({ request, url, fetchAPI, endResponse }) {
  if (url.pathname !== "/graphql") return;
  if (request.method === "GET" && !meant(request)) {
    endResponse(refused(406, "Please name in Accept what you read: application/json.", fetchAPI));
  } else if (request.method === "POST" && !sendsJson(request)) {
    endResponse(refused(415, "Please send the query as JSON: Content-Type: application/json", fetchAPI));
  }
}

// What a hub in one process has at these addresses: `services/kit/about.py`.
const schemas = {
  "/schema.graphql": { type: "text/plain; charset=utf-8", write: (text) => text },
  "/schema.json": {
    type: "application/json",
    write: (text) => JSON.stringify({ data: introspectionFromSchema(buildSchema(text)) }),
  },
};

function schemaTold({ request, url, fetchAPI, endResponse }) {
  const told = schemas[url.pathname];
  if (!told || curiosity === "nobody" || !["GET", "HEAD"].includes(request.method)) return;
  told.body ??= told.write(readFileSync(env.ROUTER_SCHEMA ?? here("schema.graphql"), "utf8"));
  told.etag ??= `"${createHash("sha256").update(told.body).digest("hex").slice(0, 32)}"`;
  const headers = { "content-type": told.type, "cache-control": "public, no-cache", etag: told.etag };
  const unchanged = (request.headers.get("if-none-match") ?? "").includes(told.etag);
  const body = unchanged || request.method === "HEAD" ? null : told.body;
  endResponse(new fetchAPI.Response(body, { status: unchanged ? 304 : 200, headers }));
}

function introspection(policy) {
  if (!["known", "everybody", "nobody"].includes(policy)) {
    throw new Error("ROUTER_INTROSPECTION takes known, everybody or nobody");
  }
  if (policy === "everybody") return {};
  if (policy === "nobody") return { disableIntrospection: { disableIf: () => true } };
  const unknown = ({ context }) => !context.request.headers.has("authorization");
  return { disableIntrospection: { disableIf: unknown } };
}

// Our subgraphs write their errors for the reader and mask the unexpected ones themselves; masked again, they could not
// say what to change. Only the gateway's own failures are covered: they tell addresses and queries of subgraphs.
function maskError(error) {
  const { request, response, code } = error.extensions ?? {};
  const failed = request || response || code === "TIMEOUT_ERROR" || !(error instanceof GraphQLError);
  if (!failed) return error;
  const extensions = { code: "UNAVAILABLE", status: 503 };
  return new GraphQLError("A service does not answer at the moment.", { path: error.path, extensions });
}

// No answer came at all, and that without waiting for as long as we do.
const torn = ({ executionResult, response }) =>
  !response && !!executionResult?.errors?.some(({ extensions }) => extensions?.code !== "TIMEOUT_ERROR");

// Who asks, by a token or by the session that the services gave, and from which page, which a session needs.
const PASSED = ["authorization", "cookie", "origin", "sec-fetch-site", "accept-language", "traceparent"];

export const gatewayConfig = defineConfig({
  supergraph: env.ROUTER_SUPERGRAPH ?? here("supergraph.graphql"),
  host: env.ROUTER_HOST ?? "127.0.0.1",
  port: Number(env.ROUTER_PORT ?? 4000),
  // Our endpoints take POST only, also for subscriptions, which the gateway would otherwise open with GET.
  transportEntries: { ...Object.fromEntries(locations), "*": { options: { method: "POST" } } },
  propagateHeaders: {
    fromClientToSubgraphs({ request, context }) {
      const passed = PASSED.map((name) => [name, request.headers.get(name)]);
      // Who asks: as every proxy does, the address that we see comes after what we were told.
      const chain = [request.headers.get("x-forwarded-for"), context.req?.socket?.remoteAddress].filter(Boolean);
      passed.push(["x-forwarded-for", chain.join(", ") || null]);
      return Object.fromEntries(passed.filter(([, value]) => value !== null));
    },
  },

  plugins: () => [{ onRequest: onlyMeant }, { onRequest: schemaTold }],
  ...introspection(curiosity),
  persistedDocuments: trustedDocuments(env.ROUTER_DOCUMENTS_POLICY ?? "off"),

  maskedErrors: { maskError },
  subgraphErrors: false, // `extensions` arrive as the subgraph sent them

  // The services bound the cost of a query; this bounds what reaches the query planner, as in `services/kit/limits.py`.
  maxTokens: 2_000,
  maxDepth: 20,
  maxHeaderSize: 16_384,
  requestTimeout: 10_000,
  upstreamTimeout: ({ executionRequest }) =>
    executionRequest?.operationType === "subscription" ? undefined : timeout,

  // A service that ends or begins tears connections; who only reads is asked again. Nothing is ever written twice.
  upstreamRetry: ({ executionRequest }) =>
    executionRequest?.operationType === "query" ? { maxRetries: 1, retryDelay: 200, shouldRetry: torn } : undefined,

  // Subscriptions go over Server-Sent Events in both directions.
  disableWebsockets: true,
  graphiql: false,
  landingPage: false,
  reporting: undefined,
  openTelemetry: undefined,
  cors: false,
  logging: env.ROUTER_LOG ?? "warn",
});
