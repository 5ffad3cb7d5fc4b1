/*
  The live parts of a day's pages: the clock, one's own tables, announcements, the board of an open space.

  What the hub tells is kept on this device, and the clock goes on from it without the hub. Words stand in the page;
  this module only fills them in: data-when="running paused" is shown in these phases, data-out="left" gets a value.
*/
const root = document.querySelector("[data-live]");
const all = (what, inside = document) => inside.querySelectorAll(what);
const KEY = `day:${location.pathname}`;
const KEPT_MS = 15 * 24 * 3600 * 1000;
const QUIET_MS = 60 * 1000; // after so long without a word we ask whether the hub is still there
const language = document.documentElement.lang;

const day = { live: null, route: null, announcements: null, offset: 0, at: 0 };
let connected = false;
let sound = null;
let height = null; // where the page stood when a form was sent
let before = null; // phase, round and warning that were painted last

function start() {
  begin();
  forget();
  paint();
  setInterval(paint, 500);
  listen(root.dataset.live, { live: hear, mine: hear, announcements: hear });
  if (root.dataset.board) listen(root.dataset.board, { board: board });
  if (root.dataset.worker) work(root.dataset.worker);
  document.addEventListener("htmx:beforeSwap", shown);
  document.addEventListener("htmx:sendError", () => say("[data-unsent]", true));
  document.addEventListener("htmx:afterSettle", settled);
  document.addEventListener("click", pressed);
  if ("hall" in root.dataset) hall();
}

/* What is known ----------------------------------------------------------------------------------------------------- */

/** What is newer: what the page says, or what this device was told last. A copy of the page says when it was made. */
function begin() {
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(KEY));
  } catch { /* unreadable, or no memory */ }
  const told = JSON.parse(root.dataset.state);
  const at = Number(root.dataset.copied ?? Date.now());
  Object.assign(day, told, { at, offset: Date.parse(told.live.now) - at });
  if (kept && Date.parse(kept.live.now) >= Date.parse(told.live.now)) {
    Object.assign(day, kept);
    routed();
    announced();
  }
  if (root.dataset.copied) all(".toast").forEach((one) => one.remove()); // it was told when it happened
  keep();
}

function keep() {
  try {
    localStorage.setItem(KEY, JSON.stringify(day));
  } catch { /* full, or forbidden: the page works without */ }
}

/** Days that are over for long do not stay on this device. */
function forget() {
  try {
    for (const key of Object.keys(localStorage).filter((one) => one.startsWith("day:") && one !== KEY)) {
      if (Date.now() - (JSON.parse(localStorage.getItem(key))?.at ?? 0) > KEPT_MS) localStorage.removeItem(key);
    }
  } catch { /* as above */ }
}

function hear(name, data) {
  if (name === "live") {
    day.live = data;
    day.offset = Date.parse(data.now) - Date.now();
    outdated("live", data.revision);
  } else if (name === "mine") {
    day.route = data;
    routed();
  } else {
    day.announcements = data;
    announced();
  }
  day.at = Date.now();
  keep();
  paint();
}

/* What is heard ----------------------------------------------------------------------------------------------------- */

function listen(url, hearing) {
  let source, heard = 0;
  function open() {
    source?.close();
    source = new EventSource(url);
    source.onopen = () => alive(true);
    source.onerror = () => {
      alive(false);
      // A browser comes back by itself after a broken line, and never after an answer that is none.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000 + 4000 * Math.random());
    };
    for (const [name, hear] of Object.entries(hearing)) {
      source.addEventListener(name, (event) => {
        alive(true);
        hear(name, JSON.parse(event.data));
      });
    }
  }
  function alive(yes) {
    if (url !== root.dataset.live) return;
    connected = yes;
    if (yes) heard = day.at = Date.now();
    paint();
  }
  async function ask() {
    if (!connected || Date.now() - heard < QUIET_MS) return;
    try {
      await fetch("/health/live", { cache: "no-store", signal: AbortSignal.timeout(5000) });
      alive(true);
    } catch {
      alive(false);
      open();
    }
  }
  open();
  addEventListener("offline", () => alive(false));
  addEventListener("online", open);
  setInterval(ask, 10000 + 5000 * Math.random());
}

let shownBoard = "";
function board(_name, data) {
  const now = JSON.stringify(data);
  if (!shownBoard) outdated("board", data.revision);
  else if (now !== shownBoard) refresh("board");
  shownBoard = now;
}

function outdated(of, revision) {
  if ([...all(`[data-refresh="${of}"]`)].some((one) => one.dataset.revision !== String(revision))) refresh(of);
}

