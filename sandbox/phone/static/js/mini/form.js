// Parts of forms: a line to fill in, a choice of words, something to agree to.

import { h, icon } from "../dom.js";
import { t } from "../i18n.js";

/** A named input. `attributes`: of the input; `note`: what stands below it. */
export function field(word, attributes, note = null) {
  return h("label", { class: "field" }, h("span", {}, word), h("input", { type: "text", autocomplete: "off", ...attributes }), note);
}

/** Words of which some are chosen: each {word, on, take}, with more attributes of its button. */
export function chips(legend, choices) {
  return h("fieldset", { class: "chips" }, h("legend", {}, legend), chipButtons(choices));
}

export function chipButtons(choices) {
  return choices.map(({ word, on, take, ...attributes }) => h("button", { type: "button", ...attributes, "aria-pressed": String(on), onclick: take }, word));
}

/** A line with a box to tick. `put(ticked)` is told. */
export function tickLine(word, ticked, put, attributes = {}) {
  return h("label", { class: "agree" }, h("input", { type: "checkbox", name: "agree", ...attributes, checked: ticked, onchange: (event) => put(event.target.checked) }),
    h("span", { class: "tick" }, icon("check")), h("span", {}, word));
}

/** A text to be read before it is agreed to, with its version; under its title where the sheet has another. */
export function consentText(title, text, version, heading = null) {
  return h("div", { class: "consent-text", tabindex: "0", role: "region", "aria-label": title }, heading && h("h3", {}, heading),
    text.split("\n").filter(Boolean).map((line) => h("p", {}, line)), h("small", {}, t("plans.version", { version })));
}
