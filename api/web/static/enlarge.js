// A dialog in which any part of a frame is enlarged: as it is, and beside it made easier to see.

import { _, call, make } from "./common.js";
import { draw } from "./boxes.js";

let open = null;

/** Opens the dialog on a frame; `box`, [x1, y1, x2, y2] in its pixels, is enlarged at once. */
export function openEnlarged({ sha, pts, box }) {
  open?.close();
  const root = `/api/v1/footage/${sha}`;
  const at = `pts=${encodeURIComponent(pts)}`;
  const frame = make("img", { alt: _("The whole frame; drag a box over it to enlarge what is in it"), draggable: "false" });
  const svg = draw("svg", { "aria-hidden": "true" });
  const note = make("p", { role: "status", class: "faint" });
  const pane = (words, hint) => {
    const image = make("img", { alt: words, hidden: true });
    image.addEventListener("error", () => { note.textContent = _("It cannot be cut out now; try again in a moment."); });
    return [image, make("figure", {}, image, make("figcaption", {}, make("b", {}, words), " ", make("small", {}, hint)))];
  };
  const [plain, plainPane] = pane(_("Unaltered"), _("the frame's own pixels, each repeated"));
  const [clear, clearPane] = pane(_("Enhanced"), _("enlarged smoothly, contrast stretched, sharpened: easier to see, and no evidence"));
  const names = [_("left"), _("top"), _("right"), _("bottom")];
  const fields = names.map((name) => make("input", { type: "number", min: "0", step: "1", "aria-label": name }));
  const wrap = make("div", { class: "frame" }, frame, svg);
  let hidden = [];
  let chosen = null;
  const share = make("a", { class: "button", download: "", href: `${root}/shared?${at}` }, _("Picture to share"));
  // Kept with the frame: what is shared of it later lacks these parts too.
  const keepHidden = async (boxes) => {
    try {
      ({ boxes: hidden } = await call("PUT", `${root}/hidden?${at}`, { boxes }));
    } catch (problem) {
      note.textContent = problem.message;
      return;
    }
    hide.disabled = true;
    reveal.hidden = !hidden.length;
    outline(null);
  };
  const hide = make("button", { type: "button", disabled: true, onclick: () => keepHidden([...hidden, chosen]) }, _("Hide this part"));
  const reveal = make("button", { type: "button", hidden: true, onclick: () => keepHidden([]) }, _("Hide nothing"));
  const dialog = make("dialog", { class: "enlarge", "aria-labelledby": "enlarge-title" },
    make("div", { class: "row between" },
      make("h2", { id: "enlarge-title" }, _("Enlarge around a mark")),
      make("button", { type: "button", onclick: () => dialog.close() }, _("Close"))),
    make("div", { class: "panes" }, wrap, make("div", { class: "pair" }, plainPane, clearPane)),
    make("div", { class: "row" }, make("span", { class: "faint" }, _("Drag a box over the frame, or give its edges in pixels:")),
      ...fields.map((field, i) => make("label", { class: "row" }, names[i], field)), hide, reveal, share),
    note);

  const clip = (edges) => {
    const [w, h] = [frame.naturalWidth, frame.naturalHeight];
    const sorted = [Math.min(edges[0], edges[2]), Math.min(edges[1], edges[3]), Math.max(edges[0], edges[2]), Math.max(edges[1], edges[3])];
    return sorted.map((value, i) => Math.round(Math.min(Math.max(0, value), i % 2 ? h : w) * 100) / 100);
  };
  const outline = (edges) => {
    const box = (of, kind) => draw("rect", { x: of[0], y: of[1], width: of[2] - of[0], height: of[3] - of[1], class: kind });
    svg.replaceChildren(...hidden.map((one) => box(one, "hidden-part")), ...(edges ? [box(edges, "box text")] : []));
  };
  const choose = (edges) => {
    const fit = clip(edges);
    outline(fit);
    fields.forEach((field, i) => { field.value = String(Math.round(fit[i])); });
    if (fit[2] - fit[0] < 1 || fit[3] - fit[1] < 1) return;
    note.textContent = "";
    chosen = fit;
    hide.disabled = false;
    for (const [image, way] of [[plain, "unaltered"], [clear, "enhanced"]]) {
      image.hidden = false;
      image.src = `${root}/crop?${at}&box=${fit.join(",")}&way=${way}`;
    }
  };
  const place = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [point.x, point.y];
  };
  let start = null;
  wrap.addEventListener("pointerdown", (event) => {
    if (!frame.naturalWidth) return;
    start = place(event);
    wrap.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  wrap.addEventListener("pointermove", (event) => { if (start) outline(clip([...start, ...place(event)])); });
  wrap.addEventListener("pointerup", (event) => {
    if (!start) return;
    const edges = [...start, ...place(event)];
    start = null;
    choose(edges);
  });
  for (const field of fields) field.addEventListener("change", () => choose(fields.map((one) => Number(one.value))));
  frame.addEventListener("load", () => {
    svg.setAttribute("viewBox", `0 0 ${frame.naturalWidth} ${frame.naturalHeight}`);
    if (box) choose(box);
  });
  frame.addEventListener("error", () => {
    wrap.hidden = true;
    note.textContent = _("The frame cannot be cut any more: the original is gone, or the server is busy.");
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    open = null;
  });
  call("GET", `${root}/hidden?${at}`).then(({ boxes }) => {
    hidden = boxes;
    reveal.hidden = !hidden.length;
    outline(chosen);
  }, () => {});
  document.body.append(dialog);
  frame.src = `${root}/frame?${at}`;
  dialog.showModal();
  open = dialog;
}

// In a folder each picture is of a size of its own, known once it is here.
for (const svg of document.querySelectorAll(".framed svg:not([viewBox])")) {
  const image = svg.previousElementSibling;
  const fit = () => svg.setAttribute("viewBox", `0 0 ${image.naturalWidth} ${image.naturalHeight}`);
  if (image.complete && image.naturalWidth) fit();
  else image.addEventListener("load", fit);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-enlarge]");
  if (!button) return;
  const { sha, pts, box } = button.dataset;
  openEnlarged({ sha, pts, box: box ? box.split(",").map(Number) : null });
});
