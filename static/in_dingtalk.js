// Inside DingTalk's client: sign in without a click, and open links of DingTalk in place. Loaded nowhere else; without
// it every form and link of the portal works as in any browser.
"use strict";

(() => {
  const ANSWERS_WITHIN_MS = 10_000;

  // A client that only says that it is DingTalk would never answer.
  const inTime = (answer) => Promise.race([
    answer,
    new Promise((_, refuse) => { setTimeout(() => refuse(new Error("no answer")), ANSWERS_WITHIN_MS); }),
  ]);

  const askForCode = ({ corpId, clientId }) => inTime(
    dingtalkJsapi.requestAuthCode({ corpId, clientId }).catch(() => dingtalkJsapi.requestAuthCodeOfOldClients({ corpId })),
  );

  const signIn = async (panel) => {
    const form = panel.querySelector("form");
    const show = (part) => {
      for (const name of ["trying", "refused"]) panel.querySelector(`[data-${name}]`).hidden = name !== part;
      form.hidden = part === "trying";
    };
    show("trying");
    try {
      const { code } = await askForCode(panel.dataset);
      if (!code) throw new Error("no code");
      form.elements.code.value = code;
    } catch {
      show("refused");
      return;
    }
    form.submit();
  };

  const panel = document.querySelector("[data-sign-in-inside]");
  if (panel) {
    panel.hidden = false;
    panel.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      signIn(panel);
    });
    if ("byItself" in panel.dataset) signIn(panel);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[target="_blank"]');
    if (!link || link.origin === location.origin) return;
    event.preventDefault();
    inTime(dingtalkJsapi.openLink({ url: link.href })).catch(() => { location.assign(link.href); });
  });
})();
