// One's own tokens and password.

import { _, call, make, notice, renew } from "./common.js";

const fresh = document.getElementById("new");
const place = document.getElementById("made");
const password = document.getElementById("password");

fresh?.addEventListener("submit", (event) => {
  event.preventDefault();
  const { label, days } = Object.fromEntries(new FormData(fresh));
  attempt(async () => {
    const { token } = await call("POST", "/api/v1/tokens", { label, days: Number(days) });
    place.replaceChildren(shown(token));
    fresh.reset();
    await renew("tokens");
  });
});

document.addEventListener("click", (event) => {
  const row = event.target.closest(".end")?.closest("tr[data-id]");
  if (row) {
    attempt(async () => {
      await call("DELETE", `/api/v1/tokens/${row.dataset.id}`);
      await renew("tokens");
    });
  }
});

password?.addEventListener("submit", (event) => {
  event.preventDefault();
  const change = Object.fromEntries(new FormData(password));
  attempt(async () => {
    await call("PUT", "/api/v1/login/password", { old: change.old, new: change.new });
    password.reset();
    notice(_("The password is changed; every other browser is logged out, every token ended."), "good");
    await renew("tokens");
  });
});

function shown(token) {
  const copy = make("button", { type: "button" }, _("Copy the token"));
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(token);
    notice(_("Copied."), "good");
  });
  const words = make("p", {}, _("Keep it now; it is not shown again."));
  return make("div", { class: "secret" }, words, make("code", {}, token), navigator.clipboard ? copy : null);
}

async function attempt(act) {
  try {
    await act();
  } catch (error) {
    notice(error.message, "bad");
  }
}
