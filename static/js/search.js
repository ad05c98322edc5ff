// The search box: what it finds appears below it as one types; arrow keys move through that, Escape closes it.
(() => {
  "use strict";
  const box = () => document.querySelector("[data-search-box]");
  const found = () => document.getElementById("search-found");
  const close = () => { const list = found(); asked = ""; if (list) list.replaceChildren(); };

  document.addEventListener("keydown", (event) => {
    const here = box();
    if (!here || !here.contains(event.target)) return;
    if (event.key === "Escape") {
      close();
      if (event.target.matches("a")) here.querySelector("input").focus();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops = [here.querySelector("input"), ...found().querySelectorAll("a")];
    const next = stops[stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });

  let timer = 0;
  let asked = "";
  function ask(input) {
    const term = input.value.trim();
    if (!term || term === asked) return;
    asked = term;
    // One at a time, the last one wins: htmx keeps the queue of the element that asks.
    window.htmx.ajax("GET", input.form.action, { source: input, target: "#search-found", swap: "innerHTML", values: { q: term } });
  }

  // Elsewhere: it closes. Emptied: nothing is left standing below it.
  document.addEventListener("focusin", (event) => { const here = box(); if (here && !here.contains(event.target)) close(); });
  document.addEventListener("click", (event) => { const here = box(); if (here && !here.contains(event.target)) close(); });
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-search]")) return;
    window.clearTimeout(timer);
    if (!event.target.value.trim()) { asked = ""; close(); return; }
    timer = window.setTimeout(ask, 200, event.target);
  });
})();
