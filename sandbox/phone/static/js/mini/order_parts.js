// An order by instalments: what the shop offers for it, the parts and the terms before one agrees, and paying the first part.

import { h } from "../dom.js";
import { price, yuan } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { Intent, ShopRefused } from "../shop.js";
import { chips, consentText, tickLine } from "./form.js";
import { partsList, tooLittleForAPart } from "./instalments.js";
import { ownClient } from "./methods.js";

/** In how many parts it can be paid; none where the shop offers none, or it cannot be paid at the moment. */
export async function waysInParts(app, orderNo) {
  const found = await app.shop.get(`/orders/${orderNo}/payment-ways?client=${ownClient(app)}`).catch((fault) => {
    if (!(fault instanceof ShopRefused)) throw fault;
    return { items: [] };
  });
  return found.items.filter((way) => way.kind === "instalments");
}

/** Shows the parts of each number of them, and the terms; the customer agrees and pays the first, or closes. What the page
 * knows may be older than the customer's last top-up, so the shop is asked anew. */
export async function chooseParts(app, order) {
  const ways = await app.attempt(() => waysInParts(app, order.order_no));
  if (!ways?.length) return app.refresh();
  const intent = new Intent();
  let way = ways.find((one) => !one.refusal) ?? ways[0];
  let agreed = false;
  const send = async (close) => {
    const body = { parts: way.offer.parts.length, consent_version: way.offer.consent_version };
    const outdated = (fault) => {
      if (tooLittleForAPart(app, fault)) return true;
      if (fault.code === "consent_outdated") close(null); // another day has come: the parts have others, too
      return false;
    };
    const done = await intent.once(app, (key) => app.shop.post(`/orders/${order.order_no}/instalments`, body, key), { refused: outdated });
    if (done) close(done);
  };
  const label = t("parts.order_title");
  const done = await app.phone.sheet((close, draw) => {
    const { offer, refusal } = way;
    const choose = (one) => () => {
      [way, agreed] = [one, false];
      intent.renew();
      draw();
    };
    return h("div", { class: "form consent" }, h("h2", {}, label),
      h("p", { class: "fine" }, t("parts.order_of", { amount: yuan(order.total_fen) })),
      chips(t("parts.how_many"), ways.map((one) => ({ word: t("parts.count", { count: one.offer.parts.length }), on: one === way, take: choose(one), "data-parts": one.offer.parts.length }))),
      partsList(offer.parts, t("parts.list")),
      consentText(t("parts.terms"), offer.consent_text, offer.consent_version, t("parts.terms")),
      refusal && h("p", { class: "notice", role: "alert", "data-fault": refusal.code }, h("span", {}, refusal.message),
        refusal.code === "insufficient_balance" && h("button", { type: "button", class: "link", "data-act": "top-up-for-part", onclick: () => { close(null); app.go("topUp"); } }, t("home.top_up"))),
      tickLine(t("parts.agree_automatic"), agreed, (ticked) => { agreed = ticked; draw(); }),
      busyButton({ class: "wide tea", "data-act": "agree-order-parts", disabled: !agreed || Boolean(refusal), onclick: () => send(close) }, t("parts.order_confirm", { amount: price(offer.parts[0].amount_fen) })));
  }, { label });
  if (done) app.phone.toast(t("parts.order_agreed"), "good");
  return app.refresh();
}
