// PostGraphile 5 over the schema `bench`, on Fastify, which costs it less than Node's own HTTP server.
//
//   PEER_PORT  where it listens on loopback
//   PEER_POOL  4: connections to PostgreSQL, which is found through the usual PG… variables
//
// Relations have the names that `schema.sql` gives them. Prepared statements, and the cache of parsed documents and of
// plans, are on as always. Left out: GraphiQL, mutations, websockets, and limits that would cost something.

import Fastify from "fastify";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/fastify/v5";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const pool = new pg.Pool({ max: Number(process.env.PEER_POOL ?? 4), idleTimeoutMillis: 0 });
const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ pool, schemas: ["bench"] })],
  schema: { dontSwallowErrors: true, defaultBehavior: "+list -insert -update -delete" },
  gather: { installWatchFixtures: false },
  grafserv: {
    graphqlPath: "/graphql",
    graphiql: false,
    graphiqlOnGraphQLGET: false,
    websockets: false,
    watch: false,
    outputDataAsString: true,
  },
  grafast: { explain: false },
};

const server = Fastify({ logger: false });
const instance = postgraphile(preset);
await instance.getSchema();
await instance.createServ(grafserv).addTo(server);
await server.listen({ port: Number(process.env.PEER_PORT), host: "127.0.0.1" });
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
