// The login form.

import { Problem, _, call } from "./common.js";

const form = document.getElementById("enter");
const wrong = document.getElementById("wrong");

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  const { name, password } = Object.fromEntries(new FormData(form));
  button.disabled = true;
  wrong.hidden = true;
  try {
    await call("POST", "/api/v1/login", { name, password });
    location.replace(form.dataset.next);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    wrong.textContent = said(error);
    wrong.hidden = false;
    form.elements.password.select();
  } finally {
    button.disabled = false;
  }
});

function said(problem) {
  if (problem.kind === "password") return _("Name and password do not belong together, or the account is closed.");
  if (problem.kind === "too-many") return _("Too many wrong passwords. Wait a minute.");
  return problem.message;
}
