// Where the customer pays, and by what: what can work there comes from the shop.

import { h, icon } from "../dom.js";
import { t } from "../i18n.js";

/** What this phone can pretend to be, by the app that it shows. */
const CLIENTS = {
  wechat: ["mini_program", "h5_in_wechat", "mobile_browser", "browser", "counter"],
  alipay: ["alipay_mini_program"],
};

export const ownClient = (app) => CLIENTS[app.within][0];

/** The ways of paying at `client`. */
export const methodsAt = (shop, client) => shop.get(`/payment-methods?client=${client}`).then((page) => page.items);

export const keyOf = (one) => `${one.channel}/${one.method}`;

/** The one that is chosen, or the first that can be taken. */
export function chosenOf(methods, chosen) {
  const open = methods.filter((one) => !one.refusal);
  return open.find((one) => keyOf(one) === chosen.way) ?? open[0] ?? null;
}

/** The question where, and under it the ways that can work at `client`. `turn(client)` loads another place. */
export function methodsField(app, { methods, client }, chosen, turn) {
  const on = chosenOf(methods, chosen);
  return [
    CLIENTS[app.within].length > 1 && h("label", { class: "where" }, h("span", {}, t("where.label")),
      h("select", { name: "client", onchange: (event) => turn(event.target.value) },
        CLIENTS[app.within].map((one) => h("option", { value: one, selected: one === chosen.client }, t(`where.${one}`))))),
    h("fieldset", { class: "channels", key: "ways", "data-client": client }, h("legend", {}, t("topup.pay_with")),
      methods.map((one) => row(app, one, on, chosen)),
      !methods.length && h("p", { class: "fine" }, t("where.nothing"))),
  ];
}

function row(app, one, on, chosen) {
  const isOn = on !== null && keyOf(one) === keyOf(on);
  return h("label", { class: `channel ${one.refusal ? "off" : ""}`, "data-channel": one.channel, "data-method": one.method, key: `way-${keyOf(one)}` },
    h("span", { class: `channel-mark ${one.channel}` }, icon({ qr_code: "scan", redirect: "next" }[one.opens] ?? "chat")),
    h("span", {}, h("strong", {}, t(`channel.${one.channel}`)), h("small", {}, one.refusal ? one.refusal.message : t(`opens.${one.opens}`))),
    h("input", { type: "radio", name: "channel", checked: isOn, disabled: Boolean(one.refusal), onchange: () => {
      chosen.way = keyOf(one);
      app.draw();
    } }),
    h("span", { class: "tick" }, icon("check")));
}
