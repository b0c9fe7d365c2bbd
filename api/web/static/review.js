// The review: one item at a time, judged by a key; the next is on the screen at once.

import { _, brought, call, counted, make, notice } from "./common.js";
import { Ahead, loadCard } from "./review-ahead.js";
import { BuilderChoice } from "./review-builder.js";
import { VERDICTS, tell, where } from "./review-card.js";
import { Outbox, unsentOfOthers } from "./review-outbox.js";
import { Stage } from "./review-picture.js";

const AGAIN = 15000; // milliseconds after which an empty queue is asked again
const UNSEEN = 300; // milliseconds after which an item can have been looked at: less is a second press
const KEPT = 50; // items that undo can go back to
const PARTS = ["stage", "told", "under"]; // of the page, that tell of an item

const start = brought("start");
const at = (id) => document.getElementById(id);
const desk = at("desk");
const note = at("note");
const stage = new Stage(at("stage"));
const ahead = new Ahead(() => [...(card ? [card.item] : []), ...outbox.items]);
const builders = new BuilderChoice();
const history = [];
let card = null;
let called = null; // the one item this page was opened for
let judged = 0;
let counts = null; // how many are left for this person, as the server said, and counted down since
const off = { left: 0, claims: 0 }; // counted off in all
const met = new Set(); // items that were on the screen long enough to be judged
let looked = { since: 0, before: 0 };
let timer = null;

const outbox = new Outbox(start.person, { changed: showUnsent, failed: surface, stopped: ({ message }) => notice(message, "bad") });

// ---- how long somebody looks, not how long the page is open

function beginLooking() {
  looked = { since: document.hidden ? null : performance.now(), before: 0 };
}

function secondsLooked() {
  const now = looked.since === null ? 0 : performance.now() - looked.since;
  return Math.round((looked.before + now) / 10) / 100;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden && looked.since !== null) {
    looked.before += performance.now() - looked.since;
    looked.since = null;
  } else if (!document.hidden && looked.since === null) {
    looked.since = performance.now();
  }
});

// ---- showing

/** This person's verdict on the item that still holds, if there is one. */
function own() {
  const replaced = new Set(card.verdicts.map((one) => one.supersedes));
  return card.verdicts.findLast((one) => one.author === start.person && !replaced.has(one.number) && one.verdict in VERDICTS && !["doubt", "withdrawn"].includes(one.verdict));
}

function may(does) {
  if (does === "help") return true;
  if (does === "undo") return history.length > 0;
  if (!card) return false;
  if (does === "skip") return called === null;
  if (["play", "back", "on"].includes(does)) return card.footage.kind === "video" && !stage.drawing;
  if (does === "zoom") return Boolean(card.pictures.frame.box);
  if (does === "doubt") return card.state === "settled";
  if (card.state === "settled" && !own()) return false;
  if (card.about === "frame") return ["missed", "nothing", ...(stage.drawing ? ["builder", "concealed", "hidden"] : [])].includes(does);
  if (does === "accept") return Boolean(card.sighting?.builder || card.sighting?.origin || card.sighting?.lead_origin);
  if (does.startsWith("lead")) return verdictOn(card.leads[does.slice(-1) - 1]) !== null;
  return ["builder", "unknown", "concealed", "hidden", "not-cnc", "not-a-machine", "pictured"].includes(does);
}

function refreshKeys() {
  for (const button of desk.querySelectorAll("[data-does]")) {
    const does = button.dataset.does;
    const fits = may(does);
    button.disabled = !fits;
    const verdict = does in VERDICTS || does === "hidden";
    const lacking = verdict && card !== null && !(does === "accept" && card.about === "sighting" && card.state !== "settled");
    button.hidden = !fits && (lacking || does === "play" || !at("empty").hidden);
    if (does === "zoom") button.setAttribute("aria-pressed", String(stage.zoomed));
  }
}

