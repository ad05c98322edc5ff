// Ticked rows of a list: counted in the bar above it, kept while the list moves by itself.
(() => {
  "use strict";
  const form = document.getElementById("selection");
  if (!form) return;
  const $ = (selector) => document.querySelector(selector);
  const boxes = () => [...document.querySelectorAll('input[form="selection"][name="guid"]')];
  const all = form.querySelector("input[name=all]");
  const count = form.querySelector("[data-selection-count]");
  const number = new Intl.NumberFormat("en");
  let ticked = new Set();

  function said() {
    if (all && all.checked) return `All ${number.format(Number(form.dataset.total))} selected`;
    return ticked.size ? `${number.format(ticked.size)} selected` : "None selected";
  }
  function show() {
    const here = boxes();
    const page = $("[data-selection-page]");
    if (page) {
      page.checked = ticked.size > 0 && ticked.size === here.length;
      page.indeterminate = ticked.size > 0 && ticked.size < here.length;
    }
    if (count.textContent !== said()) count.textContent = said();
    form.hidden = ticked.size === 0;
  }
  function read() {
    ticked = new Set(boxes().filter((box) => box.checked).map((box) => box.value));
    show();
  }
  function tickAll(on) {
    boxes().forEach((box) => { box.checked = on; });
    if (all && !on) all.checked = false;
    read();
  }

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-selection-page]")) tickAll(box.checked);
    else if (box === all && all.checked) tickAll(true);
    else if (box === all) show();
    else if (box.getAttribute("form") === "selection") {
      if (all && !box.checked) all.checked = false;
      read();
    }
  });
  form.querySelector("[data-selection-none]").addEventListener("click", () => {
    tickAll(false);
    const page = $("[data-selection-page]");
    if (page) page.focus();
  });
  // The list was drawn anew: what was ticked and is still there stays ticked.
  document.addEventListener("htmx:afterSettle", () => {
    boxes().forEach((box) => { box.checked = ticked.has(box.value); });
    read();
  });
  window.addEventListener("pageshow", read);
  read();
})();