const waiting = {};
/** Parts of the page anew from the hub; not from all phones in the same moment. */
function refresh(of) {
  const parts = all(`[data-refresh="${of}"]`);
  if (!parts.length || waiting[of]) return;
  waiting[of] = setTimeout(async () => {
    delete waiting[of];
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of all(`[data-refresh="${of}"]`)) {
        const other = fresh.getElementById(part.id);
        if (other) part.replaceWith(document.adoptNode(other));
      }
      paint();
    } catch { /* the next change, or the next connection */ }
  }, 1000 * Number(root.dataset.jitter ?? 0) * Math.random());
}

/* What is shown ----------------------------------------------------------------------------------------------------- */

const put = (name, value) => all(`[data-out="${name}"]`).forEach((one) => {
  if (one.textContent !== value) one.textContent = value;
});
const say = (what, yes) => all(what).forEach((one) => { one.hidden = !yes; });
const clock = (moment) => new Intl.DateTimeFormat(language, {
  hour: "2-digit", minute: "2-digit", timeZone: root.dataset.zone,
}).format(moment);

/** The round or break that is now: the last of those whose begin has passed. */
function standing(now) {
  const spans = day.live.timeline;
  return spans.find((one) => one.endsAt === null || now < Date.parse(one.endsAt)) ?? spans[spans.length - 1];
}

function paint() {
  const now = Date.now() + day.offset;
  const { live } = day;
  const span = standing(now);
  const first = span === live.timeline[0];
  const ends = span.endsAt && Date.parse(span.endsAt);
  const left = span.phase === "paused" ? live.leftSeconds : ends ? Math.max(0, (ends - now) / 1000) : null;
  const next = span.phase !== "over" && span.round < live.rounds ? span.round + 1 : null;
  const warnBefore = live.warnsAt && live.endsAt ? Date.parse(live.endsAt) - Date.parse(live.warnsAt) : 60000;
  const warning = span.phase === "running" && ends !== null && ends - now <= (first ? warnBefore : 60000) && live.warnsAt !== null;

  say("[data-when]", false);
  say(`[data-when~="${span.phase}"]`, live.rounds > 0);
  say("[data-if=ends]", ends !== null);
  say("[data-if=next]", next !== null);
  say("[data-if=warning]", warning);
  all("[data-clock]").forEach((one) => one.classList.toggle("warning", warning));
  put("round", String(span.round));
  put("rounds", String(live.rounds));
  put("next", String(next ?? ""));
  put("ends", ends ? clock(ends) : "");
  put("left", left === null ? "" : spelled(left));
  const asks = ["running", "paused"].includes(span.phase) ? span.round : next;
  const single = live.questions.length === live.rounds;
  all("[data-question]").forEach((one) => { one.hidden = single && Number(one.dataset.question) !== asks; });

  const sits = ["running", "paused"].includes(span.phase);
  if (day.route) {
    fill("here", sits ? day.route.rounds.find((one) => one.round === span.round) : null);
    fill("next", day.route.rounds.find((one) => one.round === next));
    say("[data-if=unseated]", sits && !day.route.rounds.some((one) => one.round === span.round));
    all("[data-round]").forEach((one) => {
      const mine = Number(one.dataset.round);
      one.classList.toggle("past", mine < span.round || (mine === span.round && !sits));
      one.toggleAttribute("aria-current", sits && mine === span.round);
    });
  }
  items(now, sits, next !== null);
  age();
  ring({ phase: span.phase, round: span.round, warning });
}

