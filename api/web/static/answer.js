// The form of the answer's page: what does not belong to the question is neither shown nor sent.

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
