// PostGraphile 5 over the schema `bench`, on Node's own HTTP server, as its documentation recommends for production.
//
//   PEER_PORT  where it listens on loopback
//   PEER_POOL  4: connections to PostgreSQL, which is found through the usual PG… variables
//
// Relations have the names that `schema.sql` gives them. Prepared statements, and the cache of parsed documents and of
// plans, are on as always. Left out: GraphiQL, mutations, websockets, and limits that would cost something.

import { createServer } from "node:http";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
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
    outputDataAsString: process.env.PEER_STRING !== "0",
  },
  grafast: { explain: false },
};

const server = createServer();
const instance = postgraphile(preset);
await instance.getSchema();
await instance.createServ(grafserv).addTo(server);
server.listen(Number(process.env.PEER_PORT), "127.0.0.1");
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
