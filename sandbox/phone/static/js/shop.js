// The shop's public JSON API, as the mini-program calls it.

import { locale, t } from "./i18n.js";

/** The shop said no. `message` is its sentence in the reader's language. */
export class ShopRefused extends Error {
  constructor(problem, status) {
    super(problem.message ?? t("error.unexpected"));
    this.code = problem.code ?? "unexpected";
    this.params = problem.params ?? {};
    this.status = status;
  }
}

/** No answer at all; whether anything happened is not known. */
export class ShopUnreachable extends Error {
  constructor() {
    super(t("error.unreachable"));
  }
}

export function newKey() {
  return crypto.randomUUID();
}

/** One intention of a person: as long as it is not known whether it reached the shop, it is sent again under the same key. */
export class Intent {
  #key = newKey();

  /** Something else is wanted now. */
  renew() {
    this.#key = newKey();
  }

  /** `send(key)` asks the shop. → what `app.attempt` gives */
  async once(app, send, options) {
    let unknown = false;
    const made = await app.attempt(() => send(this.#key).catch((fault) => {
      unknown = fault instanceof ShopUnreachable;
      throw fault;
    }), options);
    if (!unknown) this.renew();
    return made;
  }
}

export class Shop {
  /** `signIn`: → [address, body] of a sign-in with a fresh code; `storageKey`: whose token this is; `now`: the world's time. */
  constructor({ origin, signIn, storageKey, now }) {
    this.root = `${origin}/api/v1`;
    this.signIn = signIn;
    this.storageKey = `phone.token.${storageKey}`;
    this.now = now;
    this.session = JSON.parse(localStorage.getItem(this.storageKey) ?? "null");
    this.signingIn = null;
  }

  get(path) {
    return this.#call("GET", path);
  }

  /** Every item of a list, up to `limit`. */
  async items(path, limit = 50) {
    return (await this.get(`${path}${path.includes("?") ? "&" : "?"}limit=${limit}`)).items;
  }

  put(path, body) {
    return this.#call("PUT", path, body, newKey());
  }

  remove(path) {
    return this.#call("DELETE", path, undefined, newKey());
  }

  /** A file in a form, as wx.uploadFile sends it. */
  upload(path, file) {
    const form = new FormData();
    form.append("file", file);
    return this.#call("POST", path, form);
  }

  /** A picture only this customer may see, as an address that an <img> takes. */
  async picture(path) {
    const headers = { Authorization: `Bearer ${await this.#token()}` };
    const answer = await fetch(this.root + path, { headers }).catch(() => null);
    if (!answer?.ok) throw new ShopUnreachable();
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return `data:image/jpeg;base64,${btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""))}`;
  }

  /** Where a product's picture is; anybody may see it. */
  image(key, size) {
    return `${this.root}/images/${key}/${size}`;
  }

  /** `key`: one intention of the person, however often it is sent. */
  post(path, body = {}, key = newKey()) {
    return this.#call("POST", path, body, key);
  }

  async customer() {
    await this.#token();
    return this.session.customer;
  }

  async #call(method, path, body, key) {
    const token = await this.#token();
    try {
      return await this.#send(method, path, { body, key, token });
    } catch (refused) {
      if (!(refused instanceof ShopRefused) || refused.status !== 401) throw refused;
      if (this.session?.token === token) this.#forget();
      return this.#send(method, path, { body, key, token: await this.#token() });
    }
  }

  async #token() {
    if (this.session && Date.parse(this.session.expires_at) - this.now() < 60e3) this.#forget();
    if (this.session) return this.session.token;
    this.signingIn ??= this.#signIn().finally(() => (this.signingIn = null));
    return this.signingIn;
  }

  async #signIn() {
    const [address, body] = await this.signIn();
    this.session = await this.#send("POST", address, { body });
    localStorage.setItem(this.storageKey, JSON.stringify(this.session));
    return this.session.token;
  }

  #forget() {
    this.session = null;
    localStorage.removeItem(this.storageKey);
  }

  async #send(method, path, { body, key, token }) {
    const headers = { "Accept-Language": locale() };
    if (token) headers.Authorization = `Bearer ${token}`;
    if (key) headers["Idempotency-Key"] = key;
    const isForm = body instanceof FormData;
    if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
    let answer;
    let read = {};
    try {
      answer = await fetch(this.root + path, { method, headers, body: isForm ? body : body && JSON.stringify(body) });
      if (answer.status === 204) return null;
      read = await answer.json();
    } catch {
      if (!answer || answer.ok) throw new ShopUnreachable();
    }
    if (!answer.ok) throw new ShopRefused(read, answer.status);
    return read;
  }
}
