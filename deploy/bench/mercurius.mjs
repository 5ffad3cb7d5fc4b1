// Mercurius over the schema `bench`: compiled queries (`jit: 1`) and one prepared statement for each level of a query.
//
//   PEER_PORT  where it listens on loopback
//   PEER_POOL  4: connections to PostgreSQL, which is found through the usual PG… variables
//
// Loaders gather what a level asks for. They keep nothing, so that they need no key for each object; no answer is
// cached. Left out: logging and GraphiQL.

import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";

const pool = new pg.Pool({
  max: Number(process.env.PEER_POOL ?? 4),
  idleTimeoutMillis: 0,
  options: "-c plan_cache_mode=force_generic_plan", // otherwise PostgreSQL plans anew for each list of keys
});
const names = new Map();

async function rows(text, ...values) {
  let name = names.get(text);
  if (!name) names.set(text, (name = `s${names.size}`));
  return (await pool.query({ name, text, values })).rows;
}

const typeDefs = `
  type Topic { code: ID! de: String! projects(first: Int = 20): [Project!]! }
  type City { ags: ID! name: String! population: Int navigators(first: Int = 50): [Navigator!]! }
  type Navigator { id: ID! title: String! department: String! city: City! topics: [Topic!]! }
  type Project { id: ID! title: String! stage: String! navigators: [Navigator!]! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type Navigators { nodes: [Navigator!]! pageInfo: PageInfo! }
  type Query {
    city(ags: ID!): City
    topic(code: ID!): Topic
    navigators(topic: ID!, first: Int = 50, after: ID): Navigators!
  }
`;

const NAVIGATOR = "n.id, n.ags, n.title, n.department";
const MEMBER = `SELECT pn.project_id AS key, ${NAVIGATOR} FROM bench.project_navigator pn
  JOIN bench.navigator n ON n.id = pn.navigator_id WHERE pn.project_id = ANY($1::uuid[]) ORDER BY n.id`;
const OWN = `SELECT nt.navigator_id AS key, t.code, t.de FROM bench.navigator_topic nt
  JOIN bench.topic t ON t.code = nt.topic_code WHERE nt.navigator_id = ANY($1::uuid[]) ORDER BY t.code`;
const STAFF = `SELECT n.* FROM unnest($1::text[]) AS c(ags) CROSS JOIN LATERAL (
  SELECT ${NAVIGATOR} FROM bench.navigator n WHERE n.ags = c.ags ORDER BY n.id LIMIT $2) n`;
const WORKS = `SELECT t.code AS key, p.* FROM unnest($1::text[]) AS t(code) CROSS JOIN LATERAL (
  SELECT p.id, p.title, p.stage FROM bench.found_project f JOIN bench.project p ON p.id = f.project_id
  WHERE f.topic_code = t.code ORDER BY f.sort_key, f.project_id LIMIT $2) p`;
const CITIES = "SELECT ags, name, population FROM bench.city WHERE ags = ANY($1::text[])";
const FOUND = `SELECT ${NAVIGATOR} FROM bench.found_navigator f JOIN bench.navigator n ON n.id = f.navigator_id
  WHERE f.topic_code = $1 AND f.navigator_id > $3 ORDER BY f.navigator_id LIMIT $2`;
const FIRST = "00000000-0000-0000-0000-000000000000";

/** A loader of lists: `found` gives the rows of all objects, each with its object's value of `own` as `key`. */
function lists(own, key, found) {
  return async (queries) => {
    const lists = new Map(queries.map(({ obj }) => [obj[own], []]));
    for (const row of await found([...lists.keys()], queries[0].params)) lists.get(row[key]).push(row);
    return queries.map(({ obj }) => lists.get(obj[own]));
  };
}

const uncached = (loader) => ({ loader, opts: { cache: false } });
const loaders = {
  City: { navigators: uncached(lists("ags", "ags", (keys, { first }) => rows(STAFF, keys, first))) },
  Topic: { projects: uncached(lists("code", "key", (keys, { first }) => rows(WORKS, keys, first))) },
  Project: { navigators: uncached(lists("id", "key", (keys) => rows(MEMBER, keys))) },
  Navigator: {
    topics: uncached(lists("id", "key", (keys) => rows(OWN, keys))),
    city: uncached(async (queries) => {
      const keys = [...new Set(queries.map(({ obj }) => obj.ags))];
      const cities = new Map((await rows(CITIES, keys)).map((row) => [row.ags, row]));
      return queries.map(({ obj }) => cities.get(obj.ags));
    }),
  },
};

const resolvers = {
  Query: {
    city: async (_root, { ags }) => (await rows(CITIES, [ags]))[0] ?? null,
    topic: async (_root, { code }) => (await rows("SELECT code, de FROM bench.topic WHERE code = $1", code))[0] ?? null,
    navigators: async (_root, { topic, first, after }) => {
      const nodes = await rows(FOUND, topic, first + 1, after ?? FIRST);
      const hasNextPage = nodes.length > first;
      if (hasNextPage) nodes.pop();
      return { nodes, pageInfo: { hasNextPage, endCursor: nodes.at(-1)?.id ?? null } };
    },
  },
};

const app = Fastify({ logger: false });
app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  loaders,
  jit: 1,
  graphiql: false,
  ide: false,
  subscription: false,
  allowBatchedQueries: false,
});
await app.listen({ port: Number(process.env.PEER_PORT), host: "127.0.0.1" });
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
