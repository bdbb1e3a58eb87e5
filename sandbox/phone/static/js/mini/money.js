// Amounts as they are set here.

import { h } from "../dom.js";
import { yuan } from "../format.js";

/** `¥` and the figure, set as money is set here. */
export function money(text, extra = "") {
  return h("span", { class: `money ${extra}`.trim() }, h("i", {}, "¥"), text);
}

/** An amount that is taken off: "−¥20.00". */
export function less(fen) {
  return h("span", { class: "money" }, "−", h("i", {}, "¥"), yuan(fen));
}
