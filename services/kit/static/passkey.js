// Passkeys (WebAuthn) in the browser. A form with data-passkey="use" or "make" starts a ceremony; where the browser
// knows no passkeys, the page says so in words that stand in it.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function readable(options) {
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const ready = { ...options, challenge: bytes(options.challenge) };
  if (options.user) ready.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) ready.excludeCredentials = named(options.excludeCredentials);
  if (options.allowCredentials) ready.allowCredentials = named(options.allowCredentials);
  return ready;
}

function written(found) {
  const { response } = found;
  const answer = { clientDataJSON: text(response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[part]) answer[part] = text(response[part]);
  }
  if (response.getTransports) answer.transports = response.getTransports();
  return { id: found.id, rawId: text(found.rawId), type: found.type, response: answer };
}

async function send(form, path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": form.elements.csrf.value },
    body: JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail);
  return said;
}

async function ceremony(form) {
  const value = (name) => (form.elements[name] ? form.elements[name].value : "");
  const onward = value("onward");
  const { flow, options } = await send(form, `${form.dataset.path}/options`, onward ? { onward } : {});
  const publicKey = readable(options);
  const making = form.dataset.passkey === "make";
  const found = await (making ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }));
  const said = await send(form, form.dataset.path, { flow, credential: written(found), label: value("label") });
  window.location.assign(said.onward);
}

function tell(form, words) {
  const place = form.querySelector("[data-problem]");
  place.textContent = words;
  place.hidden = false;
  place.focus();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const able = Boolean(window.PublicKeyCredential && navigator.credentials);
  document.documentElement.dataset.passkeys = able ? "yes" : "no";
  form.hidden = !able;
  for (const other of document.querySelectorAll("[data-no-passkey]")) other.hidden = able;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await ceremony(form);
    } catch (problem) {
      const ours = problem instanceof DOMException ? "" : problem.message;
      tell(form, problem.name === "InvalidStateError" ? form.dataset.known || ours : ours || form.dataset.stopped);
    } finally {
      button.disabled = false;
    }
  });
}
