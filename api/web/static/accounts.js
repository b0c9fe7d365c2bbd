// Accounts: made, given another role or password, closed and reopened.

import { _, call, notice } from "./common.js";

const SAID = "done"; // of what was done, the words that outlive the reload
const made = document.getElementById("new");
const dialog = document.getElementById("change");

if (sessionStorage.getItem(SAID)) notice(sessionStorage.getItem(SAID), "good");
sessionStorage.removeItem(SAID);

made.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, role, password } = Object.fromEntries(new FormData(made));
  await attempt(() => call("POST", "/api/v1/accounts", { name, role, password }));
});

for (const row of document.querySelectorAll("tr[data-name]")) {
  const name = row.dataset.name;
  const change = (what, words) => attempt(() => call("PATCH", `/api/v1/accounts/${encodeURIComponent(name)}`, what), words);
  const role = row.querySelector(".role");
  const before = role.value;
  role.addEventListener("change", async () => {
    const values = { name, role: role.selectedOptions[0].text };
    const sure = confirm(_("Give {name} the role: {role}?", values));
    if (!sure || !(await change({ role: role.value }, _("{name} has the role now: {role}.", values)))) role.value = before;
  });
  row.querySelector(".password").addEventListener("click", () => ask(name, change));
  row.querySelector(".close")?.addEventListener("click", () => {
    const sure = confirm(_("Close the account of {name}? Its logins and tokens end, and reopening brings none back.", { name }));
    if (sure) change({ closed: true }, _("The account of {name} is closed.", { name }));
  });
  row.querySelector(".reopen")?.addEventListener("click", () => change({ closed: false }, _("The account of {name} is open again.", { name })));
}

dialog.querySelector(".leave").addEventListener("click", () => dialog.close());

function ask(name, change) {
  const form = dialog.querySelector("form");
  form.reset();
  dialog.querySelector("h2").textContent = _("New password for {name}", { name });
  form.onsubmit = async (event) => {
    event.preventDefault();
    await change({ password: form.elements.password.value }, _("The password of {name} is changed.", { name }));
  };
  dialog.showModal();
}

/** Whether it was done; the page then shows what is so now, and says the words. */
async function attempt(act, words = "") {
  try {
    await act();
  } catch (error) {
    notice(error.message, "bad");
    return false;
  }
  sessionStorage.setItem(SAID, words);
  location.reload();
  return true;
}
