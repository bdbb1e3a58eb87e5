// Refund of a top-up: what may go back and why, then asking for it; what was agreed to.

import { h } from "../dom.js";
import { moment, price, yuan } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { newKey, ShopUnreachable } from "../shop.js";
import { showAgreement } from "./agreement.js";
import { money } from "./money.js";

/** The buttons of a credited top-up in the list. */
export function refundLinks(app, topUp) {
  return [
    h("button", { class: "link", type: "button", "data-act": "refund", onclick: () => ask(app, topUp) }, t("refund.title")),
    h("button", { class: "link", type: "button", "data-act": "agreed", onclick: () => agreed(app, topUp) }, t("agreement.agreed")),
  ];
}

async function agreed(app, topUp) {
  const consent = await app.attempt(() => app.shop.get(`/top-ups/${topUp.top_up_no}/agreement`));
  if (consent) await showAgreement(app, consent);
}

async function ask(app, topUp) {
  const offer = await app.attempt(() => app.shop.get(`/top-ups/${topUp.top_up_no}/refund-offer`));
  if (!offer) return;
  let key = newKey();
  const send = async (close) => {
    let unknown = false;
    const made = await app.attempt(() => app.shop.post(`/top-ups/${topUp.top_up_no}/refunds`, { amount_fen: offer.amount_fen }, key).catch((fault) => {
      unknown = fault instanceof ShopUnreachable;
      throw fault;
    }));
    if (!unknown) key = newKey();
    if (made) close(made);
  };
  const made = await app.phone.sheet((close) => h("div", { class: "form", "data-rule": offer.rule },
    h("h2", {}, t("refund.title")),
    h("p", { class: "pay-amount" }, h("span", {}, "¥"), price(offer.refundable_fen)),
    h("dl", { class: "facts" }, fact("refund.paid", offer.paid_fen), fact("refund.given", offer.bonus_fen), fact("refund.spent", offer.spent_fen),
      fact("refund.bonus_back", offer.bonus_back_fen)),
    h("p", { class: "fine" }, t(`refund.rule.${offer.rule}`, { time: moment(offer.right_ends_at) })),
    offer.refundable_fen > 0 && h("p", { class: "fine" }, t(`refund.tender.${offer.tender}`)),
    busyButton({ class: "wide tea", "data-act": "confirm-refund", disabled: offer.refundable_fen === 0, onclick: () => send(close) }, t("refund.ask", { amount: price(offer.refundable_fen) }))),
  { label: t("refund.title") });
  if (!made) return;
  app.phone.toast(t(stateWord(made.state)), "good");
  await app.refresh();
}

function stateWord(state) {
  return `refund.${state === "paid" ? "paid_back" : state}`;
}

function fact(word, fen) {
  return h("div", {}, h("dt", {}, t(word)), h("dd", {}, money(yuan(fen))));
}

/** The customer's refunds, above the list of top-ups. */
export function refundRow(one) {
  return h("li", { class: "row", key: one.refund_no, "data-refund": one.state },
    h("div", {}, h("strong", {}, t(`refund.kind.${one.kind}`)), h("small", {}, h("time", {}, moment(one.created_at)))),
    h("div", { class: "row-end" }, h("b", {}, money(yuan(one.amount_fen))), h("span", { class: `state ${one.state}` }, t(stateWord(one.state)))));
}
