// GraphiQL on the hub's own graph; what stands in ?query= is there to begin with.
"use strict";

const place = document.getElementById("graphiql");
const asked = new URLSearchParams(window.location.search).get("query") || undefined;
const ask = GraphiQL.createFetcher({ url: place.dataset.graph });
// Everybody reads the schema there; the graph itself tells it to nobody whom it does not know.
const fetcher = (asking, options) =>
  asking.operationName === "IntrospectionQuery" ? fetch("/schema.json").then((told) => told.json()) : ask(asking, options);
ReactDOM.createRoot(place).render(
  React.createElement(GraphiQL, { fetcher, query: asked, defaultEditorToolsVisibility: true, shouldPersistHeaders: false }),
);
