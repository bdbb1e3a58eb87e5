// Standing orders: goods again and again by a calendar. Starting one from a product; what comes, what was, and what may be done with it.

import { h, icon } from "../dom.js";
import { day, fenFrom, price, weekdayName, yuan } from "../format.js";
import { t, tOr } from "../i18n.js";
import { busyButton, emptyState } from "../phone.js";
import { Intent } from "../shop.js";
import { whole } from "./addresses.js";
import { chips, consentText, field, tickLine } from "./form.js";
import { goodsWord, money } from "./money.js";
import { rhythm, runs } from "./plan_terms.js";

const TURNS = ["day", "week", "month"];
const DAYS = [1, 5, 10, 15, 20, 25];
const SHOWN = 8;

/** A card on the page of plans. */
export function standingCard(app, one) {
  return h("article", { class: `plan-card mine ${one.state}`, key: `standing${one.id}`, "data-standing": one.id, "data-state": one.state },
    h("header", {}, h("h3", {}, one.name), h("span", { class: `state ${one.state}` }, t(`plan.${one.state}`))),
    h("p", {}, rhythm(one.rule), " · ", t("standing.about", { amount: price(one.expected_fen) })),
    h("p", {}, goodsWord(one.lines)),
    h("button", { class: "quiet", type: "button", "data-act": "look-at-standing", onclick: () => app.go("standing", { id: one.id }) }, t(runs(one) ? "plans.look" : "plans.look_back"), icon("next")));
}

export const standing = {
  title: () => t("standing.title"),
  async load({ shop }, { id }) {
    const [one, ahead, past] = await Promise.all([shop.get(`/standing-orders/${id}`), shop.get(`/standing-orders/${id}/ahead?most=${SHOWN}`), shop.items(`/standing-orders/${id}/deliveries`, SHOWN)]);
    return { one, coming: ahead.items, past: past.filter((each) => !ahead.items.some((other) => other.day === each.day)) };
  },
  view(app, { one, coming, past }) {
    const fact = (word, text) => text && h("div", {}, h("dt", {}, t(word)), h("dd", {}, text));
    return [
      h("article", { class: `plan-card mine ${one.state}`, "data-standing": one.id, "data-state": one.state },
        h("header", {}, h("h3", {}, one.name), h("span", { class: `state ${one.state}` }, t(`plan.${one.state}`))),
        h("ul", {}, one.lines.map((line) => h("li", {}, goodsWord([line])))),
        h("dl", { class: "facts" }, fact("standing.when", rhythm(one.rule)), fact("standing.to", one.address ? whole(one.address) : t("checkout.fetch")),
          fact("standing.most", `¥${yuan(one.most_fen)}`), fact("plans.since", day(one.started_on)), fact("plans.last_day", one.ends_on && day(one.ends_on)),
          fact("plans.resumes", one.state === "paused" && (one.resume_on ? day(one.resume_on) : t("plans.resumes_open"))), fact("checkout.remark", one.remark))),
      runs(one) && h("div", { class: "plan-acts", role: "group", "aria-label": t("plans.acts") },
        one.state === "active" ? button("pause-standing", t("plans.pause"), () => act(app, one, "pause", "standing.pause_text")) : button("resume-standing", t("plans.resume"), () => act(app, one, "resume", "standing.resume_text")),
        button("end-standing", t("standing.end"), () => act(app, one, "end", "standing.end_text"))),
      runs(one) && h("section", { class: "block" }, h("h3", {}, t("standing.coming")), coming.length ? h("ol", { class: "rows" }, coming.map((each) => comingRow(app, one, each))) : emptyState(t("standing.nothing"), "cycle")),
      past.length > 0 && h("section", { class: "block" }, h("h3", {}, t("standing.past")), h("ol", { class: "rows" }, past.map((each) => pastRow(app, each)))),
    ];
  },
};

const button = (name, word, onclick) => h("button", { class: "small-button", type: "button", "data-act": name, onclick }, word);

function stateOf({ state, reason }) {
  return h("span", { class: `state ${state}` }, (reason && tOr(`standing.reason.${reason}`, null)) ?? t(`standing.${state}`));
}

function comingRow(app, one, each) {
  return h("li", { class: `row ${each.state === "waived" ? "period off" : ""}`, key: `d${each.day}`, "data-day": each.day, "data-state": each.state },
    h("div", {}, h("strong", {}, h("time", { datetime: each.deliver_on }, day(each.deliver_on))),
      !each.covered && each.state !== "ordered" && h("small", { class: "note dear" }, t("standing.not_covered")),
      one.state === "active" && each.state === "upcoming" && h("button", { type: "button", class: "link", "data-act": "skip-delivery", onclick: () => skip(app, one, each) }, t("standing.skip"))),
    h("div", { class: "row-end" }, h("b", {}, `¥${yuan(each.amount_fen)}`), stateOf(each)));
}

function pastRow(app, each) {
  return h("li", { class: "row", key: `p${each.day}`, "data-state": each.state },
    h("div", {}, h("strong", {}, day(each.deliver_on)), each.order_no && h("button", { type: "button", class: "link", onclick: () => app.go("order", { no: each.order_no }) }, t("standing.order"), icon("next"))),
    h("div", { class: "row-end" }, each.amount_fen !== null && h("b", {}, `¥${yuan(each.amount_fen)}`), stateOf(each)));
}

