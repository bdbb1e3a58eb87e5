// What a customer does with a plan, each after a question that says what it costs or spares.

import { h } from "../dom.js";
import { day, isoDay, price, shortDay } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { tickLine } from "./form.js";
import { money } from "./money.js";

const DAY_MS = 864e5;
const LONGEST_DAYS = 366;

function dayIn(shop, days) {
  return isoDay(new Date(shop.now() + days * DAY_MS));
}

async function send(app, path, body, said) {
  const done = await app.attempt(() => app.shop.post(path, body));
  if (done) app.phone.toast(said, "good");
  await app.refresh();
}

/** For a while, to a day, or until it is resumed. */
export async function pause(app, one) {
  const choices = [["open", null], ["week", dayIn(app.shop, 7)], ["month", dayIn(app.shop, 30)]];
  let until = null;
  const earliest = dayIn(app.shop, 1);
  const latest = dayIn(app.shop, LONGEST_DAYS);
  const sure = await app.phone.sheet((close, draw) => {
    const fits = until === null || (until >= earliest && until <= latest);
    return h("div", { class: "form" },
      h("h2", {}, t("plans.pause_sure", { name: one.name })),
      h("p", { class: "fine" }, t(one.terms.unit ? "plans.pause_used" : `plans.pause_${one.terms.on_pause}`)),
      h("div", { class: "chips", role: "group", "aria-label": t("plans.pause_until") }, choices.map(([name, on]) =>
        h("button", { type: "button", "aria-pressed": String(until === on), "data-pause": name, onclick: () => { until = on; draw(); } }, t(`plans.pause_for.${name}`)))),
      h("label", { class: "day-field" }, h("span", {}, t("plans.pause_until")),
        h("input", { type: "date", name: "until", min: earliest, max: latest, value: until ?? "", onchange: (event) => { until = event.target.value || null; draw(); } })),
      h("p", { class: "fine", "aria-live": "polite" }, fits ? t(until ? "plans.pause_ends" : "plans.pause_open", { day: until && day(until) }) : t("plans.pause_wrong")),
      busyButton({ class: "wide tea", "data-act": "confirm-pause", disabled: !fits, onclick: () => close(true) }, t("plans.pause")));
  }, { label: t("plans.pause") });
  if (sure) await send(app, `/plans/${one.plan_id}/pause`, { until }, t("plans.was_paused"));
}

export async function resume(app, one) {
  const text = t(one.terms.unit ? "plans.resume_used" : `plans.resume_${one.terms.on_pause}`, { amount: price(one.amount_fen) });
  const sure = await app.confirm({ title: t("plans.resume_sure", { name: one.name }), text, yes: t("plans.resume") });
  if (sure) await send(app, `/plans/${one.plan_id}/resume`, {}, t("plans.was_resumed"));
}

/** Leaves the next period out. */
export async function skip(app, one, period) {
  const text = t(one.terms.unit ? "plans.skip_used" : "plans.skip_text", { from: shortDay(period.covers_from), to: shortDay(period.covers_to), amount: price(period.amount_fen) });
  const sure = await app.confirm({ title: t("plans.skip_sure", { day: day(period.due_on) }), text, yes: t("plans.skip") });
  if (sure) await send(app, `/plans/${one.plan_id}/skip`, { period_no: period.period_no }, t("plans.was_skipped"));
}

/** Now, or when the period under way is over. */
export async function cancel(app, one, current, owes) {
  const mayStay = one.state === "active" && current && current.reason !== "cancelled" && !(one.ends_on && one.ends_on <= current.covers_to);
  const staysText = () => t(current.state === "upcoming" && !one.terms.unit ? "plans.cancel_end_owes" : "plans.cancel_end_text", { day: day(current.covers_to), amount: price(current.amount_fen) });
  const when = await app.phone.sheet((close) => h("div", { class: "question" },
    h("h2", {}, t("plans.cancel_sure", { name: one.name })), h("p", {}, t(one.terms.unit ? "plans.cancel_used" : "plans.cancel_text")),
    mayStay && h("p", {}, staysText()),
    owes && h("p", {}, t("plans.cancel_owes")),
    mayStay && h("button", { class: "wide tea", type: "button", "data-act": "cancel-at-end", onclick: () => close("period_end") }, t("plans.cancel_at_end", { day: day(current.covers_to) })),
    h("button", { class: "wide danger", type: "button", "data-act": "cancel-now", onclick: () => close("now") }, t("plans.cancel_now")),
    h("button", { class: "quiet", type: "button", autofocus: true, onclick: () => close(undefined) }, t("common.not_now"))),
  { label: t("plans.cancel"), kind: "middle" });
  if (when) await send(app, `/plans/${one.plan_id}/cancel`, { when }, t(when === "now" ? "plans.was_cancelled" : "plans.will_end", { day: current && day(current.covers_to) }));
}

/** A price above what was agreed to: only with another consent. */
export async function agreeToPrice(app, one) {
  let agreed = false;
  const words = { day: day(one.new_amount_from), now: price(one.amount_fen), amount: price(one.new_amount_fen) };
  const sure = await app.phone.sheet((close, draw) => h("div", { class: "form consent" },
    h("h2", {}, t("plans.price_title", { name: one.name })), h("p", { class: "consent-price" }, money(words.amount, "large"), h("span", {}, t("plans.price_before", words))),
    h("div", { class: "consent-text" }, h("p", {}, t("plans.price_text", words))),
    tickLine(t("plans.price_agree", words), agreed, (ticked) => { agreed = ticked; draw(); }),
    busyButton({ class: "wide tea", "data-act": "confirm-price", disabled: !agreed, onclick: () => close(true) }, t("plans.price_confirm"))),
  { label: t("plans.price_title", { name: one.name }) });
  if (sure) await send(app, `/plans/${one.plan_id}/price/agree`, { amount_fen: one.new_amount_fen }, t("plans.price_agreed"));
}
