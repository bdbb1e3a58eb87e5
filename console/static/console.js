// What pages need beyond links and forms: rows that are added, buttons that are pressed once, tabs, menus that close.
"use strict";

document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-add-row]");
  if (add) addRow(add.closest("[data-rows]"));
  const tab = event.target.closest("[role=tab]");
  if (tab) choose(tab);
  for (const open of document.querySelectorAll("details.who[open], details.more[open], details.help[open], details.menu-phone[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const open of document.querySelectorAll("details.who[open], details.more[open], details.help[open], details.menu-phone[open]")) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  }
  const tab = event.target.closest?.("[role=tab]");
  if (tab && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
    const all = [...tab.parentElement.querySelectorAll("[role=tab]")];
    all[(all.indexOf(tab) + (event.key === "ArrowRight" ? 1 : all.length - 1)) % all.length].focus();
  }
});

document.addEventListener("submit", (event) => {
  for (const button of event.target.querySelectorAll("[data-once]")) setTimeout(() => { button.disabled = true; }, 0);
});

window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[data-once]")) button.disabled = false;
});

function addRow(rows) {
  const number = rows.querySelectorAll(":scope > .row-of").length;
  const made = rows.querySelector("template").content.cloneNode(true);
  const name = rows.dataset.rows;
  const [blankName, blankId] = [`${name}.N.`, `f-${name.replaceAll(".", "-")}-N-`];
  const [newName, newId] = [`${name}.${number}.`, `f-${name.replaceAll(".", "-")}-${number}-`];
  for (const one of made.querySelectorAll("*")) {
    for (const attribute of ["name", "id", "for", "aria-describedby"]) {
      const value = one.getAttribute(attribute);
      if (value) one.setAttribute(attribute, value.replaceAll(blankName, newName).replaceAll(blankId, newId));
    }
  }
  rows.querySelector("template").before(made);
  rows.querySelectorAll(":scope > .row-of")[number].querySelector("input, select, textarea")?.focus();
}

function choose(tab) {
  for (const one of tab.parentElement.querySelectorAll("[role=tab]")) one.setAttribute("aria-selected", String(one === tab));
}
