// GraphiQL on the hub's own graph; what stands in ?query= is there to begin with.
"use strict";

const place = document.getElementById("graphiql");
const asked = new URLSearchParams(window.location.search).get("query") || undefined;
const fetcher = GraphiQL.createFetcher({ url: place.dataset.graph });
ReactDOM.createRoot(place).render(
  React.createElement(GraphiQL, { fetcher, query: asked, defaultEditorToolsVisibility: true, shouldPersistHeaders: false }),
);
