/*
  Keeps the last copy of a day's page for when there is no network: one's own day, the round screen, the board.

  The network comes first. After a moment without an answer, or without network at all, it is the copy; the page itself
  says how old it is. What the hub says is gone, goes here as well.
*/
const CACHE = "day-1";
const PAGE = /^\/events\/[0-9a-f-]{36}\/(mine\/[\w-]+(\/\w+)?|screen|board)$/;
const PATIENCE_MS = 2500;
const KEPT_MS = 15 * 24 * 3600 * 1000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(Promise.all([self.clients.claim(), tidy()])));
self.addEventListener("message", (event) => event.waitUntil(take(event.data)));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate" && PAGE.test(url.pathname)) event.respondWith(page(event, url.pathname));
  else if (url.pathname.startsWith("/static/")) event.respondWith(asset(event.request, url.pathname));
});

/** The first visit came past us: the page says what it is made of. */
async function take({ page, files }) {
  const cache = await caches.open(CACHE);
  const lacking = [];
  for (const file of files) if (!(await cache.match(file))) lacking.push(file);
  await Promise.allSettled(lacking.map((file) => cache.add(file)));
  if (PAGE.test(page) && !(await cache.match(page))) {
    await kept(cache, page, await fetch(page, { headers: { accept: "text/html" } }));
  }
}

async function page(event, path) {
  const cache = await caches.open(CACHE);
  const network = fetch(event.request).then(async (answer) => {
    await kept(cache, path, answer.clone());
    return answer;
  });
  event.waitUntil(network.catch(() => {}));
  const copy = await cache.match(path);
  if (!copy) return network;
  const patience = new Promise((done) => setTimeout(done, PATIENCE_MS));
  return (await Promise.race([network.catch(() => null), patience])) ?? copy;
}

/** The copy says in the page when it was made: only then the page can tell how much its clock is ahead of ours. */
async function kept(cache, path, answer) {
  if (answer.ok && !answer.redirected) {
    const text = (await answer.text()).replace(' data-live="', ` data-copied="${Date.now()}" data-live="`);
    await cache.put(path, new Response(text, { headers: answer.headers }));
  } else if ([403, 404, 410].includes(answer.status)) await cache.delete(path);
}

async function asset(request, path) {
  const cache = await caches.open(CACHE);
  const copy = await cache.match(path);
  if (copy) return copy;
  return fetch(request);
}

async function tidy() {
  for (const name of await caches.keys()) if (name.startsWith("day-") && name !== CACHE) await caches.delete(name);
  const cache = await caches.open(CACHE);
  for (const request of await cache.keys()) {
    const made = Date.parse((await cache.match(request))?.headers.get("date") ?? "");
    if (!(Date.now() - made < KEPT_MS)) await cache.delete(request);
  }
}
