// The player of one footage: the original where the browser can play it, else frames cut by the
// server; boxes over it, the timeline below, the sightings beside.

import { _, brought, call, localized, notice, renew } from "./common.js";
import { boxAt, drawBoxes, readTrack, toSeconds } from "./boxes.js";
import { Timeline, builderOf, stands } from "./timeline.js";
import { openEnlarged } from "./enlarge.js";
import { letCorrect } from "./footage-claims.js";
import { Entering } from "./footage-enter.js";

const clip = brought("clip");
const root = `/api/v1/footage/${clip.sha256}`;
const unknown = _("unknown");
const $ = (id) => document.getElementById(id);
const video = $("video");
const picture = $("frame");
const step = clip.kind === "video" ? 1 / (toSeconds(clip.rate ?? "25") || 25) : 1;
const length = clip.duration?.seconds ?? 0;
const last = clip.kind === "video" ? length : Math.max(0, length - 1);

$("look-at-rest")?.addEventListener("click", async ({ target }) => {
  target.disabled = true;
  try {
    await call("POST", `${root}/rest`);
    await renew("rest");
  } catch (error) {
    target.disabled = false;
    notice(error.message, "bad");
  }
});

let sightings = [];
let tracks = new Map();
let timeline = null;
let time = 0; // of the frame on screen, seconds
let exact = "0"; // the same as the server understands it
let mode = clip.gone ? "stills" : clip.kind === "video" ? "video" : "frames";
let playing = false;
let chosen = null;

const stage = $("stage");
const boxes = $("boxes");
stage.style.aspectRatio = `${clip.width ?? 4} / ${clip.height ?? 3}`;
fit(clip.width ?? 4, clip.height ?? 3);
$("seek").max = String(last || 1);
if (clip.kind !== "video") $("seek").step = "1";

/** What is drawn over the frame is in its pixels. */
function fit(width, height) {
  for (const svg of stage.querySelectorAll("svg")) svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
}

/** In a folder each picture is of a size of its own; it was sent whole. */
function fitPicture() {
  if (!clip.width && picture.naturalWidth) fit(picture.naturalWidth, picture.naturalHeight);
}

function tell(text) {
  $("note").textContent = text;
}

/** What is on screen has changed: its time, and whatever hangs on it. */
function shown(seconds, asText) {
  time = seconds;
  exact = asText ?? (seconds + 0.0005).toFixed(6);
  stage.dataset.pts = exact;
  $("pts").textContent = asText ?? seconds.toFixed(3);
  if ($("excerpt")) $("excerpt").href = `${root}/excerpt?pts=${seconds.toFixed(3)}`;
  $("time").textContent = stands(clip.kind, seconds, 3);
  $("seek").value = String(seconds);
  $("seek").setAttribute("aria-valuetext", stands(clip.kind, seconds));
  timeline?.at(seconds);
  redraw();
}

function redraw() {
  const list = [];
  if ($("show-boxes").checked) {
    for (const one of sightings) {
      const box = boxAt(tracks.get(one.key), time, step / 2);
      if (!box) continue;
      const builder = builderOf(one);
      const grade = builder?.id === one.builder?.id ? ` ${one.grade}` : ""; // of what was read
      const named = builder ? `${builder.name}${grade}` : unknown;
      list.push({ box, label: `${one.name} ${named}`, kind: one.grade, chosen: one.key === chosen });
    }
  }
  if ($("show-text").checked) {
    for (const one of sightings) {
      for (const text of one.readings) {
        if (!text.overlay && Math.abs(text.at.seconds - time) < Math.max(step / 2, 0.02)) {
          list.push({ box: text.box, label: text.text, kind: "text" });
        }
      }
    }
  }
  drawBoxes(boxes, list);
}

// -- frames cut by the server: one is asked for at a time, and of those wanted meanwhile the last

let asking = false;
let wanted = null;

async function cutFrame(asText) {
  wanted = asText;
  if (asking) return;
  asking = true;
  try {
    while (wanted !== null) {
      const pts = wanted;
      wanted = null;
      const width = Math.min(clip.width, Math.ceil(stage.clientWidth * devicePixelRatio / 320) * 320);
      const size = clip.width ? `&width=${Math.max(16, width)}` : "";
      const answer = await fetch(`${root}/frame?pts=${encodeURIComponent(pts)}${size}`);
      if (answer.status === 429) { // the server cuts others
        await new Promise((done) => setTimeout(done, 1000));
        wanted ??= pts;
        continue;
      }
      if (!answer.ok) {
        tell(localized((await answer.json().catch(() => null))?.error, "message") ?? answer.statusText);
        playing = false;
        continue;
      }
      tell("");
      const before = picture.src;
      picture.src = URL.createObjectURL(await answer.blob());
      await picture.decode().catch(() => null);
      if (before.startsWith("blob:")) URL.revokeObjectURL(before);
      const at = answer.headers.get("Frame-Pts") ?? pts;
      if (wanted !== null) continue;
      fitPicture();
      shown(toSeconds(at), at);
    }
  } catch {
    tell(_("The server does not answer."));
    playing = false;
  } finally {
    asking = false;
  }
}