function spelled(seconds) {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function fill(which, stop) {
  for (const box of all(`[data-stop="${which}"]`)) {
    box.hidden = !stop;
    if (stop) written(box, stop);
  }
}

function written(box, stop) {
  for (const one of all("[data-f]", box)) {
    const name = one.dataset.f;
    if (name === "new") one.hidden = !stop.new;
    else if (name === "companions") people(one, stop.companions);
    else one.textContent = name === "topic" ? (stop.topic?.[language] ?? "") : stop[name];
  }
}

function people(list, companions) {
  const now = companions.map((one) => `${one.name}, ${one.city}`);
  if (list.dataset.now === now.join("\n")) return;
  list.dataset.now = now.join("\n");
  list.replaceChildren(...now.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
}

/** All tables of the day, from a template of the page. */
function routed() {
  for (const list of all("[data-rounds]")) {
    const rows = (day.route?.rounds ?? []).map((stop) => {
      const row = document.getElementById("t-round").content.firstElementChild.cloneNode(true);
      row.dataset.round = stop.round;
      written(row, stop);
      return row;
    });
    list.replaceChildren(...rows);
  }
}

function announced() {
  for (const list of all("[data-announcements]")) {
    list.replaceChildren(...(day.announcements ?? []).map((said) => {
      const row = document.getElementById("t-announcement").content.firstElementChild.cloneNode(true);
      row.querySelector("time").textContent = clock(Date.parse(said.at));
      row.querySelector("span").textContent = said.text;
      return row;
    }));
  }
}

/** What of the agenda and of one's sessions is now, and what comes then. */
function items(now, sits, tables) {
  const rows = [...all("[data-from]")];
  const ended = (row) => row.dataset.to && Date.parse(row.dataset.to) <= now;
  const current = rows.filter((row) => Date.parse(row.dataset.from) <= now && row.dataset.to && !ended(row));
  const coming = rows.find((row) => Date.parse(row.dataset.from) > now);
  rows.forEach((row) => {
    row.classList.toggle("past", Boolean(ended(row)));
    row.toggleAttribute("aria-current", current.includes(row));
  });
  copy("now", sits ? null : (current.findLast((row) => "session" in row.dataset) ?? current[current.length - 1]));
  copy("next", tables ? null : coming);
}

function copy(which, row) {
  for (const box of all(`[data-item="${which}"]`)) {
    box.hidden = !row;
    if (!row || box.dataset.shows === row.id) continue;
    box.querySelector("[data-f]").replaceChildren(...row.cloneNode(true).childNodes);
    box.dataset.shows = row.id;
  }
}

/** How old everything is, while the hub is away. */
function age() {
  say("[data-age]", !connected && before !== null);
  put("asof", clock(day.at));
  put("ago", String(Math.max(0, Math.round((Date.now() - day.at) / 60000))));
}

/* Forms, sound, the screen in the hall ------------------------------------------------------------------------------ */

/** A form that was refused comes back with what is wrong, so it is shown; htmx shows successes alone. */
function shown(event) {
  if (event.detail.target?.id === "content") height = scrollY;
  say("[data-unsent]", false);
  if ([403, 404, 409, 422, 429].includes(event.detail.xhr.status)) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
}

/** Nobody is moved, though browsers follow what was replaced. The focus went with it: to what is wrong or the top. */
function settled() {
  paint();
  if (height !== null) scrollTo(0, height);
  height = null;
  if (document.activeElement !== document.body) return;
  const next = document.querySelector("[aria-invalid]") ?? document.getElementById("content");
  next?.focus({ preventScroll: next.id === "content" });
}

function ring(now) {
  if (before && sound) {
    if (now.warning && !before.warning) beep(2, 660, 0.2);
    else if (before.phase === "running" && ["break", "over"].includes(now.phase)) beep(3, 440, 0.6);
    else if (now.phase === "running" && (before.phase !== "running" || before.round !== now.round)) beep(1, 880, 0.4);
  }
  before = now;
}

function beep(times, pitch, length) {
  for (let n = 0; n < times; n += 1) {
    const at = sound.currentTime + n * length * 1.5;
    const tone = sound.createOscillator(), loudness = sound.createGain();
    tone.frequency.value = pitch;
    loudness.gain.setValueAtTime(0.4, at);
    loudness.gain.exponentialRampToValueAtTime(0.001, at + length);
    tone.connect(loudness).connect(sound.destination);
    tone.start(at);
    tone.stop(at + length);
  }
}

/** Browsers let a page sound only after somebody touched it: the first tap or key does. */
function hall() {
  const enable = () => {
    sound ??= new AudioContext();
    sound.resume();
    say("[data-sound=off]", false);
    say("[data-sound=on]", true);
  };
  addEventListener("pointerdown", enable, { once: true });
  addEventListener("keydown", enable, { once: true });
  const awake = () => navigator.wakeLock?.request("screen").catch(() => {});
  awake();
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && awake());
}

async function pressed(event) {
  const button = event.target.closest("button[data-press]");
  if (!button) return;
  if (button.dataset.press === "sound" && sound) beep(2, 660, 0.2);
  if (button.dataset.press === "full") {
    await (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
  }
}

/** The worker shows this page when there is no network; its style and scripts are kept beside it. */
async function work(url) {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register(url);
    const worker = (await navigator.serviceWorker.ready).active;
    const loaded = performance.getEntriesByType("resource").map((one) => new URL(one.name));
    const files = loaded.filter((one) => one.origin === location.origin && one.pathname.startsWith("/static/"));
    worker.postMessage({ page: location.pathname, files: files.map((one) => one.pathname) });
  } catch { /* without it the page works as long as it stays open */ }
}

if (root) start();
