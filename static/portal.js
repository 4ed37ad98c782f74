// What HTML and htmx lack: the system's theme, dialogs, copying, focus after a swap, one submit at a time and a way back
// when the network fails. Everything listens on the document, so content that arrives later needs no set-up.
"use strict";

(() => {
  const INVALID = '[aria-invalid="true"], .field-invalid input';
  const FIRST_CONTROL = "[autofocus], input:not([type=hidden]), select, textarea, [data-focus]";
  const root = document.documentElement;
  const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

  // -- theme: runs before the first paint, because this file is not deferred
  const applyTheme = () => {
    const theme = root.dataset.theme;
    root.dataset.bsTheme = theme === "system" ? (systemIsDark.matches ? "dark" : "light") : theme;
    const scheme = document.querySelector('meta[name="color-scheme"]');
    if (scheme) scheme.content = theme === "system" ? "light dark" : theme;
  };
  applyTheme();
  systemIsDark.addEventListener("change", applyTheme);

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-switch]") || !event.submitter) return;
    root.dataset.theme = event.submitter.value;
    applyTheme();
    for (const button of form.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button === event.submitter));
    }
  });

  // -- dialogs: content that somebody outside asked for opens it, the announced event closes it
  const closingEvents = new Set();
  let opener = null;

  const closeDialog = (dialog) => dialog.open && dialog.close();

  const rememberClosingEvents = (dialog) => {
    for (const element of [dialog, ...dialog.querySelectorAll("[data-close-on]")]) {
      for (const name of (element.dataset.closeOn || "").split(/\s+/).filter(Boolean)) {
        if (closingEvents.has(name)) continue;
        closingEvents.add(name);
        document.addEventListener(name, () => {
          for (const open of document.querySelectorAll("dialog[open]")) {
            if (open.matches(`[data-close-on~="${name}"]`) || open.querySelector(`[data-close-on~="${name}"]`)) {
              closeDialog(open);
            }
          }
        });
      }
    }
  };

  const content = (dialog) => dialog.querySelector("#dialog-content");

  const dialogAfterSwap = (dialog, asker) => {
    if (dialog.open || !content(dialog).firstElementChild) return rememberClosingEvents(dialog);
    if (dialog.contains(asker) || !asker.isConnected) return content(dialog).replaceChildren();
    opener = asker;
    rememberClosingEvents(dialog);
    dialog.showModal();
    focusOn(dialog.querySelector(FIRST_CONTROL) || dialog.querySelector("#dialog-title") || dialog);
  };

  document.addEventListener("close", (event) => {
    if (!event.target.matches("[data-dialog]")) return;
    content(event.target).replaceChildren();
    problemsIn(event.target).replaceChildren();
    // the section with the opener may have been drawn again: its successor has the same id
    const successor = opener && (opener.isConnected ? opener : opener.id && document.getElementById(opener.id));
    (successor || document.getElementById("main")).focus();
    opener = null;
  }, true);

  document.addEventListener("click", (event) => {
    const closer = event.target.closest("[data-close-dialog]");
    const dialog = closer && closer.closest("dialog");
    if (!dialog) return;  // on the dialog's own page the link simply leads back
    event.preventDefault();
    closeDialog(dialog);
  });

  // -- problems: ours come with HX-Retarget and are shown with any status, next to the work they are about
  const problemsIn = (element) => element.querySelector("[data-problems]");
  const problemsRegion = () => problemsIn(document.querySelector("dialog[open]") || document);

  document.addEventListener("htmx:beforeSwap", (event) => {
    const detail = event.detail;
    const isOurProblem = detail.xhr.getResponseHeader("HX-Retarget") === "#problems";
    if (!isOurProblem) return;
    detail.shouldSwap = true;
    detail.isError = false;
    detail.target = problemsRegion();
  });

  const showConnectionProblem = (event) => {
    const { requestConfig } = event.detail;
    const asker = requestConfig.elt;
    const region = problemsRegion();
    if (region.querySelector("[data-retry]") && !requestConfig.triggeringEvent) return;  // a poll: said already
    region.replaceChildren(document.getElementById("connection-problem").content.cloneNode(true));
    region.querySelector("[data-retry]").addEventListener("click", () => {
      region.replaceChildren();
      if (asker instanceof HTMLFormElement) asker.requestSubmit();
      else htmx.ajax(requestConfig.verb, requestConfig.path, { source: asker });
    });
    region.scrollIntoView({ block: "nearest" });
  };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, showConnectionProblem);
  }

  // -- one submit at a time
  const setBusy = (form, isBusy) => {
    form.toggleAttribute("data-busy", isBusy);
    if (isBusy) form.setAttribute("aria-busy", "true");
    else form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll("button:not([type=button])")) {
      if (isBusy) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.hasAttribute("data-busy")) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (!form.matches("[hx-post], [hx-get], [hx-put], [hx-patch], [hx-delete]")) {
      setBusy(form, true);
    }
  }, true);
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-busy]").forEach((form) => setBusy(form, false)));

  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.requestConfig.elt;
    if (form.matches("form[data-once]")) setBusy(form, true);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { successful, requestConfig, xhr } = event.detail;
    if (requestConfig.elt.matches("form[data-once]")) setBusy(requestConfig.elt, false);
    const region = problemsRegion();
    const isOver = requestConfig.triggeringEvent || region.querySelector("[data-retry]");
    if (successful && isOver && !xhr.getResponseHeader("HX-Retarget")) region.replaceChildren();
  });

  // -- focus after a swap: only when a person acted, never after a poll
  const focusOn = (element) => {
    if (!element.matches("a, button, input, select, textarea, [tabindex]")) element.tabIndex = -1;
    element.focus();
  };

  document.addEventListener("htmx:afterSettle", (event) => {
    const { elt: arrived, requestConfig } = event.detail;
    const dialog = arrived.closest("[data-dialog]");
    if (dialog && requestConfig) dialogAfterSwap(dialog, requestConfig.elt);
    const cause = requestConfig && requestConfig.triggeringEvent;
    if (!cause || !["submit", "click", "change"].includes(cause.type)) return;
    const within = arrived.isConnected ? arrived : document;
    const selectors = [INVALID, "[data-focus]"];
    const chosen = selectors.map((each) => (within.matches && within.matches(each) ? within : within.querySelector(each))).find(Boolean);
    if (chosen) focusOn(chosen);
  });

  // -- copying
  const say = (words) => {
    const announcer = document.getElementById("announcer");
    announcer.textContent = "";
    setTimeout(() => { announcer.textContent = words; }, 50);
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copy);
    const isField = "value" in source;
    try {
      await navigator.clipboard.writeText(isField ? source.value : source.textContent.trim());
    } catch {
      // plain http on a company network has no clipboard: select it, so that Ctrl+C works
      if (isField) source.select();
      return;
    }
    say(button.dataset.copied);
    const label = button.querySelector("[data-copy-label]");
    if (!label || button.hasAttribute("data-was-copied")) return;
    const before = label.textContent;
    label.textContent = button.dataset.copied;
    button.setAttribute("data-was-copied", "");
    setTimeout(() => { label.textContent = before; button.removeAttribute("data-was-copied"); }, 2000);
  });

  document.addEventListener("DOMContentLoaded", () => {
    const current = document.querySelector('.site-nav [aria-current="page"]');
    if (current) current.scrollIntoView({ block: "nearest", inline: "center" });
    const main = document.getElementById("main");
    const chosen = main.querySelector(INVALID) || main.querySelector(".field-error[data-focus]");
    if (chosen) focusOn(chosen);
  });
})();
