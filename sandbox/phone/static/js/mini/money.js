// Amounts, and what was bought for them, as they are set here.

import { h } from "../dom.js";
import { yuan } from "../format.js";
import { t } from "../i18n.js";

/** `¥` and the figure, set as money is set here. */
export function money(text, extra = "") {
  return h("span", { class: `money ${extra}`.trim() }, h("i", {}, "¥"), text);
}

/** What is in an order, in a line: "明前龙井 · 一级 ×2". */
export function goodsWord(lines) {
  return lines.map((line) => `${line.product_name} · ${line.sku_name} ×${line.quantity}`).join(t("common.and"));
}

/** An amount that is taken off: "−¥20.00". */
export function less(fen) {
  return h("span", { class: "money" }, "−", h("i", {}, "¥"), yuan(fen));
}