/** Puts a card on the screen; `began`: when the key was pressed, for measuring; `words`: the note. */
async function show(next, began = null, words = "") {
  card = next;
  note.value = words;
  desk.dataset.state = "shown";
  desk.dataset.item = card.item;
  at("empty").hidden = true;
  for (const part of PARTS) at(part).hidden = false;
  showCounts();
  const { footage } = card;
  const place = [footage.name, where(card, card.pictures.frame.pts), footage.plant];
  at("where").title = at("where").textContent = place.filter(Boolean).join(" · ");
  at("where").href = `/footage/${footage.sha256}?at=${encodeURIComponent(card.pictures.frame.pts ?? card.pts)}`;
  at("told").replaceChildren(...tell(card));
  at("told").scrollTop = 0;
  const painted = stage.show(card); // ends zooming and drawing, so before the keys
  refreshKeys();
  beginLooking();
  meet(card.item);
  await painted;
  if (card !== next) return;
  desk.dataset.painted = card.item;
  if (began !== null) {
    requestAnimationFrame(() => setTimeout(() => performance.measure("next-picture", { start: began, end: performance.now() })));
  }
}

/** What is pressed twice judges one item: the next can be judged once it has been seen. */
function meet(item) {
  const seen = () => {
    if (card?.item !== item) return;
    met.add(item);
    desk.dataset.met = item;
  };
  if (met.has(item)) seen();
  else setTimeout(seen, UNSEEN);
}

async function advance(began) {
  if (called !== null) return callUp(called);
  let next = ahead.take();
  if (!next) {
    desk.dataset.state = "loading";
    try {
      await ahead.fill();
      next = ahead.take();
    } catch (problem) {
      notice(problem.message, "bad");
    }
  }
  if (next) show(next, began);
  else showEmpty();
}

async function showEmpty() {
  card = null;
  desk.dataset.state = "empty";
  delete desk.dataset.item;
  stage.clear();
  for (const part of PARTS) at(part).hidden = true;
  at("told").replaceChildren();
  at("where").textContent = "";
  at("where").removeAttribute("href");
  const box = at("empty");
  box.hidden = false;
  refreshKeys();
  showCounts();
  box.replaceChildren(make("p", { class: "lead" }, _("Nothing waits for you.")));
  clearTimeout(timer);
  timer = setTimeout(() => card === null && advance(null), AGAIN);
  await waitSent();
  await askCounts();
  if (!counts || card !== null) return;
  const { others } = counts;
  const say = (number, one, many, kind = "") => number && box.append(make("p", { class: kind }, counted(number, one, many)));
  say(others, _("{number} waits for another reviewer: you have judged it."), _("{number} wait for another reviewer: you have judged them."));
  say(counts.held, _("{number} is at hand to others now."), _("{number} are at hand to others now."));
  say(counts.put_off, _("{number} you skipped; it comes back later."), _("{number} you skipped; they come back later."));
  say(counts.settled, _("{number} is settled."), _("{number} are settled."), "faint");
  if (counts.settled) box.append(make("p", { class: "faint" }, _("Grade A from elsewhere is not asked for: open it under Machines and press Judge this.")));
  if (others) box.append(...howToSecond());
  if (counts.settled + others) {
    box.append(
      make("p", {}, make("a", { class: "button main", href: "/answer" }, _("What the footage says so far"))),
      make("p", { class: "faint" }, _("To change a verdict of yours, open it from the clip's page:"), " ", make("a", { href: "/footage" }, _("Footage"))),
    );
  }
  if (start.otherwise) {
    box.append(make("p", {}, _("All footage here was looked at with another model or other settings; what was found then is not shown. Sweep it again, or start the server with what it was looked at with.")));
  } else if (counts.mine + others + counts.settled === 0) {
    box.append(make("p", {}, _("What is found in footage comes here to be judged."), " ", make("a", { href: "/upload" }, _("Upload footage"))));
  }
}

/** How a second person comes to judge what one may not settle alone. */
function howToSecond() {
  const why = make("p", {}, _("A claim for an origin under test is settled by two people."));
  if (!start.local) {
    const accounts = start.admin ? [" ", make("a", { href: "/accounts" }, _("Add an account"))] : [];
    return [make("p", {}, why.textContent, ...accounts)];
  }
  const add = (name, more = "") => make("code", {}, `nameplate accounts add ${start.folder} ${name}${more}`);
  return [
    why,
    make("p", {}, _("To add a second person, make an account for yourself first, then one for them:")),
    make("p", {}, add(start.person), make("br"), add("NAME", " --role reviewer")),
    make("p", { class: "faint" }, _("From the first account on everybody has to log in, you too. Keep the name you sign with: your verdicts stay yours.")),
  ];
}

