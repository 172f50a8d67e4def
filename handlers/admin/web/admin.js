"use strict";
// Every page works without this file: it asks before what cannot be undone,
// prints, and keeps a form from being sent twice.
document.addEventListener("submit", (e) => {
  const form = e.target;
  const ask = e.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (ask && !window.confirm(ask)) { e.preventDefault(); return; }
  if (form.method !== "post") return;
  if (form.dataset.sent) { e.preventDefault(); return; }
  form.dataset.sent = "1";
  form.setAttribute("aria-busy", "true");
});
document.addEventListener("click", (e) => { if (e.target.closest("[data-print]")) window.print(); });
document.addEventListener("change", (e) => { if (e.target.matches("[data-go]")) e.target.form.requestSubmit(); });
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((f) => { delete f.dataset.sent; f.removeAttribute("aria-busy"); }));
