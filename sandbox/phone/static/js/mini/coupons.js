// Coupons: those there are, taking one by its code, choosing some at the checkout.

import { h, icon } from "../dom.js";
import { day, price } from "../format.js";
import { locale, t } from "../i18n.js";
import { busyButton, emptyState } from "../phone.js";
import { Intent } from "../shop.js";

const STATES = ["unused", "used", "over"];

export const coupons = {
  title: () => t("coupons.title"),
  async load({ shop }, params) {
    const state = params.state ?? "unused";
    return { items: await shop.items(`/coupons?state=${state}`), of: state };
  },
  view(app, { items, of }, params) {
    const shown = params.state ?? "unused";
    return [
      claimForm(app, params),
      h("div", { class: "segments", role: "tablist" }, STATES.map((state) => h("button", { type: "button", role: "tab", "aria-selected": String(state === shown), "data-side": state, onclick: () => {
        params.state = state;
        app.draw();
        return app.refresh();
      } }, t(`coupons.${state}`)))),
      h("div", { role: "tabpanel", class: "tickets" }, of !== shown ? h("p", { class: "fine looking", role: "status" }, t("state.loading")) : items.length ? items.map((one) => ticket(one)) : emptyState(t("coupons.none"), "ticket")),
    ];
  },
};

function claimForm(app, params) {
  params.intent ??= new Intent();
  const claim = async () => {
    const code = (params.code ?? "").trim();
    if (!code) return;
    const made = await params.intent.once(app, (key) => app.shop.post("/coupons", { code }, key));
    if (!made) return;
    params.code = "";
    app.phone.toast(t("coupons.claimed", { name: made.name }), "good");
    await app.refresh();
  };
  return h("form", { class: "claim", key: "claim", onsubmit: (event) => event.preventDefault() },
    h("input", { type: "text", name: "code", value: params.code ?? "", maxlength: "32", autocomplete: "off", autocapitalize: "characters", placeholder: t("coupons.code"), "aria-label": t("coupons.code"), oninput: (event) => { params.code = event.target.value; params.intent.renew(); } }),
    busyButton({ class: "small-button tea", "data-act": "claim", onclick: claim }, t("coupons.claim")));
}

function worth(one) {
  return one.kind === "percent" ? h("b", {}, t("coupons.percent", { share: locale() === "en" ? one.off_percent : (100 - one.off_percent) / 10 })) : h("b", {}, h("i", {}, "¥"), price(one.off_fen));
}

function ticket(one) {
  return h("article", { class: `ticket ${one.state}`, key: one.coupon_no, "data-coupon": one.coupon_no },
    h("div", { class: "ticket-worth" }, worth(one), h("small", {}, one.least_fen > 0 ? t("coupons.least", { amount: price(one.least_fen) }) : t("coupons.no_least"))),
    h("div", { class: "ticket-words" }, h("h3", {}, one.name),
      h("small", {}, [(one.products || one.categories) && t("coupons.some_goods"), one.most_fen && t("coupons.most", { amount: price(one.most_fen) }), !one.with_points && t("coupons.no_points")].filter(Boolean).join(" · ") || t("coupons.all_goods")),
      h("small", {}, t("coupons.until", { day: day(one.ends_at) }))));
}

/** Some of what fits the lines. → the numbers chosen, undefined when nothing was changed */
export function chooseCoupons(app, fitting, before) {
  let chosen = before.filter((no) => fitting.some((one) => one.coupon_no === no && !one.refusal));
  return app.phone.sheet((close, draw) => h("div", { class: "form" }, h("h2", {}, t("coupons.choose")),
    fitting.length ? h("div", { class: "options" }, fitting.map((one) => h("button", { type: "button", class: "option", "data-coupon": one.coupon_no, disabled: Boolean(one.refusal), "aria-pressed": String(chosen.includes(one.coupon_no)), onclick: () => {
      chosen = chosen.includes(one.coupon_no) ? chosen.filter((no) => no !== one.coupon_no) : [...chosen, one.coupon_no];
      draw();
    } }, h("strong", {}, one.name, !one.refusal && h("b", { class: "off" }, `−¥${price(one.off_fen)}`)), h("span", { class: "fine" }, one.refusal ? one.refusal.message : t("coupons.until", { day: day(one.ends_at) })))))
      : emptyState(t("coupons.none"), "ticket", h("button", { type: "button", class: "small-button", onclick: () => { close(); app.go("coupons"); } }, t("coupons.claim_some"))),
    fitting.length > 0 && h("button", { type: "button", class: "wide tea", "data-act": "use-coupons", onclick: () => close(chosen) }, chosen.length ? icon("check") : "", t(chosen.length ? "coupons.use" : "coupons.use_none", { count: chosen.length }))),
  { label: t("coupons.choose") });
}
