// Plans: the customer's own, what is on offer, and agreeing to the terms.

import { h, icon } from "../dom.js";
import { day, price } from "../format.js";
import { t } from "../i18n.js";
import { busyButton, emptyState } from "../phone.js";
import { newKey, ShopUnreachable } from "../shop.js";
import { consentText, tickLine } from "./form.js";
import { money } from "./money.js";
import { standingCard } from "./standing.js";
import { perWhat, runs, termsList, trialWord } from "./plan_terms.js";

export const plans = {
  title: () => t("tab.plans"),
  async load({ shop }) {
    const [mine, offers, standing] = await Promise.all([shop.items("/plans"), shop.items("/plan-offers"), shop.items("/standing-orders")]);
    return { standing, mine: mine.sort((one, other) => runs(other) - runs(one)), offers };
  },
  view(app, { mine, offers, standing }) {
    if (!mine.length && !offers.length && !standing.length) return emptyState(t("plans.none"), "cycle");
    return [
      mine.length > 0 && h("h3", { class: "list-word" }, t("plans.mine")),
      mine.map((one) => mineCard(app, one)),
      standing.length > 0 && h("h3", { class: "list-word" }, t("standing.mine")),
      standing.map((one) => standingCard(app, one)),
      offers.length > 0 && h("h3", { class: "list-word" }, t("plans.offers")),
      offers.map((offer) => h("article", { class: "plan-card offer", key: `offer${offer.id}`, "data-offer": offer.id },
        h("div", {}, h("h3", {}, offer.name), h("p", {}, money(price(offer.amount_fen), "large"), h("span", {}, perWhat(offer))),
          trialWord(offer) && h("em", { class: "bonus-tag" }, trialWord(offer))),
        subscribeButton(app, offer, mine))),
    ];
  },
};

function subscribeButton(app, offer, mine) {
  const has = mine.some((one) => one.name === offer.name && runs(one));
  return h("button", { class: `small-button ${has ? "" : "tea"}`, type: "button", "data-act": "subscribe", onclick: () => subscribe(app, offer) },
    t(has ? "plans.subscribe_again" : "plans.subscribe"));
}

function mineCard(app, one) {
  return h("article", { class: `plan-card mine ${one.state}`, key: `plan${one.plan_id}`, "data-plan": one.plan_id, "data-state": one.state },
    h("header", {}, h("h3", {}, one.name), h("span", { class: `state ${one.state}` }, t(`plan.${one.state}`))),
    h("p", {}, money(price(one.amount_fen), "large"), h("span", {}, perWhat(one))),
    h("dl", { class: "facts" },
      one.state === "active" && one.next_due_on && h("div", {}, h("dt", {}, t("plans.next")), h("dd", { "data-next": one.next_due_on }, day(one.next_due_on))),
      one.state === "paused" && h("div", {}, h("dt", {}, t("plans.resumes")), h("dd", {}, one.resume_on ? day(one.resume_on) : t("plans.resumes_open"))),
      runs(one) && one.ends_on && h("div", {}, h("dt", {}, t("plans.last_day")), h("dd", {}, day(one.ends_on))),
      h("div", {}, h("dt", {}, t("plans.since")), h("dd", {}, day(one.started_on)))),
    h("button", { class: "quiet", type: "button", "data-act": "look-at-plan", onclick: () => app.go("plan", { id: one.plan_id }) },
      t(runs(one) ? "plans.look" : "plans.look_back"), icon("next")));
}

async function subscribe(app, offer) {
  let agreed = false;
  let key = newKey();
  const send = async (close) => {
    let unknown = false;
    const made = await app.attempt(() => app.shop.post("/plans", { offer_id: offer.id, consent_version: offer.consent_version }, key).catch((fault) => {
      unknown = fault instanceof ShopUnreachable;
      throw fault;
    }));
    if (!unknown) key = newKey();
    if (made) close(made);
    else if (!unknown) app.refresh();
  };
  const made = await app.phone.sheet((close, draw) => h("div", { class: "form consent" },
    h("h2", {}, offer.name), h("p", { class: "consent-price" }, money(price(offer.amount_fen), "large"), h("span", {}, perWhat(offer))),
    termsList(offer),
    consentText(t("plans.terms"), offer.consent_text, offer.consent_version, t("plans.terms")),
    tickLine(t("plans.agree"), agreed, (ticked) => { agreed = ticked; draw(); }),
    busyButton({ class: "wide tea", "data-act": "confirm-plan", disabled: !agreed, onclick: () => send(close) }, t("plans.confirm"))),
  { label: offer.name });
  if (!made) return;
  app.phone.toast(t("plans.started", { name: made.name }), "good");
  await app.refresh();
  await app.askForMessages(["deducted", "low_balance", "payment_due"]);
}
