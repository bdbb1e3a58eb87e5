// Passkeys: the browser's part of signing in with one and of making one. A form says where to ask (data-asks), what for (data-passkey: get or
// create), and what to say when nothing comes of it; the answer goes with the form.
"use strict";

const OURS = "form[data-passkey]";

for (const form of document.querySelectorAll(OURS)) {
  if (!window.PublicKeyCredential || !navigator.credentials) unable(form);
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest(OURS);
  if (!form) return;
  event.preventDefault();
  void answer(form);
});

window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll(OURS)) busy(form, false);
});

async function answer(form) {
  say(form, "");
  busy(form, true);
  try {
    const asked = await ask(form);
    if (!asked) return;
    const options = JSON.parse(asked.options);
    const credential = form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey: forCreate(options) })
      : await navigator.credentials.get({ publicKey: forGet(options) });
    form.elements.challenge.value = asked.challenge;
    form.elements.credential.value = JSON.stringify(told(credential));
    form.submit();
  } catch (fault) {
    say(form, sentence(form, fault));
    busy(form, false);
  }
}

// What the shop asks for; nothing where it said why not, or leads elsewhere.
async function ask(form) {
  const answered = await fetch(form.dataset.asks, {
    method: "POST",
    body: new URLSearchParams(new FormData(form)),
    headers: { "HX-Request": "true", "HX-Current-URL": location.href },
  });
  const elsewhere = answered.headers.get("HX-Redirect");
  if (elsewhere) {
    location.assign(elsewhere);
    return null;
  }
  const found = await answered.json();
  if (answered.ok) return found;
  say(form, found.sentence);
  busy(form, false);
  return null;
}

function sentence(form, fault) {
  const said = { NotAllowedError: "stopped", AbortError: "stopped", InvalidStateError: "known" }[fault.name];
  return form.dataset[said] ?? form.dataset.failed;
}

function unable(form) {
  for (const one of form.querySelectorAll("input, button")) one.disabled = true;
  say(form, form.dataset.unable);
}

function say(form, text) {
  form.querySelector("[data-said]").textContent = text;
}

function busy(form, is) {
  const button = form.querySelector("button");
  if (window.PublicKeyCredential) button.disabled = is;
  button.setAttribute("aria-busy", String(is));
}

function forGet(options) {
  return { ...options, challenge: bytes(options.challenge), allowCredentials: named(options.allowCredentials) };
}

function forCreate(options) {
  const user = { ...options.user, id: bytes(options.user.id) };
  return { ...options, user, challenge: bytes(options.challenge), excludeCredentials: named(options.excludeCredentials) };
}

function named(several) {
  return (several ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
}

// As PublicKeyCredential.toJSON has it, which not every browser knows.
function told(credential) {
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = text(credential.response[part]);
  }
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

function bytes(encoded) {
  const plain = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const plain = Array.from(new Uint8Array(buffer), (one) => String.fromCharCode(one)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
