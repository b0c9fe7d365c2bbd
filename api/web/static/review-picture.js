// The picture with what was found drawn over it; zooming on the mark; drawing a missed machine.

import { _, make, notice } from "./common.js";
import { draw, toSeconds } from "./boxes.js";
import { between, frameOf, middle, nudged, pointAt } from "./boxes-by-hand.js";
import { load } from "./review-ahead.js";
import { readElsewhere, where } from "./review-card.js";

const AROUND = 2.2; // of the mark's own size, shown when zoomed on it
const MOST = 14;
const STEP = 1 / 25; // seconds

function place(rect, [x1, y1, x2, y2]) {
  rect.setAttribute("x", x1);
  rect.setAttribute("y", y1);
  rect.setAttribute("width", x2 - x1);
  rect.setAttribute("height", y2 - y1);
}

export class Stage {
  #root;
  #canvas;
  #svg;
  #card = null;
  #drawing = null;
  #film = null; // the video that plays in place of the picture
  #stepped = null; // seconds of the frame stepped to
  zoomed = false;

  constructor(root) {
    this.#root = root;
    root.addEventListener("pointerdown", (event) => this.#down(event));
    root.addEventListener("pointermove", (event) => this.#move(event));
    root.addEventListener("pointerup", () => this.#drawing && (this.#drawing.from = null));
  }

  /** Shows a card's frame; resolves when it is on the screen, to whether there is a picture. */
  async show(card) {
    this.#card = card;
    this.#drawing = null;
    this.zoomed = false;
    this.#root.classList.remove("drawing", "zoomed");
    card.loaded.frame.image.alt = card.kind === "lone-mark"
      ? _("The frame with the mark in a box")
      : card.about === "frame"
        ? _("A frame in which nothing was found")
        : _("The frame with the machine in a box");
    return this.#lay(card.loaded.frame, card.pictures.frame.pts);
  }

  /** Puts a picture on the screen, and over it what was found at its time. */
  async #lay({ image, ready }, pts) {
    const card = this.#card;
    this.#film = null;
    this.#stepped = null;
    const size = this.#size(image);
    const svg = draw("svg", { viewBox: `0 0 ${size[0]} ${size[1]}`, class: "over", "aria-hidden": "true" });
    this.#svg = svg;
    const { frame, mark } = card.pictures;
    if (frame.box && frame.pts === pts) svg.append(this.#rect("machine", frame.box));
    if (mark?.box && mark.pts === pts) svg.append(this.#rect("mark", mark.box));
    // What was read beside a mark with no machine around it comes behind the mark itself.
    if (card.kind === "lone-mark" && card.readings.length) svg.append(this.#rect("mark", card.readings[0].box));
    for (const one of card.evidence) {
      if (one.kind === "concealed" && one.box && one.pts === pts) svg.append(this.#rect("concealed", one.box));
    }
    this.#canvas = make("div", { class: "canvas" }, image);
    this.#canvas.append(svg);
    this.#root.replaceChildren(this.#canvas);
    const there = await ready;
    if (this.#svg !== svg) return there;
    if (!there) {
      image.remove();
      this.#root.append(make("p", { class: "missing" }, _("The picture is not there: the footage is out of reach, or the still is gone.")));
    } else if (!card.footage.width) {
      const [width, height] = this.#size(image);
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      if (this.zoomed) this.#enlarge();
    }
    return there;
  }

  /** Puts the other frame, in which the mark was read, on the screen; it is asked for when needed. */
  #layMark(card) {
    const { footage, pictures: { mark }, loaded } = card;
    const words = _("The frame that the mark was cut from: {where}", { where: where(card, mark.pts) });
    loaded.marked ??= load({ address: `/api/v1/footage/${footage.sha256}/frame?pts=${encodeURIComponent(mark.pts)}` });
    loaded.marked.image.alt = words;
    this.#lay(loaded.marked, mark.pts);
    this.#root.append(make("p", { class: "when" }, words));
  }

  /** Plays the shot in place of the picture, from where the machine is first seen; again: ends it. */
  play() {
    if (this.#film) return this.#lay(this.#card.loaded.frame, this.#card.pictures.frame.pts);
    const { footage, sighting, seconds } = this.#card;
    const [first, last] = sighting ? [sighting.first, sighting.last] : [seconds - 2, seconds + 2];
    const src = `/api/v1/footage/${footage.sha256}/video#t=${Math.max(0, first)},${last}`;
    const film = make("video", { src, muted: "", autoplay: "", controls: "", playsinline: "" });
    film.addEventListener("error", () => {
      notice(_("This browser cannot play the original. Step through it with , and . instead."), "bad");
      if (this.#film === film) this.#lay(this.#card.loaded.frame, this.#card.pictures.frame.pts);
    });
    this.#film = film;
    this.zoomed = false;
    this.#root.classList.remove("zoomed");
    this.#root.replaceChildren(film);
    return film;
  }

  /** Shows the frame before or after the one on the screen, cut by the server. */
  step(by) {
    const { footage, pictures } = this.#card;
    const from = this.#stepped ?? toSeconds(pictures.frame.pts ?? this.#card.pts);
    const to = Math.max(0, from + by * STEP);
    const pts = to.toFixed(4);
    if (this.zoomed) this.zoom();
    const shown = load({ address: `/api/v1/footage/${footage.sha256}/frame?pts=${pts}&width=1280` });
    shown.image.alt = _("The frame at {where}", { where: `${Math.floor(to / 60)}:${(to % 60).toFixed(2).padStart(5, "0")}` });
    const card = this.#card;
    this.#stepped = to;
    shown.ready.then(() => {
      if (this.#card !== card || this.#stepped !== to) return; // another was asked for meanwhile
      this.#lay(shown, pts);
      this.#stepped = to;
      this.#root.append(make("p", { class: "when" }, shown.image.alt));
    });
  }

  clear() {
    this.#film = null;
    this.#card = null;
    this.#svg = null;
    this.#root.replaceChildren();
  }

  /** Zooms on the mark, in the frame where it was read, or else on the machine; and back. */
  zoom() {
    if (!this.#card) return;
    const { frame } = this.#card.pictures;
    if (!this.#aim) return;
    this.zoomed = !this.zoomed;
    this.#root.classList.toggle("zoomed", this.zoomed);
    if (readElsewhere(this.#card)) {
      if (this.zoomed) this.#layMark(this.#card);
      else this.#lay(this.#card.loaded.frame, frame.pts);
    }
    this.#svg.style.setProperty("--line-width", "2px");
    if (this.zoomed) this.#enlarge();
    else this.#canvas.style.transform = "";
  }

  /** The box that is zoomed on. */
  get #aim() {
    const { frame, mark } = this.#card.pictures;
    return mark?.box ?? frame.box;
  }

  #enlarge() {
    const { width, height } = this.#root.getBoundingClientRect();
    const [fw, fh] = frameOf(this.#svg);
    const fit = Math.min(width / fw, height / fh);
    const [x1, y1, x2, y2] = this.#aim;
    const wanted = Math.min(width / ((x2 - x1) * fit * AROUND), height / ((y2 - y1) * fit * AROUND), MOST);
    const scale = Math.max(wanted, 1);
    const x = (width - fw * fit) / 2 + ((x1 + x2) / 2) * fit;
    const y = (height - fh * fit) / 2 + ((y1 + y2) / 2) * fit;
    this.#canvas.style.transform = `translate(${width / 2 - x * scale}px, ${height / 2 - y * scale}px) scale(${scale})`;
    this.#svg.style.setProperty("--line-width", `${2 / scale}px`);
  }

  /** Lets a box be drawn; one stands in the middle to begin with, for the arrow keys.
   *
   * Gives whether it can be: not before it is known how large the frame is. */
  draw() {
    if (!this.#card.footage.width && !this.#canvas.querySelector("img")?.naturalWidth) return false;
    if (this.zoomed) this.zoom();
    this.#drawing = { box: middle(frameOf(this.#svg)), from: null };
    this.#drawing.rect = this.#rect("missed", this.#drawing.box);
    this.#svg.append(this.#drawing.rect);
    this.#root.classList.add("drawing");
    return true;
  }

  get drawing() {
    return this.#drawing !== null;
  }

  /** The box drawn, in pixels of the frame. */
  get box() {
    return this.#drawing?.box.map((corner) => Math.round(corner * 100) / 100) ?? null;
  }

  stopDrawing() {
    this.#drawing?.rect.remove();
    this.#drawing = null;
    this.#root.classList.remove("drawing");
  }

  /** Moves the box, or (with `sized`) its lower right corner. */
  nudge(dx, dy, sized) {
    this.#set(nudged(this.#drawing.box, frameOf(this.#svg), dx, dy, sized));
  }

  #down(event) {
    if (!this.#drawing) return;
    event.preventDefault();
    this.#root.setPointerCapture(event.pointerId);
    this.#drawing.from = pointAt(this.#svg, event);
  }

  #move(event) {
    if (!this.#drawing?.from) return;
    const box = between(this.#drawing.from, pointAt(this.#svg, event));
    if (box) this.#set(box);
  }

  #set(box) {
    this.#drawing.box = box;
    place(this.#drawing.rect, box);
  }

  /** Of the frame; where it is not known beforehand, as in a folder, of the picture, sent whole. */
  #size(image) {
    const { width, height } = this.#card.footage;
    return [width || image.naturalWidth || 16, height || image.naturalHeight || 9];
  }

  #rect(kind, box) {
    const rect = draw("rect", { class: kind, rx: 1, "vector-effect": "non-scaling-stroke" });
    place(rect, box);
    return rect;
  }
}