/** The original is gone: the kept picture that is nearest in time. */
function showKept(seconds) {
  const kept = sightings.flatMap((one) => one.stills.filter((still) => still.role === "best"));
  if (!kept.length) return tell(_("No still was kept of it."));
  const off = (still) => Math.abs(still.at.seconds - seconds);
  const nearest = kept.reduce((a, b) => (off(b) < off(a) ? b : a));
  picture.src = `/api/v1/stills/${nearest.sha256}`;
  picture.decode().then(fitPicture).then(redraw, () => {}); // fails where another has come meanwhile
  return shown(nearest.at.seconds, nearest.at.exact);
}

function setMode(next) {
  mode = next;
  video.hidden = mode !== "video";
  picture.hidden = mode === "video";
  stage.dataset.mode = mode;
  if ($("exact")) $("exact").checked = mode === "frames";
  if (mode !== "video") video.pause();
  seek(exact);
}

/** Goes to a time: exact as text ("1001/24000"), or a number of seconds. */
function seek(to) {
  const seconds = Math.min(Math.max(0, toSeconds(to)), last || Infinity);
  const asText = typeof to === "string" ? to : seconds.toFixed(6);
  if (mode === "video") {
    video.currentTime = seconds + 0.001; // within the frame, whatever the rounding
    shown(seconds, typeof to === "string" ? to : undefined);
  } else if (mode === "frames") {
    time = seconds;
    exact = asText;
    cutFrame(asText);
  } else showKept(seconds);
}

function play() {
  if (mode === "video") {
    if (video.paused) video.play().catch(() => unplayable());
    else video.pause();
  } else if (mode === "frames") {
    playing = !playing;
    label();
    if (playing) advance();
  }
}

function advance() {
  if (!playing || mode !== "frames") return;
  if (time >= last) {
    playing = false;
    label();
    return;
  }
  if (!asking) seek(Math.min(last, time + (clip.kind === "video" ? 0.25 : 1)));
  setTimeout(advance, clip.kind === "video" ? 250 : 1000);
}

function label() {
  const on = mode === "video" ? !video.paused : playing;
  $("play").textContent = on ? "❚❚" : "▶";
  $("play").setAttribute("aria-pressed", String(on));
}

function unplayable() {
  if (mode !== "video") return;
  setMode("frames");
  $("exact").disabled = true;
  tell(_("This browser cannot play the original; the server cuts its frames instead."));
}

function follow(now, data) {
  if (mode === "video" && !video.paused) shown(data.mediaTime);
  video.requestVideoFrameCallback(follow);
}

function choose(one) {
  chosen = one?.key ?? null;
  timeline.choose(chosen);
  for (const card of document.querySelectorAll(".sighting")) {
    card.classList.toggle("chosen", card.dataset.key === chosen);
    if (card.dataset.key === chosen) card.scrollIntoView({ block: "nearest" });
  }
  redraw();
}

async function load() {
  let after = "";
  do {
    const page = await call("GET", `${root}/sightings?limit=200${after}`);
    sightings.push(...page.items);
    after = page.next ? `&after=${encodeURIComponent(page.next)}` : "";
  } while (after);
  tracks = new Map(sightings.map((one) => [one.key, readTrack(one)]));
  timeline = new Timeline($("timeline"), { ...clip, duration: last || (clip.kind === "video" ? 1 : 0.5) }, sightings, (to, one) => {
    seek(to);
    if (one) choose(one);
  });
  $("wider").addEventListener("click", () => timeline.stretch(2));
  $("narrower").addEventListener("click", () => timeline.stretch(0.5));
}

$("play").addEventListener("click", play);
$("back").addEventListener("click", () => seek(Math.max(0, time - step)));
$("on").addEventListener("click", () => seek(time + step));
$("seek").addEventListener("input", (event) => seek(Number(event.target.value)));
for (const id of ["show-boxes", "show-text"]) $(id).addEventListener("change", redraw);
$("exact")?.addEventListener("change", (event) => setMode(event.target.checked ? "frames" : "video"));
$("sound")?.addEventListener("change", (event) => { video.muted = !event.target.checked; });
$("enlarge").addEventListener("click", () => openEnlarged({ sha: clip.sha256, pts: exact, box: null }));
for (const name of ["play", "pause", "ended"]) video.addEventListener(name, label);
video.addEventListener("error", unplayable);
video.addEventListener("loadedmetadata", () => { if (!video.videoWidth) unplayable(); });

document.addEventListener("click", (event) => {
  const to = event.target.closest("[data-seek]");
  const go = event.target.closest("[data-go]");
  if (to) {
    event.preventDefault();
    seek(to.dataset.seek);
  } else if (go) {
    const one = sightings.find((some) => some.key === go.dataset.go);
    if (one) {
      seek(one.best.exact);
      choose(one);
    }
  } else return;
  stage.scrollIntoView({ block: "nearest" });
});

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = { k: play, ",": () => seek(Math.max(0, time - step)), ".": () => seek(time + step) }[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

try {
  await load();
} catch (error) {
  notice(error.message, "bad");
}
exact = clip.at ?? sightings[0]?.best.exact ?? "0";
if (mode === "video") {
  video.src = `${root}/video`;
  if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(follow);
  else video.addEventListener("timeupdate", () => shown(video.currentTime));
}
setMode(mode);
if ($("enter")) new Entering(clip, () => exact);
letCorrect(clip);
stage.dataset.ready = "yes";
