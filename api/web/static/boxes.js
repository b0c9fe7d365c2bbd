// Where sightings are at a time, drawn over the picture.

const SVG = "http://www.w3.org/2000/svg";

/** Seconds as a number, of "12", "12.5" or "1001/24000". */
export function toSeconds(exact) {
  const [over, under] = String(exact).split("/");
  return Number(over) / Number(under ?? 1);
}

/** An element of a drawing. */
export function draw(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A track with its times as numbers, made once. */
export function readTrack(sighting) {
  return sighting.track.map(([exact, x1, y1, x2, y2]) => [toSeconds(exact), x1, y1, x2, y2]);
}

/** The box at a time, between the two observations about it; null outside the track. */
export function boxAt(track, time, slack = 0) {
  if (!track.length || time < track[0][0] - slack || time > track.at(-1)[0] + slack) return null;
  let low = 0;
  let high = track.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (track[middle][0] < time) low = middle + 1;
    else high = middle;
  }
  const after = track[low];
  const before = track[Math.max(0, low - 1)];
  const length = after[0] - before[0];
  const share = length > 0 ? Math.min(1, Math.max(0, (time - before[0]) / length)) : 1;
  return [1, 2, 3, 4].map((i) => before[i] + (after[i] - before[i]) * share);
}

/** Draws boxes with labels into `svg`, whose viewBox is the frame.
 *
 * shown: [{box, label, kind, chosen}]; kind is a class: a grade, or "text". */
export function drawBoxes(svg, shown) {
  const { width, height } = svg.viewBox.baseVal;
  svg.replaceChildren();
  const letters = Math.max(11, height / 32);
  for (const { box, label, kind, chosen } of shown) {
    const [x1, y1, x2, y2] = box;
    const rect = draw("rect", {
      x: x1, y: y1, width: Math.max(1, x2 - x1), height: Math.max(1, y2 - y1),
      class: `box ${kind}${chosen ? " chosen" : ""}`,
    });
    const text = draw("text", { "font-size": letters, class: "label" }, label);
    const wide = Math.min(width, label.length * letters * 0.62 + letters * 0.6);
    const x = Math.min(Math.max(0, x1), Math.max(0, width - wide));
    const over = y1 - letters * 1.35;
    const y = kind === "text" ? Math.min(y2, height - letters * 1.35) : over >= 0 ? over : Math.max(0, y1);
    text.setAttribute("x", x + letters * 0.3);
    text.setAttribute("y", y + letters);
    svg.append(rect, draw("rect", { x, y, width: wide, height: letters * 1.35, class: "plate" }), text);
  }
}
