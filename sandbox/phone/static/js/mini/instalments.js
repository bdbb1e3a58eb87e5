// Instalments: the parts of a bill, agreeing to them, paying a stated amount.

import { h } from "../dom.js";
import { day, fenFrom, price, yuan } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { newKey, ShopUnreachable } from "../shop.js";
import { consentText, tickLine } from "./form.js";

/** The parts with their days; `state` and what is paid where they run already. */
export function partsList(parts, label) {
  return h("ol", { class: "parts", "aria-label": label }, parts.map((part) => h("li", { key: part.part_no, "data-part": part.state ?? "planned" },
    h("span", {}, t("parts.nth", { no: part.part_no })), h("time", { datetime: part.due_on }, day(part.due_on)), h("b", {}, `¥${yuan(part.amount_fen)}`),
    part.state && h("span", { class: `state ${part.state}` }, part.state === "partly" ? t("parts.partly", { amount: yuan(part.paid_fen) }) : t(`part.${part.state}`)))));
}

/** What "pay" means for a bill: what is due, else the next part, else all that is left. */
export function askedFen(bill) {
  const left = bill.amount_fen - bill.paid_fen;
  if (bill.collect_mode !== "instalments") return left;
  return bill.due_fen || (bill.next_part ? bill.next_part.amount_fen - bill.next_part.paid_fen : left);
}

/** Shows the proposed parts and the terms; the customer agrees or closes. */
export async function lookAtProposal(app, bill) {
  const offer = bill.proposed;
  let agreed = false;
  let key = newKey();
  const send = async (close) => {
    let unknown = false;
    const done = await app.attempt(() => app.shop.post(`/bills/${bill.bill_no}/instalments/agree`,
      { arrangement_no: offer.arrangement_no, consent_version: offer.consent_version }, key).catch((fault) => {
      unknown = fault instanceof ShopUnreachable;
      throw fault;
    }));
    if (!unknown) key = newKey();
    if (done) close(done);
  };
  const done = await app.phone.sheet((close, draw) => h("div", { class: "form consent" },
    h("h2", {}, t("parts.proposal", { title: bill.title })), partsList(offer.parts, t("parts.list")),
    consentText(t("parts.terms"), offer.consent_text, offer.consent_version, t("parts.terms")),
    tickLine(t(offer.automatic ? "parts.agree_automatic" : "parts.agree"), agreed, (ticked) => { agreed = ticked; draw(); }),
    busyButton({ class: "wide tea", "data-act": "agree-parts", disabled: !agreed, onclick: () => send(close) }, t("parts.confirm"))),
  { label: t("parts.proposal", { title: bill.title }) });
  if (done) app.phone.toast(t("parts.agreed"), "good");
  await app.refresh();
}

/** Offers a top-up, for which any sheet is left; a channel pays only bills as a whole. */
export function tooLittleForAPart(app, fault) {
  if (fault.code !== "insufficient_balance") return false;
  app.confirm({ title: t("short.title"), text: fault.message, yes: t("home.top_up") }).then((wanted) => {
    if (!wanted) return;
    app.phone.closeSheets();
    app.go("topUp");
  });
  return true;
}

/** Asks how much to pay now, and pays it. */
export async function payAnAmount(app, bill) {
  const left = bill.amount_fen - bill.paid_fen;
  let text = "";
  const key = newKey();
  const send = async (close, fen) => {
    const paid = await app.attempt(() => app.shop.post(`/bills/${bill.bill_no}/pay`, { amount_fen: fen }, `${key}-${fen}`), { refused: (fault) => tooLittleForAPart(app, fault) });
    if (paid) close(fen);
  };
  const paid = await app.phone.sheet((close, draw) => {
    const fen = fenFrom(text);
    const fits = fen !== null && fen >= 1 && fen <= left;
    return h("div", { class: "form" },
      h("h2", {}, t("parts.pay_amount")), h("p", { class: "fine" }, t("parts.left", { amount: yuan(left) })),
      h("label", { class: "money-field" }, h("span", {}, "¥"),
        h("input", { type: "text", inputmode: "decimal", autocomplete: "off", autofocus: true, name: "amount", value: text, "aria-label": t("parts.pay_amount"),
          oninput: (event) => { text = event.target.value; draw(); } })),
      busyButton({ class: "wide tea", "data-act": "confirm-amount", disabled: !fits, onclick: () => send(close, fen) }, fits ? t("bills.pay", { amount: price(fen) }) : t("parts.pay_amount")));
  }, { label: t("parts.pay_amount") });
  if (paid) app.phone.toast(t("bills.was_paid", { amount: price(paid) }), "good");
  await app.refresh();
}
