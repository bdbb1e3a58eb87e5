// A phone: its frame and status bar, a screen, sheets that slide over the screen, short notices and banners.

import { h, icon, morph, sleep } from "./dom.js";
import { t } from "./i18n.js";

export class Phone {
  constructor(id) {
    this.id = id;
    this.time = h("span", { class: "status-time" });
    this.screen = h("div", { class: "screen" });
    this.sheets = h("div", { class: "sheets" });
    this.notices = h("div", { class: "notices", role: "status", "aria-live": "polite" });
    this.caption = h("p", { class: "caption", id: `${id}-caption` });
    const status = h("div", { class: "status", "aria-hidden": "true" }, this.time, h("span", { class: "island" }),
      h("span", { class: "status-icons" }, h("i", { class: "bars" }), h("i", { class: "battery" })));
    this.glass = h("div", { class: "glass" }, status, this.screen, h("i", { class: "home-line" }), this.sheets, this.notices);
    this.root = h("section", { class: "phone-place", id, "aria-labelledby": `${id}-caption` },
      this.caption, h("div", { class: "phone" }, this.glass));
    this.open = [];
    this.banners = [];
  }

  /** Shows a screen; what is there already is brought up to date in place. */
  show(...nodes) {
    const wanted = h("div", { class: "screen" }, ...nodes);
    morph(this.screen, wanted);
  }

  /** A sheet over the screen. `build(close)` gives its content; the promise is what close was called with.
   * Escape and a tap beside it close it with undefined, unless it is `firm`. */
  sheet(build, { label, kind = "bottom", firm = false } = {}) {
    return new Promise((resolve) => {
      const before = document.activeElement;
      const dismiss = () => { if (!firm) close(undefined); };
      const panel = h("div", { class: `sheet ${kind}`, role: "dialog", "aria-modal": "true", "aria-label": label, tabindex: "-1" });
      const layer = h("div", { class: "layer", onclick: (event) => { if (event.target === layer) dismiss(); } }, panel);
      const entry = { layer, close: (value) => close(value) };
      const close = (value) => {
        if (!this.open.includes(entry)) return;
        this.open = this.open.filter((one) => one !== entry);
        layer.classList.add("leaving");
        layer.inert = true;
        setTimeout(() => layer.remove(), 220);
        this.#settleInert();
        if (before?.isConnected && !before.closest("[inert]")) before.focus({ preventScroll: true });
        resolve(value);
      };
      layer.onkeydown = (event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          dismiss();
        }
        if (event.key === "Tab") keepInside(panel, event);
      };
      const draw = () => morph(panel, withContent(panel, build(close, draw)));
      draw();
      this.open.push(entry);
      this.sheets.append(layer);
      this.#settleInert();
      (panel.querySelector("[autofocus]") ?? panel).focus({ preventScroll: true });
    });
  }

  /** For another person: nothing of the one before stays on the glass. */
  clear() {
    for (const drop of this.banners) drop.remove();
    this.notices.replaceChildren();
    this.closeSheets();
  }

  closeSheets() {
    for (const entry of [...this.open]) entry.close(undefined);
  }

  toast(text, tone = "plain") {
    this.notices.querySelectorAll(".toast").forEach((old) => old.remove());
    const note = h("p", { class: `toast ${tone}` }, tone === "good" && icon("check"), tone === "bad" && icon("warn"), text);
    this.notices.append(note);
    sleep(2800 + text.length * 20).then(() => note.classList.add("leaving")).then(() => sleep(250)).then(() => note.remove());
  }

  /** A system notification that drops in from above. */
  banner({ title, text, from, onclick }) {
    const drop = h("button", { class: "banner", type: "button", onclick: () => { drop.remove(); onclick?.(); } },
      h("span", { class: "banner-mark" }, icon("chat")),
      h("span", { class: "banner-text" }, h("small", {}, from), h("strong", {}, title), h("span", {}, text)));
    this.banners.push(drop);
    if (this.banners.length === 1) this.#showBanners();
  }

  /** One after the other; each stays a while, and for less when others wait. */
  async #showBanners() {
    while (this.banners.length) {
      const drop = this.banners[0];
      this.notices.prepend(drop);
      for (let slices = 0; slices < 20 && drop.isConnected && !(slices >= 6 && this.banners.length > 1); slices += 1) await sleep(250);
      drop.classList.add("leaving");
      await sleep(250);
      drop.remove();
      this.banners.shift();
    }
  }

  #settleInert() {
    this.screen.inert = this.open.length > 0;
    this.open.forEach((entry, index) => (entry.layer.inert = index < this.open.length - 1));
  }
}

function withContent(panel, content) {
  const wanted = panel.cloneNode(false);
  wanted.append(...[content].flat().filter(Boolean));
  return wanted;
}

function keepInside(panel, event) {
  const stops = [...panel.querySelectorAll("button, input, a[href], [tabindex='0']")].filter((one) => !one.disabled);
  if (!stops.length) return;
  const [first, last] = [stops[0], stops.at(-1)];
  if (event.shiftKey && (document.activeElement === first || document.activeElement === panel)) {
    event.preventDefault();
    last.focus();
  } else if (!event.shiftKey && document.activeElement === last) {
    event.preventDefault();
    first.focus();
  }
}

/** A button that shows it is working and cannot be pressed twice meanwhile. */
export function busyButton(props, ...children) {
  const act = props.onclick;
  const button = h("button", { type: "button", ...props }, ...children);
  button.onclick = async (event) => {
    const pressed = event.currentTarget;
    if (pressed.getAttribute("aria-busy") === "true") return;
    pressed.setAttribute("aria-busy", "true");
    try {
      await act(event);
    } finally {
      pressed.removeAttribute("aria-busy");
    }
  };
  return button;
}

export function emptyState(text, name = "empty", more = null) {
  return h("div", { class: "empty" }, icon(name), h("p", {}, text), more);
}

export function loadingState() {
  return h("div", { class: "skeletons", role: "status", "aria-label": t("state.loading") },
    h("i", { class: "skeleton tall" }), h("i", { class: "skeleton" }), h("i", { class: "skeleton" }), h("i", { class: "skeleton" }));
}