async function askCounts() {
  try {
    await waitSent(); // of what is not sent the server does not know
    const before = { ...off };
    const found = await call("GET", "/api/v1/review/counts");
    const [left, claims] = [found.mine - (off.left - before.left), found.my_claims - (off.claims - before.claims)];
    counts = { ...found, left, claims };
  } catch {
    counts = null;
  }
  showCounts();
}

/** Counts one off, or with -1 back on, until the server is asked again. */
function countOff(item, number = 1) {
  off.left += number;
  if (item.kind === "claim") off.claims += number;
  if (!counts) return;
  counts.left -= number;
  if (item.kind === "claim") counts.claims -= number;
  showCounts();
}

function showCounts() {
  if (!counts) return;
  const left = Math.max(0, counts.left);
  const claims = Math.min(left, Math.max(0, counts.claims));
  const parts = [];
  // Where nothing waits for this person, what is left waits for others, which is told below.
  if (at("empty").hidden) parts.push(_("{number} to judge", { number: left }), counted(claims, _("{number} claim for an origin under test"), _("{number} claims for an origin under test")));
  if (judged) parts.push(_("{number} judged by you now", { number: judged }));
  at("waits").textContent = parts.join(" · ");
}

function showUnsent(number, trouble) {
  const line = at("unsent");
  line.hidden = number === 0;
  line.textContent = trouble
    ? _("{number} not sent yet: the server does not answer; it is tried again", { number })
    : _("{number} not sent yet", { number });
}

for (const [author, number] of unsentOfOthers(start.person)) {
  notice(_("{number} given as {author} not sent: log in again by that name in this tab to send it", { number, author }), "bad");
}

function surface(entry, problem) {
  const link = make("a", { href: `/review/${encodeURIComponent(entry.item)}` }, _("look at it"));
  const why = { why: problem.message };
  notice(entry.kind === "undo" ? _("A verdict was not taken back: {why}", why) : _("A verdict was not taken: {why}", why), "bad");
  document.getElementById("notices").lastElementChild.append(" ", link);
}

// ---- judging

function give(verdict, more = {}, began = null) {
  const body = { item: card.item, verdict, seconds: secondsLooked(), ...more };
  if (note.value.trim()) body.note = note.value.trim();
  const before = own();
  if (before && !body.note) {
    notice(_("You have judged this. To change your verdict write why (T), then press the key."));
    return;
  }
  if (before) body.supersedes = before.number;
  remember(outbox.add({ kind: "verdict", item: card.item, body }));
  judged += 1;
  if (!before) countOff(card);
  said(VERDICTS[verdict]());
  leave(began);
}

function remember(entry) {
  history.push({ entry, card, words: note.value });
  if (history.length > KEPT) history.shift();
}

function said(words) {
  desk.dataset.said = words;
}

function leave(began, words = "") {
  if (judged % 10 === 0 && called === null) askCounts();
  if (called !== null) {
    card = null;
    refreshKeys();
    outbox.run().then(() => waitSent()).then(() => callUp(called, words));
  } else {
    advance(began);
  }
}

