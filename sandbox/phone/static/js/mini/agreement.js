// The prepayment agreement: reading it, and agreeing to it before topping up.

import { h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { ShopRefused } from "../shop.js";

/** The version in force; null where the shop has published none. */
export async function currentAgreement(shop) {
  try {
    return await shop.get("/agreement");
  } catch (fault) {
    if (fault instanceof ShopRefused && fault.status === 404) return null;
    throw fault;
  }
}

/** The line to tick, with the text behind a link. */
export function agreeLine(app, agreement, chosen) {
  return h("p", { class: "agree-line" },
    h("label", { class: "agree" }, h("input", { type: "checkbox", name: "agree-agreement", checked: chosen.agreed === agreement.version, onchange: (event) => {
      chosen.agreed = event.target.checked ? agreement.version : null;
      app.draw();
    } }), h("span", { class: "tick" }, icon("check")), h("span", {}, t("agreement.agree"))),
    h("button", { class: "link", type: "button", "data-act": "read-agreement", onclick: () => showAgreement(app, agreement) }, t("agreement.read")));
}

export function showAgreement(app, agreement) {
  return app.phone.sheet((close) => h("div", { class: "form consent" },
    h("h2", {}, t("agreement.title")),
    h("div", { class: "consent-text", tabindex: "0", role: "region", "aria-label": t("agreement.title") },
      agreement.text.split("\n").filter(Boolean).map((line) => h("p", {}, line)), h("small", {}, t("plans.version", { version: agreement.version }))),
    busyButton({ class: "wide tea", autofocus: true, "data-act": "close-agreement", onclick: () => close() }, t("common.close"))),
  { label: t("agreement.title") });
}
