// One machine: sightings joined and cut by hand, chosen by their pictures.

import { _, brought, call, figure, make, notice } from "./common.js";
import { draw } from "./boxes.js";
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
  const [a, b] = ["a", "b"].map((side) => new FormData(form).get(side));
  if (b) decide(event.submitter?.value === "cut" ? "cut" : "join", a, b);
  else notice(_("Choose another machine first."), "bad");
});

/** Shows machines to choose from, each by a sighting. */
async function find(address, listed) {
  const box = document.getElementById("found");
  try {
    const found = listed(await call("GET", address)).filter(({ machine }) => machine.id !== id);
    if (found.length) box.replaceChildren(...(await Promise.all(found.map(shown))));
    else box.replaceChildren(make("p", { class: "faint" }, _("None is found.")));
  } catch (error) {
    notice(error.message, "bad");
  }
}

async function shown({ machine, sighting, score }) {
  const told = machine.settled ?? machine; // what people settled goes before what was read
  const { items } = await call("GET", `/api/v1/machines/${machine.id}/sightings`);
  const one = items.find(({ key }) => key === sighting) ?? items[0];
  const still = one.stills.find(({ role }) => role === "best");
  return make("label", { class: "choice" },
    make("input", { type: "radio", name: "b", value: one.key, required: true }),
    still ? make("span", { class: "framed" }, make("img", { src: `/api/v1/stills/${still.sha256}`, alt: "", loading: "lazy" }), boxed(one, still.box)) : null,
    make("span", {}, make("a", { href: `/machines/${machine.id}` }, told.builder?.name ?? _("unknown")), " ",
      make("small", {}, score ? _("alike {score}", { score: figure(score, 2) }) : machine.id.slice(0, 10))));
}

/** Which machine of the frame it is; of a folder's pictures the size is not known. */
function boxed({ frame, grade }, [x, y, x2, y2]) {
  return frame && draw("svg", { viewBox: `0 0 ${frame.join(" ")}` }, draw("rect", { class: `box ${grade}`, x, y, width: x2 - x, height: y2 - y }));
}

const text = document.getElementById("find-text");
const search = () => find(`/api/v1/machines?controls=with&limit=24&text=${encodeURIComponent(text.value)}`, ({ items }) => items.map((machine) => ({ machine })));
document.getElementById("find").addEventListener("click", search);
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  search();
});
document.getElementById("find-alike").addEventListener("click", () => find(`/api/v1/machines/${id}/alike`, (all) => all));
