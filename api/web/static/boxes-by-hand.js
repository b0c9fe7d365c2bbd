// A box that a hand draws over the frame, with the pointer or the arrow keys; pixels of the frame.

const LEAST = 8; // that a side must have
const STEP = 0.02; // of the frame, that an arrow key moves a box by

/** Width and height of the frame that a drawing lies over. */
export function frameOf(svg) {
  const { width, height } = svg.viewBox.baseVal;
  return [width, height];
}

/** Where in the frame a pointer is. */
export function pointAt(svg, event) {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const [width, height] = frameOf(svg);
  return [Math.min(Math.max(point.x, 0), width), Math.min(Math.max(point.y, 0), height)];
}

/** The box to begin with, for the arrow keys: in the middle. */
export function middle([width, height]) {
  return [0.3 * width, 0.3 * height, 0.7 * width, 0.7 * height];
}

/** The box between two points; null where it is too small. */
export function between([ax, ay], [bx, by]) {
  const box = [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];
  return box[2] - box[0] >= LEAST && box[3] - box[1] >= LEAST ? box : null;
}

/** The box moved by so many steps, within the frame; with `sized` its lower right corner alone. */
export function nudged([x1, y1, x2, y2], [width, height], dx, dy, sized) {
  const x = dx * STEP * width;
  const y = dy * STEP * height;
  if (sized) return [x1, y1, Math.min(Math.max(x2 + x, x1 + LEAST), width), Math.min(Math.max(y2 + y, y1 + LEAST), height)];
  const sx = Math.min(Math.max(x, -x1), width - x2);
  const sy = Math.min(Math.max(y, -y1), height - y2);
  return [x1 + sx, y1 + sy, x2 + sx, y2 + sy];
}
