// The desk for conversations: a canned answer is put into the answer, Ctrl+Enter sends it, the last words are in sight, and a page that
// is being left is not changed any more: what is written into a form that appears there would be lost with the page.
"use strict";

let isLeaving = false;
document.addEventListener("submit", (event) => { isLeaving ||= !event.defaultPrevented && !event.target.hasAttribute("hx-post"); });
window.addEventListener("pageshow", () => { isLeaving = false; });
document.addEventListener("htmx:sseBeforeMessage", (event) => { if (isLeaving) event.preventDefault(); });

document.addEventListener("change", (event) => {
  const canned = event.target.closest("[data-canned]");
  if (!canned || !canned.value) return;
  const answer = canned.form.querySelector("[data-reply]");
  const text = canned.selectedOptions[0].dataset.text;
  answer.value = answer.value.trim() ? `${answer.value}\n${text}` : text;
  canned.value = "";
  answer.focus();
});

document.addEventListener("keydown", (event) => {
  const answer = event.target.closest?.("[data-reply]");
  if (answer && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    answer.form.requestSubmit();
  }
});

const log = document.querySelector("[data-log]");
if (log) {
  log.scrollTop = log.scrollHeight;
  let atEnd = true;
  log.addEventListener("scroll", () => { atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80; });
  new MutationObserver(() => { if (atEnd) log.scrollTop = log.scrollHeight; }).observe(log, { childList: true, subtree: true });
}
