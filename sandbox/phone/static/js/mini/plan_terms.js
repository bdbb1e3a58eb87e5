// What was agreed on with a plan, in words: when it takes how much, trials, pauses, notices.

import { h } from "../dom.js";
import { day, monthAndDay, price, weekdayName } from "../format.js";
import { t, tOr } from "../i18n.js";

/** Whether a plan, or a standing order, has not ended. */
export const runs = (one) => one.state === "active" || one.state === "paused";

/** "/ month" beside the amount; of a plan by use "/ hour". */
export function perWhat({ cycle, terms }) {
  if (terms.unit) return `/ ${terms.unit}`;
  return terms.rule.interval > 1 ? t("cycle.custom") : t(`cycle.${cycle}`);
}

/** The schedule: "every Friday", "on the 15th of each month". */
export function rhythm(rule) {
  const turn = rule.interval > 1 ? t(`rhythm.${rule.every}s`, { count: rule.interval }) : t(`rhythm.${rule.every}`);
  if (rule.every === "dates") return rule.dates.map(day).join(t("rhythm.and"));
  if (rule.every === "week" && rule.weekdays.length) return t(rule.interval > 1 ? "rhythm.on_weeks" : "rhythm.on_week", { count: rule.interval, place: rule.weekdays.map(weekdayName).join(t("rhythm.and")) });
  if (rule.nth) return t("rhythm.on", { turn, place: t(`rhythm.nth.${rule.nth}`, { weekday: weekdayName(rule.weekday) }) });
  if (rule.every === "month" && rule.day) return t("rhythm.on", { turn, place: t("rhythm.day_of_month", { day: rule.day }) });
  if (rule.every === "year" && rule.day) return t("rhythm.on", { turn, place: monthAndDay(rule.month, rule.day) });
  return turn;
}

/** "first month free", in a word; null where there is no trial. */
export function trialWord({ terms }) {
  if (!terms.trial_periods) return null;
  const name = terms.trial_fen ? "plans.trial_at" : "plans.trial_free";
  return t(terms.trial_periods === 1 ? `${name}_one` : name, { count: terms.trial_periods, amount: price(terms.trial_fen) });
}

function noticeWord(days) {
  if (!days) return "plans.notice_after";
  return days === 1 ? "plans.notice_text_one" : "plans.notice_text";
}

/** The rules of an offer or a plan, one a line. */
export function termsList(one) {
  const { terms } = one;
  const lines = [
    ["plans.when", terms.unit ? t("plans.when_used", { rhythm: rhythm(terms.rule) }) : rhythm(terms.rule)],
    ["plans.closed_days", terms.rule.closed_days !== "as_is" && t(`plans.closed_days.${terms.rule.closed_days}`)],
    ["plans.trial", trialWord(one)],
    ["plans.most", terms.most_fen !== null && t("plans.most_text", { amount: price(terms.most_fen) })],
    ["plans.length", one.periods && t("plans.length_text", { count: one.periods })],
    ["plans.notice", t(noticeWord(terms.notice_days), { count: terms.notice_days })],
    ["plans.on_pause", !terms.unit && tOr(`plans.on_pause.${terms.on_pause}`, null)],
  ];
  return h("dl", { class: "facts terms" }, lines.filter(([, text]) => text).map(([name, text]) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, text))));
}
