// A lane for each machine: when it was seen, when text was read on it, what was looked at closely.

import { _ } from "./common.js";
import { draw, toSeconds } from "./boxes.js";

const UNKNOWN = _("unknown"); // words within a template are not found
const LABEL = 132;
const LANE = 22;
const AXIS = 20;
const LONGEST = 16000; // pixels; browsers draw no wider pictures well
const FEW = 2; // texts of the broadcast that get no lane of their own: the page lists them below

/** Where in its footage a frame stands: when, in a clip; of a folder, which picture it is. */
export function stands(kind, seconds, places = 1) {
  return kind === "video" ? clock(seconds, places) : _("picture {number}", { number: Math.round(seconds) + 1 });
}

/** Seconds as a player shows them. */
function clock(seconds, places = 1) {
  const whole = Math.max(0, seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = (whole % 60).toFixed(places).padStart(places ? 3 + places : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** Whose a sighting is: as people settled it, where they did; else as the program read it. */
export function builderOf(one) {
  const told = one.judged;
  return told?.state === "settled" && told.outcome !== "accept" ? told.builder : one.builder;
}

export class Timeline {
  /** clip: {duration, shots, overlays}; sightings, as the API tells them; seek(exact, sighting). */
  constructor(box, clip, sightings, seek) {
    this.box = box;
    this.clip = clip;
    this.seek = seek;
    this.zoom = 1;
    this.time = 0;
    this.chosen = null;
    this.lanes = lanesOf(sightings);
    this.length = Math.max(
      clip.duration, ...sightings.map((one) => one.last.seconds), ...clip.shots.map((one) => one.end.seconds), 0.001,
    );
    this.width = 0;
    new ResizeObserver(() => {
      if (box.clientWidth !== this.width) this.draw();
    }).observe(box);
    this.draw();
  }

  stretch(times) {
    this.zoom = Math.min(64, Math.max(1, this.zoom * times));
    this.draw();
  }

  x(seconds) {
    return LABEL + (seconds / this.length) * (this.wide - LABEL - 8);
  }

  draw() {
    const focused = document.activeElement?.dataset?.key;
    this.width = this.box.clientWidth;
    this.wide = Math.min(LONGEST, Math.max(360, this.width) * this.zoom);
    const overlays = this.clip.overlays.length > FEW;
    const rows = this.lanes.length + (overlays ? 1 : 0);
    const height = AXIS + Math.max(1, rows) * LANE + 4;
    const svg = draw("svg", {
      width: this.wide, height, viewBox: `0 0 ${this.wide} ${height}`, role: "group",
      "aria-label": _("Timeline, a lane for each machine"),
    });
    for (const shot of this.clip.shots) {
      const x = this.x(shot.start.seconds);
      svg.append(draw("rect", {
        x, y: AXIS - 4, width: Math.max(1, this.x(shot.end.seconds) - x), height: height - AXIS + 4,
        class: `shot ${shot.reason}`,
      }));
    }
    this.drawAxis(svg, height);
    this.lanes.forEach((lane, row) => this.drawLane(svg, lane, row));
    if (overlays) this.drawOverlays(svg, this.lanes.length);
    this.head = draw("line", { y1: 0, y2: height, class: "playhead" });
    svg.append(this.head);
    svg.addEventListener("click", (event) => {
      if (event.target.closest("[data-key]")) return;
      const at = event.clientX - svg.getBoundingClientRect().left;
      if (at >= LABEL) this.seek(((at - LABEL) / (this.wide - LABEL - 8)) * this.length, null);
    });
    svg.addEventListener("keydown", (event) => this.key(event));
    this.box.replaceChildren(svg);
    const first = svg.querySelector("[data-key]");
    const chosen = this.chosen && svg.querySelector(`[data-key="${this.chosen}"]`);
    (chosen || first)?.setAttribute("tabindex", "0");
    if (focused) svg.querySelector(`[data-key="${focused}"]`)?.focus();
    this.at(this.time);
  }

  drawAxis(svg, height) {
    const timed = this.clip.kind === "video"; // of photographs each is a second of the axis, and counted
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200].slice(timed ? 0 : 3);
    const least = (90 / (this.wide - LABEL)) * this.length;
    const step = steps.find((one) => one >= least) ?? 14400;
    for (let time = 0; time <= this.length; time += step) {
      const x = this.x(time);
      svg.append(draw("line", { x1: x, x2: x, y1: AXIS - 4, y2: height, class: "rule" }));
      // A label that would be cut off by the edge stands before its line.
      const before = x + 60 > this.wide;
      svg.append(draw("text", { x: before ? x - 3 : x + 3, y: 11, class: "hour", "text-anchor": before ? "end" : "start" }, timed ? clock(time, step < 1 ? 1 : 0) : time + 1));
    }
  }

  drawLane(svg, lane, row) {
    const y = AXIS + row * LANE;
    const label = draw("text", { x: 4, y: y + 15, class: "name" }, cut(lane.name, 18));
    label.append(draw("title", {}, lane.name));
    svg.append(draw("line", { x1: 0, x2: this.wide, y1: y + LANE, y2: y + LANE, class: "rule" }), label);
    for (const one of lane.sightings) {
      const x = this.x(one.first.seconds);
      const wide = Math.max(7, this.x(one.last.seconds) - x);
      const bar = draw("rect", { x, y: y + 4, width: wide, height: LANE - 8, rx: 2, class: `span ${one.grade}` });
      const words = _("{name}, {builder}, grade {grade}, {from} to {to}", {
        name: one.name, builder: builderOf(one)?.name ?? UNKNOWN, grade: one.grade,
        from: stands(this.clip.kind, one.first.seconds), to: stands(this.clip.kind, one.last.seconds),
      });
      const group = draw("g", {
        role: "button", tabindex: "-1", "aria-label": words, "data-key": one.key, class: "lane",
      }, draw("title", {}, words), bar);
      for (const text of one.readings) {
        if (text.overlay) continue;
        group.append(draw("rect", { x: this.x(text.at.seconds) - 1, y: y + 2, width: 2, height: LANE - 4, class: "tick" }));
      }
      group.addEventListener("click", () => this.seek(one.best.exact, one));
      svg.append(group);
    }
  }

  drawOverlays(svg, row) {
    const y = AXIS + row * LANE;
    svg.append(draw("text", { x: 4, y: y + 15, class: "name faint" }, cut(_("broadcast's text"), 19)));
    for (const text of this.clip.overlays) {
      const mark = draw("rect", { x: this.x(text.at.seconds) - 2, y: y + 5, width: 4, height: LANE - 10, class: "overlay" });
      mark.append(draw("title", {}, text.text));
      svg.append(mark);
    }
  }

  key(event) {
    const group = event.target.closest("[data-key]");
    if (!group) return;
    const row = this.lanes.findIndex((lane) => lane.sightings.some((one) => one.key === group.dataset.key));
    const lane = this.lanes[row].sightings;
    const place = lane.findIndex((one) => one.key === group.dataset.key);
    let to = null;
    if (event.key === "ArrowRight") to = lane[place + 1];
    else if (event.key === "ArrowLeft") to = lane[place - 1];
    else if (event.key === "ArrowDown") to = this.lanes[row + 1]?.sightings[0];
    else if (event.key === "ArrowUp") to = this.lanes[row - 1]?.sightings[0];
    else if (event.key === "Enter" || event.key === " ") this.seek(lane[place].best.exact, lane[place]);
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (!to) return;
    group.setAttribute("tabindex", "-1");
    const next = this.box.querySelector(`[data-key="${to.key}"]`);
    next.setAttribute("tabindex", "0");
    next.focus();
  }

  /** Marks a sighting as the one looked at. */
  choose(key) {
    this.chosen = key;
    for (const group of this.box.querySelectorAll("[data-key]")) {
      group.classList.toggle("chosen", group.dataset.key === key);
    }
  }

  /** Puts the playhead at a time. */
  at(time) {
    this.time = time;
    const x = this.x(Math.min(time, this.length));
    this.head?.setAttribute("x1", x);
    this.head?.setAttribute("x2", x);
  }
}

/** Sightings by machine, those seen first first. */
function lanesOf(sightings) {
  const lanes = new Map();
  for (const one of sightings) {
    const key = one.machine ?? one.key;
    if (!lanes.has(key)) lanes.set(key, { name: "", sightings: [], first: Infinity });
    const lane = lanes.get(key);
    lane.sightings.push(one);
    lane.first = Math.min(lane.first, one.first.seconds);
  }
  for (const lane of lanes.values()) {
    lane.sightings.sort((a, b) => a.first.seconds - b.first.seconds);
    const named = lane.sightings.map(builderOf).find((one) => one);
    lane.name = `${lane.sightings.map((one) => one.name).slice(0, 3).join(" ")} ${named?.name ?? UNKNOWN}`;
  }
  return [...lanes.values()].sort((a, b) => a.first - b.first);
}

function cut(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

export { toSeconds };
