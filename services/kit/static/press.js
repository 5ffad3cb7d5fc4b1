// Whoever presses a button again before the answer is there sends nothing twice. Forms of htmx look after themselves.
const MOST_MS = 10_000;
let sent = new WeakMap();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.getAttribute("method")?.toLowerCase() !== "post") return;
  if (Date.now() - (sent.get(form) ?? -MOST_MS) < MOST_MS) event.preventDefault();
  else sent.set(form, Date.now());
});
addEventListener("pageshow", () => (sent = new WeakMap()));
