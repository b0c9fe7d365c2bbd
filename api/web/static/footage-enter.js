// A machine entered by hand: where in the frame shown it stands, and what is known of it.

import { _, call, make, notice, renew } from "./common.js";
import { draw } from "./boxes.js";
import { between, frameOf, middle, nudged, pointAt } from "./boxes-by-hand.js";
import { BuilderChoice } from "./review-builder.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const $ = (id) => document.getElementById(id);

export class Entering {
  #clip;
  #at;
  #builders = new BuilderChoice();
  #builder = null;
  #box = null;
  #from = null;
  #since = performance.now();

  /** clip: what the page brought; at: gives the exact time of the frame on screen. */
  constructor(clip, at) {
    this.#clip = clip;
    this.#at = at;
    const svg = $("drawn");
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    svg.addEventListener("pointerup", () => { this.#from = null; });
    svg.addEventListener("keydown", (event) => this.#key(event));
    $("enter").addEventListener("toggle", () => {
      this.#since = performance.now();
      if (!$("enter").open) this.#set(null);
    });
    $("enter-draw").addEventListener("click", () => (this.#box ? this.#set(null) : this.#begin()));
    $("enter-choose").addEventListener("click", async () => this.#name((await this.#builders.ask()) ?? this.#builder));
    $("enter-unknown").addEventListener("click", () => this.#name(null));
    $("enter-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(event.target);
    });
  }

  #begin() {
    this.#set(middle(frameOf($("drawn"))));
    $("drawn").focus();
    $("stage").scrollIntoView({ block: "nearest" });
  }

  #set(box) {
    this.#box = box?.map((corner) => Math.round(corner * 100) / 100) ?? null;
    const svg = $("drawn");
    svg.toggleAttribute("hidden", !box);
    $("enter-draw").setAttribute("aria-pressed", String(Boolean(box)));
    if (!box) {
      svg.replaceChildren();
      $("enter-place").textContent = _("the whole frame");
      return;
    }
    const [x1, y1, x2, y2] = this.#box;
    svg.replaceChildren(draw("rect", { x: x1, y: y1, width: x2 - x1, height: y2 - y1, class: "box entered" }));
    $("enter-place").textContent = this.#box.map(Math.round).join(", ");
  }

  #down(event) {
    event.preventDefault();
    $("drawn").focus();
    $("drawn").setPointerCapture(event.pointerId);
    this.#from = pointAt($("drawn"), event);
  }

  #move(event) {
    if (!this.#from) return;
    const box = between(this.#from, pointAt($("drawn"), event));
    if (box) this.#set(box);
  }

  #key(event) {
    if (event.key === "Escape") {
      this.#set(null);
      $("enter-draw").focus();
    } else if (event.key in ARROWS && this.#box) {
      event.preventDefault();
      this.#set(nudged(this.#box, frameOf($("drawn")), ...ARROWS[event.key], event.shiftKey));
    }
  }

  #name(builder) {
    this.#builder = builder;
    $("enter-builder").replaceChildren(make("b", {}, builder?.name ?? _("unknown")));
  }

  async #send(form) {
    const told = Object.fromEntries(
      ["control", "made", "source", "note"].map((name) => [name, form.elements[name].value.trim()]).filter(([, value]) => value),
    );
    const body = {
      pts: this.#at(),
      ...(this.#box ? { box: this.#box } : {}),
      ...(this.#builder ? { builder: this.#builder.id } : {}),
      probable: form.elements.probable.checked,
      concealed: form.elements.concealed.checked,
      seconds: Math.round((performance.now() - this.#since) / 10) / 100,
      ...told,
    };
    $("enter-send").disabled = true;
    try {
      const { verdict, item } = await call("POST", `/api/v1/footage/${this.#clip.sha256}/entered`, body, { typed: true });
      notice(_("Entered as verdict {number}.", { number: verdict.number }), "good");
      if (item) $("notices").lastElementChild.append(" ", make("a", { href: `/review/${encodeURIComponent(item)}` }, _("look at it")));
      form.reset();
      this.#name(null);
      this.#set(null);
      await renew("verdicts");
    } catch (problem) {
      notice(problem.message, "bad");
    } finally {
      $("enter-send").disabled = false;
    }
  }
}
