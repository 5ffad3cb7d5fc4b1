// Every audit of graphql-http (the reference implementation of the GraphQL-over-HTTP specification) against a server:
// `node graphql_http.mjs https://…/graphql` prints a JSON list of {id, name, status, reason}.
import { serverAudits } from 'graphql-http'

const results = []
for (const audit of serverAudits({ url: process.argv[2] })) {
  const { id, name, status, reason } = await audit.fn()
  results.push({ id, name, status, reason })
}
console.log(JSON.stringify(results))
