// Accounts: made, given another role or password, closed and reopened.

import { _, call, notice } from "./common.js";

const made = document.getElementById("new");
const dialog = document.getElementById("change");

made.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, role, password } = Object.fromEntries(new FormData(made));
  await attempt(() => call("POST", "/api/v1/accounts", { name, role, password }));
});

for (const row of document.querySelectorAll("tr[data-name]")) {
  const name = row.dataset.name;
  const change = (what) => attempt(() => call("PATCH", `/api/v1/accounts/${encodeURIComponent(name)}`, what));
  const role = row.querySelector(".role");
  const before = role.value;
  role.addEventListener("change", async () => {
    if (!(await change({ role: role.value }))) role.value = before;
  });
  row.querySelector(".password").addEventListener("click", () => ask(name, change));
  row.querySelector(".close")?.addEventListener("click", () => change({ closed: true }));
  row.querySelector(".reopen")?.addEventListener("click", () => change({ closed: false }));
}

dialog.querySelector(".leave").addEventListener("click", () => dialog.close());

function ask(name, change) {
  const form = dialog.querySelector("form");
  form.reset();
  dialog.querySelector("h2").textContent = _("New password for {name}", { name });
  form.onsubmit = async (event) => {
    event.preventDefault();
    await change({ password: form.elements.password.value });
  };
  dialog.showModal();
}

/** Whether it was done; the page then shows what is so now. */
async function attempt(act) {
  try {
    await act();
  } catch (error) {
    notice(error.message, "bad");
    return false;
  }
  location.reload();
  return true;
}
