// Topping up: a package or a free amount, by any way of paying that can work where the customer is.

import { h } from "../dom.js";
import { day, fenFrom, price, yuan } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { newKey, ShopUnreachable } from "../shop.js";
import { agreeLine, currentAgreement } from "./agreement.js";
import { chosenOf, keyOf, methodsAt, methodsField, ownClient } from "./methods.js";
import { money } from "./money.js";
import { openPayment } from "./paying.js";

export const topUp = {
  title: () => t("topup.title"),
  async load(app, chosen) {
    const { shop } = app;
    chosen.client ??= ownClient(app);
    const client = chosen.client;
    const [packages, account, agreement, methods] = await Promise.all([shop.get("/packages").then((page) => page.items), shop.get("/account"), currentAgreement(shop), methodsAt(shop, client)]);
    return { packages, account, agreement, methods, client };
  },
  view(app, { packages, account, agreement, methods, client }, chosen) {
    if (chosen.packageId === undefined && chosen.text === undefined) chosen.packageId = first(packages);
    return [
      h("p", { class: "now-have" }, t("home.available"), money(yuan(account.available_fen))),
      h("fieldset", { class: "packages" }, h("legend", {}, t("topup.packages")), packages.map((one) => packageCard(app, one, chosen))),
      h("label", { class: `money-field ${chosen.packageId === null ? "on" : ""}` }, h("span", {}, "¥"),
        h("input", { type: "text", inputmode: "decimal", autocomplete: "off", name: "amount", value: chosen.text ?? "", placeholder: t("topup.other"), "aria-label": t("topup.other"),
          oninput: (event) => {
            chosen.text = event.target.value;
            chosen.packageId = chosen.text.trim() ? null : first(packages);
            app.draw();
          } })),
      chosen.text?.trim() && fenFrom(chosen.text) === null && h("p", { class: "field-fault", role: "alert" }, t("topup.not_an_amount")),
      methodsField(app, { methods, client }, chosen, (wanted) => {
        chosen.client = wanted;
        app.refresh();
      }),
      agreement && agreeLine(app, agreement, chosen),
    ];
  },
  foot(app, { packages, agreement, methods, client }, chosen) {
    const one = packages.find((each) => each.id === chosen.packageId);
    const fen = one ? one.pay_fen : fenFrom(chosen.text ?? "");
    const way = client === chosen.client ? chosenOf(methods, chosen) : null;
    return busyButton({ class: "wide tea", "data-act": "start-top-up", disabled: !fen || !way || (agreement && chosen.agreed !== agreement.version), onclick: () => start(app, chosen, one, fen, way) },
      fen ? t("topup.start", { amount: price(fen) }) : t("topup.start_plain"));
  },
};

/** The first package that can be bought now. */
function first(packages) {
  return packages.find((one) => !one.refusal)?.id ?? null;
}

/** What limits a package, in few words. */
function notes(one) {
  return [
    one.first_time_only && t("topup.first_time_only"),
    one.per_customer !== null && t("topup.per_customer", { count: one.per_customer }),
    one.until_at && t("topup.until", { day: day(one.until_at) }),
    one.bonus_fen > 0 && one.bonus_days !== null && t("topup.bonus_days", { count: one.bonus_days }),
  ].filter(Boolean);
}

function packageCard(app, one, chosen) {
  const on = chosen.packageId === one.id;
  return h("label", { class: `package ${on ? "on" : ""} ${one.refusal ? "off" : ""}`, key: `package-${one.id}`, "data-pay-fen": one.pay_fen },
    h("input", { type: "radio", name: "package", checked: on, disabled: Boolean(one.refusal), onchange: () => {
      chosen.packageId = one.id;
      chosen.text = "";
      app.draw();
    } }),
    money(price(one.pay_fen)),
    h("span", { class: "gives" }, one.bonus_fen > 0 ? t("topup.gives", { amount: price(one.bonus_fen) }) : t("topup.no_bonus")),
    one.refusal
      ? h("small", { class: "package-note", "data-refusal": one.refusal.code }, one.refusal.message)
      : notes(one).map((note) => h("small", { class: "package-note" }, note)));
}

async function start(app, chosen, one, fen, way) {
  const wish = `${one ? `p${one.id}` : `a${fen}`}/${chosen.client}/${keyOf(way)}`;
  if (chosen.wish !== wish) {
    chosen.wish = wish;
    chosen.key = newKey(); // a repeat after a broken connection asks for the same top-up
  }
  const body = {
    package_id: one?.id ?? null, amount_fen: one ? null : fen, channel: way.channel, method: way.method, client: chosen.client,
    agreement_version: chosen.agreed ?? null, return_url: way.opens === "redirect" ? `${location.origin}/` : null,
  };
  let unknown = false;
  const made = await app.attempt(() => app.shop.post("/top-ups", body, chosen.key).catch((fault) => {
    unknown = fault instanceof ShopUnreachable;
    throw fault;
  }), { refused: (fault) => {
    if (fault.code === "agreement_outdated") app.refresh(); // shows the new text, to be agreed to anew
  } });
  if (!unknown) chosen.wish = null;
  if (made) await payTopUp(app, made);
}

/** Pays, and then the page that says how it went. */
export async function payTopUp(app, made) {
  const { shop } = app;
  const isPaid = async () => (await shop.get(`/top-ups/${made.top_up_no}`)).state === "credited";
  const how = await openPayment(app, made.payment, { fen: made.pay_fen, isPaid });
  if (how && shop === app.shop) showOutcome(app, made, how);
}

function showOutcome(app, made, how) {
  if (app.place.name === "outcome" || app.place.name === "topUp") app.stack.pop();
  app.keep({ name: "outcome", params: { no: made.top_up_no } }, { made });
  app.go("outcome", { no: made.top_up_no, how });
}
