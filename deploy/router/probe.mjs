// Exits with 0 when the router on this machine is ready, for containers; the image has no curl.

const port = process.env.ROUTER_PORT ?? 4000;
const answer = await fetch(`http://127.0.0.1:${port}/readiness`, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
process.exit(answer?.ok ? 0 : 1);
