// One plan: what comes, what was, a price that is announced, and what its customer may do with it.

import { h, icon } from "../dom.js";
import { day, isoDay, price, shortDay, yuan } from "../format.js";
import { t, tOr } from "../i18n.js";
import { emptyState } from "../phone.js";
import { money } from "./money.js";
import { agreeToPrice, cancel, pause, resume, skip } from "./plan_acts.js";
import { perWhat, runs, termsList, trialWord } from "./plan_terms.js";

const SHOWN_AHEAD = 6;
const SHOWN_BEHIND = 40;
const ENDED_WITH_THE_PLAN = ["cancelled", "account_closed"];

export const plan = {
  title: () => t("plan.title"),
  async load({ shop }, { id }) {
    const [one, upcoming, ended] = await Promise.all([shop.get(`/plans/${id}`), shop.items(`/plans/${id}/ahead`, SHOWN_AHEAD), shop.items(`/plans/${id}/history`, SHOWN_BEHIND)]);
    return { one, ...sorted(upcoming, ended, isoDay(new Date(shop.now()))) };
  },
  view(app, { one, coming, past, current, next }) {
    const moves = movesAll(one, coming);
    const owed = past.filter((period) => period.state === "owed" || period.state === "partly");
    return [
      h("article", { class: `plan-card mine ${one.state}`, "data-plan": one.plan_id, "data-state": one.state },
        h("header", {}, h("h3", {}, one.name), h("span", { class: `state ${one.state}` }, t(`plan.${one.state}`))),
        h("p", {}, money(price(one.amount_fen), "large"), h("span", {}, perWhat(one))),
        runs(one) && trialWord(one) && h("em", { class: "bonus-tag" }, trialWord(one)),
        h("dl", { class: "facts" }, facts(one).filter(([, text]) => text).map(([name, text]) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, text))))),
      owed.length > 0 && h("button", { class: "owed-strip", type: "button", "data-act": "plan-owed", onclick: () => app.go("bills") },
        icon("warn"), h("span", {}, t("plans.owed", { count: owed.length, amount: yuan(owed.reduce((sum, period) => sum + period.amount_fen - period.paid_fen, 0)) })), icon("next")),
      one.new_amount_fen !== null && runs(one) && newPrice(app, one),
      runs(one) && acts(app, one, { current, next, owes: owed.length > 0 }),
      runs(one) && h("section", { class: "block" }, h("header", {}, h("h3", {}, t("plans.coming"))),
        coming.length ? h("ol", { class: "rows", "data-list": "coming" }, coming.map((period) => periodRow(one, period, moves))) : emptyState(t("plans.nothing_comes"), "cycle")),
      past.length > 0 && h("section", { class: "block" }, h("header", {}, h("h3", {}, t("plans.past"))), h("ol", { class: "rows", "data-list": "past" }, past.map((period) => periodRow(one, period)))),
      h("section", { class: "block" }, h("header", {}, h("h3", {}, t("plans.agreed"))), termsList(one)),
    ];
  },
};

/** What is to come with what is left out of it, and what was; the period under way, and the next that can be skipped. */
function sorted(upcoming, ended, on) {
  const isAhead = (period) => period.due_on > on && !ENDED_WITH_THE_PLAN.includes(period.reason);
  const last = upcoming.length === SHOWN_AHEAD ? upcoming.at(-1).period_no : Infinity;
  const coming = [...upcoming, ...ended.filter((period) => period.state === "waived" && isAhead(period) && period.period_no < last)];
  const past = ended.filter((period) => !coming.includes(period) && period.due_on <= on).slice(0, 8);
  return {
    coming: coming.sort((one, other) => one.period_no - other.period_no).slice(0, SHOWN_AHEAD),
    past,
    current: [...upcoming, ...ended].find((period) => period.covers_from <= on && on <= period.covers_to),
    next: upcoming.find((period) => period.due_on >= on && !period.units),
  };
}

function facts(one) {
  return [
    ["plans.next", one.state === "active" && (one.next_due_on ? day(one.next_due_on) : t("plans.no_next"))],
    ["plans.paused_since", one.state === "paused" && day(one.paused_on)],
    ["plans.resumes", one.state === "paused" && (one.resume_on ? day(one.resume_on) : t("plans.resumes_open"))],
    ["plans.last_day", one.ends_on && day(one.ends_on)],
    ["plans.since", day(one.started_on)],
  ];
}

function newPrice(app, one) {
  const asks = !one.terms.unit && one.new_amount_fen > one.consented_fen;
  const words = { day: day(one.new_amount_from), now: price(one.amount_fen), amount: price(one.new_amount_fen) };
  return h("div", { class: "price-strip", "data-new-price": one.new_amount_fen, role: "note" }, icon("bell"),
    h("p", {}, h("strong", {}, t("plans.new_price", words)), t(asks ? "plans.new_price_asks" : "plans.new_price_holds", words)),
    asks && h("button", { class: "small-button tea", type: "button", "data-act": "agree-price", onclick: () => agreeToPrice(app, one) }, t("plans.look_at_price")));
}

function acts(app, one, { current, next, owes }) {
  const button = (name, word, act) => h("button", { class: "small-button", type: "button", "data-act": name, onclick: act }, word);
  return h("div", { class: "plan-acts", role: "group", "aria-label": t("plans.acts") },
    one.state === "active" ? button("pause-plan", t("plans.pause"), () => pause(app, one)) : button("resume-plan", t("plans.resume"), () => resume(app, one)),
    one.state === "active" && next && button("skip-period", t("plans.skip"), () => skip(app, one, next)),
    button("cancel-plan", t("plans.cancel"), () => cancel(app, one, current, owes)));
}

/** Whether a period that is ahead falls due in the pause. */
function fallsIn(one, period) {
  return one.state === "paused" && period.state === "upcoming" && !period.units && period.due_on >= one.paused_on && (!one.resume_on || period.due_on < one.resume_on);
}

/** Whether a pause moves what comes after it too. */
function movesAll(one, coming) {
  return !one.terms.unit && one.terms.on_pause === "shift" && coming.some((period) => fallsIn(one, period));
}

function periodRow(one, period, moves) {
  const inPause = fallsIn(one, period) || (moves && period.state === "upcoming" && period.due_on >= one.paused_on);
  const state = inPause ? `pause_${one.terms.unit ? "waive" : one.terms.on_pause}` : period.state;
  const word = period.state === "waived" || period.state === "failed" ? tOr(`reason.${period.reason}`, t(`period.${period.state}`)) : t(`period.${state}`);
  const isFree = period.state === "waived" || period.state === "failed" || (inPause && state === "pause_waive");
  return h("li", { class: `row period ${isFree ? "off" : ""}`, key: `period${period.period_no}`, "data-period": period.period_no, "data-state": inPause ? "in_pause" : period.state, "data-reason": period.reason, "data-covers": period.covers_from },
    h("div", {}, h("strong", {}, h("time", { datetime: period.due_on }, day(period.due_on))),
      h("small", {}, t("plans.covers", { from: shortDay(period.covers_from), to: shortDay(period.covers_to) })),
      period.units !== null && h("small", {}, t("plans.used", { units: period.units, unit: one.terms.unit })),
      period.period_no < one.terms.trial_periods && h("small", {}, t("plans.trial_period"))),
    h("div", { class: "row-end" }, h("b", {}, period.state === "upcoming" && period.units === 0 ? t("plans.by_use") : `¥${yuan(period.amount_fen)}`), h("span", { class: `state ${isFree ? "" : period.state}` }, word)));
}
