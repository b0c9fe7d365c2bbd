// The answer's page. What does not belong to the question is neither shown nor sent; leads say
// which clips are positive controls.

import { _, call, notice } from "./common.js";

const form = document.getElementById("ask");
const by = document.getElementById("by");

function suit() {
  const builder = by.value === "builder";
  for (const field of form.querySelectorAll("[data-for]")) {
    const wanted = (field.dataset.for === "builder") === builder;
    field.hidden = !wanted;
    field.querySelector("select").disabled = !wanted;
  }
}

form.addEventListener("submit", () => {
  // A field left empty says nothing, and an address that is sent on is better short.
  for (const field of form.querySelectorAll("input:not([type=checkbox])")) {
    field.disabled = !field.value;
  }
});
// Back in the history a browser shows the form as it was left.
addEventListener("pageshow", () => {
  for (const field of form.querySelectorAll("input")) field.disabled = false;
  suit();
});
by.addEventListener("change", suit);
suit();

async function change(method, path, body) {
  try {
    await call(method, path, body);
    location.reload();
  } catch (error) {
    notice(error.message, "bad");
  }
}

document.getElementById("control")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const { footage, builder } = event.target.elements;
  const found = footage.value.match(/[0-9a-f]{64}/);
  if (found) change("POST", "/api/v1/controls", { footage: found[0], builder: builder.value });
  else notice(_("Copy the address of the clip's page: it names the clip."), "bad");
});

for (const button of document.querySelectorAll("[data-drop]")) {
  const { drop, builder } = button.dataset;
  button.addEventListener("click", () => change("DELETE", `/api/v1/controls/${drop}?builder=${builder}`));
}
