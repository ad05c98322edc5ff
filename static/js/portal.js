// What pages do beyond plain requests. Everything is delegated from the document, so swapped-in markup needs no set-up.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // --- Announcements: the server says an end once, by the event `announce`; a screen reader says it aloud.
  function announce(text) {
    const region = $("#announcer");
    if (!region || !text) return;
    region.textContent = "";
    window.setTimeout(() => { region.textContent = text; }, 60); // a change is needed for the same words twice
  }
  document.addEventListener("announce", (event) => announce(event.detail.value || event.detail.text));

  // --- Keyboard: / and Ctrl or Cmd K go to the search.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    const wanted = (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey)
      || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey);
    const box = wanted && ($("[data-search]") || $("input[type=search]"));
    if (!box) return;
    event.preventDefault();
    box.focus();
    box.select();
  });

  // --- A form is sent once: its buttons rest until the answer is there.
  const submitButtons = (form) => $$("button:not([type]), button[type=submit], input[type=submit]", form);
  function rest(form) {
    // after this turn, so that the pressed button's own name and value are still sent
    window.setTimeout(() => submitButtons(form).forEach((button) => {
      if (button.disabled) return;
      button.disabled = true;
      button.dataset.resting = "";
    }), 0);
  }
  function wake(root = document) {
    $$("[data-resting]", root).forEach((button) => {
      button.disabled = false;
      delete button.dataset.resting;
    });
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("data-again")) return;
    rest(form);
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.matches("form")) rest(event.detail.elt);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.matches("form")) window.setTimeout(() => wake(event.detail.elt), 0);
  });
  window.addEventListener("pageshow", () => wake());

  // --- Buttons: copy, show a password, make a password.
  async function copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea"); // plain http has no clipboard
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  async function onCopy(button) {
    const source = button.dataset.copy && $(button.dataset.copy);
    const text = source ? (source.value ?? source.textContent).trim() : button.dataset.copyText;
    try {
      await copy(text);
    } catch {
      announce("The browser did not allow copying.");
      return;
    }
    button.classList.add("is-done");
    announce("Copied.");
    window.setTimeout(() => button.classList.remove("is-done"), 1600);
  }
  function reveal(input, shown) {
    input.type = shown ? "text" : "password";
    const button = $(`[data-show="#${CSS.escape(input.id)}"]`);
    if (button) button.setAttribute("aria-pressed", String(shown));
  }
  // Without the characters that are mistaken for one another; at least one of each kind, as SYNAQ's rules want.
  const KINDS = ["abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "!#%+-=?@"];
  function below(limit) {
    const ceiling = Math.floor(0x100000000 / limit) * limit;
    const cell = new Uint32Array(1);
    do crypto.getRandomValues(cell); while (cell[0] >= ceiling);
    return cell[0] % limit;
  }
  const pick = (letters) => letters[below(letters.length)];
  function generated(length = 16) {
    const letters = KINDS.map(pick);
    while (letters.length < length) letters.push(pick(KINDS.join("")));
    for (let i = letters.length - 1; i > 0; i -= 1) {
      const j = below(i + 1);
      [letters[i], letters[j]] = [letters[j], letters[i]];
    }
    return letters.join("");
  }
  function onGenerate(button) {
    const input = $(button.dataset.generate);
    input.value = generated();
    reveal(input, true);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
    announce("A password was made and is shown in the field.");
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.copy || button.dataset.copyText) onCopy(button);
    if (button.dataset.generate) onGenerate(button);
    if (button.dataset.show) {
      const input = $(button.dataset.show);
      reveal(input, input.type === "password");
    }
  });

  // --- Links of an error summary lead into the field, also where the field is a group of choices.
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".error-list a");
    const field = link && document.getElementById(link.hash.slice(1));
    const input = field && (field.matches("input, select, textarea") ? field : $("input, select, textarea", field));
    if (!input) return;
    event.preventDefault();
    input.focus();
  });

  // --- Menus: placed by the style sheet where it can anchor them, else here.
  const anchors = window.CSS && CSS.supports("position-area", "bottom");
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches || !menu.matches(".menu-popover") || event.newState !== "open" || anchors) return;
    const button = $(`[popovertarget="${menu.id}"]`).getBoundingClientRect();
    const below_ = button.bottom + menu.offsetHeight < window.innerHeight;
    menu.style.margin = "0";
    menu.style.top = `${below_ ? button.bottom + 4 : Math.max(4, button.top - menu.offsetHeight - 4)}px`;
    menu.style.left = `${Math.max(4, button.right - menu.offsetWidth)}px`;
  }, true);

  // --- Polling rests while nobody looks.
  const polls = (element) => (element.getAttribute("hx-trigger") || "").startsWith("every");
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (polls(event.detail.elt) && document.hidden) event.preventDefault();
  });

  // --- A whole document must never be swapped into a part of a page: go where it came from (e.g. the sign-in).
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!/^\s*<!doctype/i.test(event.detail.xhr.responseText)) return;
    event.detail.shouldSwap = false;
    // What asks by itself asks again: nobody loses a page, or what they type on it, to a database that restarts.
    if (event.detail.xhr.status >= 500 && polls(event.detail.requestConfig.elt)) return;
    window.location.assign(event.detail.xhr.responseURL || window.location.href);
  });

  // --- What rides along and says the same as before is left alone: a screen reader would say it again.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    if (event.detail.target.innerHTML === event.detail.fragment.innerHTML) event.detail.shouldSwap = false;
  });

  // --- After a swap: open menus stay open, and the focus is not lost with the element that had it.
  let kept = { menus: [], focus: false };
  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    kept = {
      menus: $$("[popover]", target).filter((menu) => menu.matches(":popover-open")).map((menu) => menu.id),
      focus: target.contains(document.activeElement) && target.id,
    };
  });
  document.addEventListener("htmx:afterSettle", () => {
    kept.menus.forEach((id) => {
      const menu = document.getElementById(id);
      if (menu && !menu.matches(":popover-open")) menu.showPopover();
    });
    const home = kept.focus && document.getElementById(kept.focus);
    if (home && (!document.activeElement || document.activeElement === document.body)) {
      home.tabIndex = -1;
      home.focus({ preventScroll: true });
    }
    kept = { menus: [], focus: false };
  });

  // --- The portal itself is away: say so, and take it back when it answers.
  const lost = (gone) => { const bar = $("#connection-lost"); if (bar && bar.hidden === gone) bar.hidden = !gone; };
  document.addEventListener("htmx:sendError", () => lost(true));
  document.addEventListener("htmx:afterOnLoad", (event) => lost(event.detail.xhr.status >= 500)); // whatever the answer

  document.addEventListener("DOMContentLoaded", () => {
    announce($("#announcer") && $("#announcer").dataset.announce);
    const first = $("[data-focus]");
    if (first) first.focus();
  });
})();
