// One machine: sightings joined and cut by hand, and machines that look alike.

import { _, brought, call, figure, make, notice } from "./common.js";
import "./enlarge.js";

const { id } = brought("machine");
const form = document.getElementById("decide");

async function decide(what, a, b) {
  const question = what === "cut"
    ? _("Hold these two sightings for two machines? It is remembered under your name.")
    : _("Hold these two sightings for one machine? It is remembered under your name.");
  if (!confirm(question)) return;
  try {
    const done = await call("POST", "/api/v1/decisions", { a, b, what, note: form.elements.note.value || null }, { typed: true });
    location.assign(`/machines/${done.machine_a}`);
  } catch (error) {
    notice(error.message, "bad");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-decide]");
  if (button) decide(button.dataset.decide, button.dataset.a, button.dataset.b);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  decide(event.submitter?.value === "cut" ? "cut" : "join", form.elements.a.value, form.elements.b.value);
});

document.getElementById("find-alike").addEventListener("click", async (event) => {
  event.target.disabled = true;
  const box = document.getElementById("alike");
  try {
    const found = await call("GET", `/api/v1/machines/${id}/alike`);
    if (!found.length) box.replaceChildren(make("p", { class: "faint" }, _("None looks like it.")));
    else box.replaceChildren(...found.map(shown));
  } catch (error) {
    event.target.disabled = false;
    notice(error.message, "bad");
  }
});

function shown(one) {
  const told = one.machine.settled ?? one.machine; // what people settled goes before what was read
  const name = told.builder?.name ?? _("unknown");
  return make("div", { class: "alike" },
    one.machine.still ? make("img", { src: `/api/v1/stills/${one.machine.still}`, alt: "", loading: "lazy" }) : null,
    make("div", {},
      make("a", { href: `/machines/${one.machine.id}` }, name), " ",
      make("span", { class: "faint" }, _("alike {score}", { score: figure(one.score, 2) })), make("br"),
      make("button", { type: "button", "data-decide": "join", "data-a": one.mine, "data-b": one.sighting, "aria-label": _("Join with {name}", { name }) }, _("Join"))));
}
