// Compose the subgraphs' SDL into one supergraph, and print the schema that clients see.
//
//   node compose.mjs --supergraph OUT --public OUT [--url NAME=URL]… (FOLDER | NAME=FILE)…
//
// A FOLDER stands for its `NAME.graphql` files. A subgraph without --url is expected at http://NAME:8000/NAME/graphql,
// which is its address in the compose file and in the manifests. Exits with 1 and the errors on stderr if they do not compose.
// The same input gives the same bytes, so the result can be committed and compared.

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { composeServices } from "@theguild/federation-composition";
import { lexicographicSortSchema, buildSchema, parse, printSchema } from "graphql";

function pair(text) {
  const at = text.indexOf("=");
  if (at < 1) throw new Error(`expected NAME=VALUE, not ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function subgraphFiles(given) {
  if (given.includes("=")) return [pair(given)];
  if (!statSync(given).isDirectory()) throw new Error(`${given} is neither a folder nor NAME=FILE`);
  const files = readdirSync(given).filter((file) => file.endsWith(".graphql"));
  return files.map((file) => [basename(file, ".graphql"), join(given, file)]);
}

function compose(subgraphs, urls) {
  const services = subgraphs.map(([name, file]) => ({
    name,
    url: urls.get(name) ?? `http://${name}:8000/${name}/graphql`,
    typeDefs: parse(readFileSync(file, "utf8")),
  }));
  const { errors, supergraphSdl, publicSdl } = composeServices(services);
  if (errors?.length) throw new Error(errors.map((error) => error.message).join("\n"));
  return { supergraphSdl, publicSdl: printSchema(lexicographicSortSchema(buildSchema(publicSdl))) };
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      supergraph: { type: "string" },
      public: { type: "string" },
      url: { type: "string", multiple: true, default: [] },
    },
  });
  const subgraphs = positionals.flatMap(subgraphFiles).sort(([a], [b]) => (a < b ? -1 : 1));
  if (!subgraphs.length || !values.supergraph || !values.public) {
    throw new Error("usage: compose.mjs --supergraph OUT --public OUT [--url NAME=URL]… (FOLDER | NAME=FILE)…");
  }
  const { supergraphSdl, publicSdl } = compose(subgraphs, new Map(values.url.map(pair)));
  writeFileSync(values.supergraph, `${supergraphSdl.trimEnd()}\n`);
  writeFileSync(values.public, `${publicSdl.trimEnd()}\n`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
