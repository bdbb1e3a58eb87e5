// What a member has: the tier and how far the next one is, points and what they are good for.

import { h, icon } from "../dom.js";
import { day, moment, price, yuan } from "../format.js";
import { t, tOr } from "../i18n.js";
import { busyButton, emptyState } from "../phone.js";
import { Intent } from "../shop.js";

export const member = {
  title: () => t("member.title"),
  async load({ shop }) {
    const [standing, points, movements] = await Promise.all([shop.get("/tier"), shop.get("/points"), shop.items("/points/movements")]);
    return { standing, points, movements };
  },
  view(app, { standing, points, movements }) {
    return [
      tierCard(standing),
      points.rule ? pointsBlock(app, points) : null,
      points.rule && h("section", { class: "block" }, h("h3", {}, t("points.movements")),
        movements.length ? h("ul", { class: "rows" }, movements.map(movementRow)) : emptyState(t("points.none"), "star")),
    ];
  },
};

function tierCard({ tier, keeps_until, next_tier, next_fen, spent_fen }) {
  const left = next_tier && next_fen !== null ? Math.max(0, next_fen - spent_fen) : null;
  return h("section", { class: `tier-card ${tier?.code ?? "plain"}`, "data-tier": tier?.code ?? "" },
    h("div", {}, h("p", {}, t("member.tier")), h("h3", {}, tier?.name ?? t("member.no_tier")), keeps_until && h("p", {}, t("member.keeps", { day: day(keeps_until) })), tier && tier.points_percent !== 100 && h("p", {}, t("member.percent", { times: tier.points_percent / 100 }))),
    left !== null && h("div", { class: "tier-next" },
      h("progress", { max: String(next_fen), value: String(Math.min(next_fen, spent_fen)), "aria-label": t("member.next", { name: next_tier.name, amount: price(left) }) }),
      h("p", {}, t("member.next", { name: next_tier.name, amount: price(left) }))));
}

function pointsBlock(app, points) {
  const { rule } = points;
  return h("section", { class: "block points", "data-points": points.points },
    h("p", { class: "points-sum" }, h("span", {}, t("points.have")), h("b", {}, points.points.toLocaleString("en"))),
    points.ending > 0 && points.ends_at && h("p", { class: "fine" }, t("points.ending", { points: points.ending, day: day(points.ends_at) })),
    points.owed > 0 && h("p", { class: "note dear" }, t("points.owed", { points: points.owed })),
    h("ul", { class: "fine dots" },
      h("li", {}, t("points.rule.earn", { points: rule.per_100_yuan })),
      rule.off_points > 0 && h("li", {}, t("points.rule.off", { points: rule.off_points, share: rule.off_share_percent })),
      rule.bonus_points > 0 && h("li", {}, t("points.rule.bonus", { points: rule.bonus_points })),
      rule.life_days && h("li", {}, t("points.rule.life", { days: rule.life_days }))),
    rule.bonus_points > 0 && h("button", { type: "button", class: "small-button", "data-act": "to-bonus", disabled: points.points < rule.bonus_points, onclick: () => toBonus(app, points) }, t("points.to_bonus")));
}

async function toBonus(app, { points, rule }) {
  const most = points - (points % rule.bonus_points);
  const intent = new Intent();
  const made = await app.phone.sheet((close) => h("div", { class: "question" }, h("h2", {}, t("points.to_bonus")),
    h("p", {}, t("points.to_bonus_text", { points: most, amount: price((most / rule.bonus_points) * 100) })),
    busyButton({ class: "wide tea", autofocus: true, "data-act": "confirm-bonus", onclick: async () => {
      const given = await intent.once(app, (key) => app.shop.post("/points/bonus", { points: most }, key));
      if (given) close(given);
    } }, t("points.to_bonus_yes")),
    h("button", { type: "button", class: "quiet", onclick: () => close() }, t("common.not_now"))), { label: t("points.to_bonus"), kind: "middle" });
  if (made) app.phone.toast(t("points.was_bonus", { amount: yuan(made.bonus_fen) }), "good");
  await app.refresh();
}

function movementRow(one) {
  return h("li", { class: "row", key: `pm${one.id}`, "data-kind": one.kind },
    h("div", {}, h("strong", {}, tOr(`points.kind.${one.kind}`, one.kind)), h("small", {}, h("time", {}, moment(one.at)))),
    h("div", { class: "row-end" }, h("b", { class: one.points > 0 ? "in" : "" }, `${one.points > 0 ? "+" : "−"}${Math.abs(one.points)}`), h("small", {}, t("points.after", { points: one.points_after }))));
}

/** What the page of the customer shows of it. */
export function memberStrip(app, { standing, points, coupons }) {
  const cell = (word, value, act, go) => h("button", { type: "button", "data-act": act, onclick: go }, h("b", {}, value), h("span", {}, word));
  return h("nav", { class: "member-strip", "aria-label": t("member.title") },
    cell(t("member.tier"), standing.tier?.name ?? t("member.no_tier"), "tier", () => app.go("member")),
    cell(t("points.title"), points.rule ? String(points.points) : "–", "points", () => app.go("member")),
    cell(t("coupons.title"), String(coupons), "coupons", () => app.go("coupons")),
    h("span", { class: "unseen" }, icon("next")));
}
