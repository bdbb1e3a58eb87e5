// Search boxes that fill in a number, and printing.
"use strict";

document.documentElement.classList.add("scripts");

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
  const hit = event.target.closest("[data-pick]");
  const picker = hit?.closest(".picker");
  if (!picker) return;
  const number = picker.querySelector("[data-picked]");
  number.value = hit.dataset.pick;
  picker.querySelector(".picker-said").textContent = hit.dataset.said;
  picker.querySelector(".picker-found").replaceChildren();
  picker.querySelector(".picker-search").value = "";
  number.dispatchEvent(new Event("change", { bubbles: true }));
  number.focus();
});

document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.(".picker-search");
  if (box && event.key === "Enter") event.preventDefault();
});

// The search box is no part of what the form around it asks for or sends.
document.addEventListener("change", (event) => {
  if (event.target.closest?.(".picker-search")) event.stopPropagation();
}, true);
