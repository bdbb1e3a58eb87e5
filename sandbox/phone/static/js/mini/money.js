import { h } from "../dom.js";

/** `¥` and the figure, set as money is set here. */
export function money(text, extra = "") {
  return h("span", { class: `money ${extra}`.trim() }, h("i", {}, "¥"), text);
}
