// The prepayment agreement: reading it, and agreeing to it before topping up.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { ShopRefused } from "../shop.js";
import { consentText, tickLine } from "./form.js";

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
    tickLine(t("agreement.agree"), chosen.agreed === agreement.version, (ticked) => {
      chosen.agreed = ticked ? agreement.version : null;
      app.draw();
    }, { name: "agree-agreement" }),
    h("button", { class: "link", type: "button", "data-act": "read-agreement", onclick: () => showAgreement(app, agreement) }, t("agreement.read")));
}

export function showAgreement(app, agreement) {
  return app.phone.sheet((close) => h("div", { class: "form consent" },
    h("h2", {}, t("agreement.title")), consentText(t("agreement.title"), agreement.text, agreement.version),
    busyButton({ class: "wide tea", autofocus: true, "data-act": "close-agreement", onclick: () => close() }, t("common.close"))),
  { label: t("agreement.title") });
}