async function waitSent() {
  while (outbox.size) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** The verdict that accepts a lead; null where none does. */
function verdictOn(lead) {
  if (!lead) return null;
  const { builder, origin, lead_origin: plate } = card.sighting;
  if (!lead.builder) return !builder && lead.origin === (origin ?? plate) ? ["accept", {}] : null;
  return lead.builder.id === builder?.id ? ["accept", {}] : ["builder", { builder: lead.builder.id }];
}

/** Asks for a builder, and gives the verdict; of a missed machine that its box belongs to. */
async function name(verdict, drawn) {
  const asked = card;
  const missed = stage.drawing;
  const chosen = await builders.ask(card.leads.flatMap(({ builder }) => builder ?? []));
  if (!chosen || card !== asked || missed !== stage.drawing) return;
  if (missed) give("missed", { box: stage.box, builder: chosen.id, ...drawn });
  else give(verdict, { builder: chosen.id });
}

const actions = {
  ...Object.fromEntries([1, 2, 3, 4, 5].map((number) => [`lead${number}`, (began) => give(...verdictOn(card.leads[number - 1]), began)])),
  accept: (began) => give("accept", {}, began),
  unknown: (began) => give("unknown", {}, began),
  concealed(began) {
    if (stage.drawing) give("missed", { box: stage.box, concealed: true }, began);
    else give("concealed", {}, began);
  },
  hidden: () => name("concealed", { concealed: true }),
  "not-cnc": (began) => give("not-cnc", {}, began),
  "not-a-machine": (began) => give("not-a-machine", {}, began),
  pictured: (began) => give("pictured", {}, began),
  nothing: (began) => give("nothing", {}, began),
  builder: () => name("builder", {}),
  missed(began) {
    if (!stage.drawing) {
      if (!stage.draw()) return;
      refreshKeys();
      notice(_("Draw a box around the machine, or move it with the arrow keys; Enter sends, Esc leaves. B names the builder, C says that the mark is concealed, H both."));
    } else {
      give("missed", { box: stage.box }, began);
    }
  },
  doubt() {
    const body = note.value.trim() ? { note: note.value.trim() } : {};
    remember(outbox.add({ kind: "doubt", item: card.item, body }));
    leave(null);
  },
  skip(began) {
    remember(outbox.add({ kind: "skip", item: card.item }));
    leave(began);
  },
  undo() {
    const last = history.pop();
    outbox.undo(last.entry);
    if (last.entry.kind === "verdict") {
      judged -= 1;
      if (!last.entry.body.supersedes) countOff(last.card, -1);
    }
    if (called !== null) {
      leave(null, last.words);
    } else {
      if (card) ahead.back(card);
      show(loadCard(last.card), null, last.words);
    }
  },
  play: () => stage.play(),
  back: () => stage.step(-1),
  on: () => stage.step(1),
  zoom() {
    stage.zoom();
    refreshKeys();
  },
  help: () => at("help").showModal(),
};

const KEYS = {
  KeyA: "accept", KeyB: "builder", KeyU: "unknown", KeyC: "concealed", KeyN: "not-cnc",
  KeyH: "hidden", KeyX: "not-a-machine", KeyP: "pictured", KeyE: "nothing", KeyM: "missed", KeyD: "doubt", KeyS: "skip",
  Digit1: "lead1", Digit2: "lead2", Digit3: "lead3", Digit4: "lead4", Digit5: "lead5",
  Backspace: "undo", KeyZ: "zoom", KeyK: "play", Comma: "back", Period: "on",
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function act(does, began) {
  if ((does in VERDICTS || does.startsWith("lead")) && desk.dataset.met !== card?.item) return;
  if (may(does)) actions[does](began);
  else if (does === "accept" && card?.leads?.length && card.state !== "settled") notice(_("No builder is claimed here: keys 1 to 5 accept a lead, B names another builder."));
}

document.addEventListener("keydown", (event) => {
  if (builders.open || at("help").open) return;
  if (event.target === note) {
    if (event.key === "Enter" || event.key === "Escape") note.blur();
    return;
  }
  if (event.target.closest("input, select, textarea") || event.altKey || event.metaKey) return;
  if (event.ctrlKey && event.code !== "KeyZ") return;
  if (stage.drawing) {
    if (event.key in ARROWS) {
      event.preventDefault();
      return stage.nudge(...ARROWS[event.key], event.shiftKey);
    }
    if (event.key === "Enter") {
      event.preventDefault();
      return act("missed", event.timeStamp);
    }
    if (event.key === "Escape") {
      stage.stopDrawing();
      return refreshKeys();
    }
  }
  if (event.key === "?") return act("help");
  if (event.code === "KeyT") {
    event.preventDefault();
    return note.focus();
  }
  const does = event.ctrlKey ? "undo" : KEYS[event.code];
  if (!does || event.repeat || event.shiftKey) return;
  event.preventDefault();
  act(does, event.timeStamp);
});

desk.addEventListener("click", (event) => {
  const button = event.target.closest("[data-does]");
  if (!button) return;
  button.blur();
  if (event.detail > 1 && button.dataset.does !== "undo") return; // of a double click the second
  act(button.dataset.does, event.timeStamp);
});

// ---- beginning

async function callUp(item, words) {
  called = item;
  try {
    await show(loadCard(await call("GET", `/api/v1/review/items/${encodeURIComponent(item)}`)), null, words);
  } catch (problem) {
    notice(problem.message, "bad");
  }
}

showUnsent(outbox.size, false);
outbox.run();
await waitSent();
askCounts();
if (start.item) callUp(start.item);
else advance(null);