async function act(app, one, verb, text) {
  const sure = await app.confirm({ title: t(`standing.${verb}_sure`, { name: one.name }), text: t(text), yes: t(verb === "end" ? "standing.end" : `plans.${verb}`), tone: verb === "end" ? "danger" : "tea" });
  if (sure) await app.attempt(() => app.shop.post(`/standing-orders/${one.id}/${verb}`, {}));
  await app.refresh();
}

async function skip(app, one, each) {
  const sure = await app.confirm({ title: t("plans.skip_sure", { day: day(each.deliver_on) }), text: t("standing.skip_text"), yes: t("standing.skip") });
  if (sure && (await app.attempt(() => app.shop.post(`/standing-orders/${one.id}/skip`, { day: each.day })))) app.phone.toast(t("plans.was_skipped"), "good");
  await app.refresh();
}

/** The sheet that starts one, of so many of a SKU. */
export async function startStanding(app, product, sku, quantity) {
  const { shop } = app;
  const known = await app.attempt(() => Promise.all([shop.get("/standing-order-terms"), shop.items("/addresses")]));
  if (!known) return;
  const [terms, addresses] = known;
  const lines = [{ sku_id: sku.id, quantity }];
  const chosen = { every: "week", weekdays: [5], day: 1, address: addresses.find((one) => one.is_default)?.id ?? null, most: "", agreed: false, quote: null, fault: null };
  const intent = new Intent();
  const priced = async (draw) => {
    chosen.quote = await app.attempt(() => shop.post("/quotes", { lines, address_id: chosen.address }), { refused: (fault) => { chosen.fault = fault.message; return true; } });
    if (!chosen.quote) chosen.quote = null;
    else Object.assign(chosen, { fault: null, most: price(Math.ceil((chosen.quote.total_fen * 1.2) / 100) * 100).replaceAll(",", "") });
    draw();
  };
  let asked = false;
  const made = await app.phone.sheet((close, draw) => {
    if (!asked) {
      asked = true;
      priced(draw);
    }
    const put = (more) => { Object.assign(chosen, more); intent.renew(); draw(); };
    const mostFen = fenFrom(chosen.most);
    const ready = chosen.quote && mostFen && chosen.agreed && (chosen.every !== "week" || chosen.weekdays.length);
    const send = async () => {
      const schedule = { every: chosen.every, weekdays: chosen.every === "week" ? chosen.weekdays : [], day: chosen.every === "month" ? chosen.day : null };
      const body = { lines, schedule, most_fen: mostFen, consent_version: terms.version, address_id: chosen.address };
      const done = await intent.once(app, (key) => shop.post("/standing-orders", body, key));
      if (done) close(done);
    };
    return h("div", { class: "form" }, h("h2", {}, t("standing.start", { name: product.name })), h("p", { class: "fine" }, `${sku.name} ×${quantity}`),
      chips(t("standing.when"), TURNS.map((one) => ({ word: t(`rhythm.${one}`), on: chosen.every === one, take: () => put({ every: one }), "data-choice": one }))),
      chosen.every === "week" && chips(t("standing.weekdays"), [1, 2, 3, 4, 5, 6, 7].map((one) => ({ word: weekdayName(one), on: chosen.weekdays.includes(one), "data-choice": one,
        take: () => put({ weekdays: chosen.weekdays.includes(one) ? chosen.weekdays.filter((each) => each !== one) : [...chosen.weekdays, one].sort() }) }))),
      chosen.every === "month" && chips(t("standing.day"), DAYS.map((one) => ({ word: t("rhythm.day_of_month", { day: one }), on: chosen.day === one, take: () => put({ day: one }), "data-choice": one }))),
      h("label", { class: "field" }, h("span", {}, t("standing.to")), h("select", { name: "to", onchange: (event) => { put({ address: Number(event.target.value) || null }); priced(draw); } },
        h("option", { value: "", selected: chosen.address === null }, t("checkout.fetch")), addresses.map((one) => h("option", { value: one.id, selected: one.id === chosen.address }, `${one.recipient} ${whole(one)}`)))),
      h("p", { class: "fine", "aria-live": "polite" }, chosen.fault ?? (chosen.quote ? t("standing.each", { amount: yuan(chosen.quote.total_fen), day: day(terms.earliest_on) }) : t("state.loading"))),
      field(t("standing.most"), { inputmode: "decimal", name: "most", value: chosen.most, oninput: (event) => put({ most: event.target.value }) }),
      consentText(t("plans.terms"), terms.text, terms.version), tickLine(t("standing.agree"), chosen.agreed, (agreed) => put({ agreed })),
      busyButton({ class: "wide tea", "data-act": "confirm-standing", disabled: !ready, onclick: send }, t("standing.confirm"), chosen.quote && money(price(chosen.quote.total_fen))));
  }, { label: t("standing.start", { name: product.name }) });
  if (!made) return;
  app.phone.toast(t("plans.started", { name: made.name }), "good");
  app.go("plans");
  await app.go("standing", { id: made.id });
}
