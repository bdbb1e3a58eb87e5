// Money the shop sends to the customer, who confirms that it should come.

import { h } from "../dom.js";
import { moment, yuan } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { money } from "./money.js";

/** One transfer, above the list of top-ups; with a button while it waits to be confirmed. */
export function remittanceRow(app, one) {
  return h("li", { class: "row", key: one.remittance_no, "data-remittance": one.state },
    h("div", {}, h("strong", {}, one.remark), h("small", {}, h("time", {}, moment(one.created_at)))),
    h("div", { class: "row-end" }, h("b", {}, money(yuan(one.amount_fen))),
      one.client
        ? busyButton({ class: "link", "data-act": "accept-transfer", onclick: () => accept(app, one) }, t("remit.accept"))
        : h("span", { class: `state ${one.state}` }, t(`remit.${one.state}`))));
}

async function accept(app, one) {
  try {
    await app.wx.requestMerchantTransfer(one.client);
    app.phone.toast(t("remit.accepted"), "good");
  } catch (fault) {
    if (fault.errMsg !== "requestMerchantTransfer:fail cancel") app.phone.toast(t("remit.failed"), "bad");
  }
  await app.refresh();
}
