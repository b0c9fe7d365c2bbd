// A machine entered by hand: where in the frame shown it stands, and what is known of it.

import { _, call, make, notice, renew } from "./common.js";
import { draw } from "./boxes.js";
import { BuilderChoice } from "./review-builder.js";

const LEAST = 8; // pixels of the frame that a box must have at least
const STEP = 0.02; // of the frame, that an arrow key moves a box by
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

  /** Of the frame on screen. */
  get #size() {
    const { width, height } = $("drawn").viewBox.baseVal;
    return [width, height];
  }

  #begin() {
    const [width, height] = this.#size;
    this.#set([0.3 * width, 0.3 * height, 0.7 * width, 0.7 * height]);
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
    this.#from = this.#point(event);
  }

  #move(event) {
    if (!this.#from) return;
    const [ax, ay] = this.#from;
    const [bx, by] = this.#point(event);
    const box = [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];
    if (box[2] - box[0] >= LEAST && box[3] - box[1] >= LEAST) this.#set(box);
  }

  #point(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform($("drawn").getScreenCTM().inverse());
    const [width, height] = this.#size;
    return [Math.min(Math.max(point.x, 0), width), Math.min(Math.max(point.y, 0), height)];
  }

  #key(event) {
    if (event.key === "Escape") {
      this.#set(null);
      $("enter-draw").focus();
    } else if (event.key in ARROWS && this.#box) {
      event.preventDefault();
      this.#nudge(...ARROWS[event.key], event.shiftKey);
    }
  }

  #nudge(dx, dy, sized) {
    const [width, height] = this.#size;
    let [x1, y1, x2, y2] = this.#box;
    const [x, y] = [dx * STEP * width, dy * STEP * height];
    if (sized) {
      x2 = Math.min(Math.max(x2 + x, x1 + LEAST), width);
      y2 = Math.min(Math.max(y2 + y, y1 + LEAST), height);
    } else {
      const sx = Math.min(Math.max(x, -x1), width - x2);
      const sy = Math.min(Math.max(y, -y1), height - y2);
      [x1, y1, x2, y2] = [x1 + sx, y1 + sy, x2 + sx, y2 + sy];
    }
    this.#set([x1, y1, x2, y2]);
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
