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
//                      known: the schema is told to those with an access token; or everybody
//
// The gateway reports to nobody here: usage reporting, tracing and supergraph polling from a URL stay unconfigured.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "@graphql-hive/gateway";
import { GraphQLError } from "graphql";

const env = process.env;
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
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

// Links, images and scripts in pages of others name no JSON, and do not fetch as scripts do: `services/kit/graphql/calls.py`.
const meant = ({ headers }) =>
  /application\/(graphql-response\+)?json/.test(headers.get("accept") ?? "") ||
  ["cors", "same-origin"].includes(headers.get("sec-fetch-mode"));

function onlyMeant({ request, url, fetchAPI, endResponse }) {
  if (request.method !== "GET" || url.pathname !== "/graphql" || meant(request)) return;
  const detail = "Please name in Accept what you read: application/json.";
  const body = JSON.stringify({ status: 406, detail });
  endResponse(new fetchAPI.Response(body, { status: 406, headers: { "content-type": "application/problem+json" } }));
}

function introspection(policy) {
  if (!["known", "everybody"].includes(policy)) throw new Error("ROUTER_INTROSPECTION takes known or everybody");
  if (policy === "everybody") return {};
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

export const gatewayConfig = defineConfig({
  supergraph: env.ROUTER_SUPERGRAPH ?? here("supergraph.graphql"),
  host: env.ROUTER_HOST ?? "127.0.0.1",
  port: Number(env.ROUTER_PORT ?? 4000),
  // Our endpoints take POST only, also for subscriptions, which the gateway would otherwise open with GET.
  transportEntries: { ...Object.fromEntries(locations), "*": { options: { method: "POST" } } },
  propagateHeaders: {
    fromClientToSubgraphs({ request, context }) {
      const passed = ["authorization", "accept-language", "traceparent"].map((name) => [name, request.headers.get(name)]);
      // Who asks: as every proxy does, the address that we see comes after what we were told.
      const chain = [request.headers.get("x-forwarded-for"), context.req?.socket?.remoteAddress].filter(Boolean);
      passed.push(["x-forwarded-for", chain.join(", ") || null]);
      return Object.fromEntries(passed.filter(([, value]) => value !== null));
    },
  },

  plugins: () => [{ onRequest: onlyMeant }],
  ...introspection(env.ROUTER_INTROSPECTION ?? "known"),
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
