// The upload page: files picked or dropped are sent, a few at a time; what becomes of them is shown.

import { _, brought, call, localized, make, notice } from "./common.js";
import { Sending } from "./sending.js";
import { bytes, clock, counts, lost } from "./upload-words.js";

const AT_ONCE = 3;
const LISTEN_AGAIN_MS = 5000;
const FIELDS = ["origin_url", "publisher", "published", "plant_claimed", "note"];

const limits = brought("limits");
const asides = brought("aside"); // why a file may be set aside, by kind
const list = document.getElementById("uploads");
const uploads = new Map(); // what the server says, by id
const sendings = []; // what this page sends
const lines = new Map(); // list items, by sending or id; by name of a file that is not sent
let desk = { state: "unheard", workers: [], waiting: 0 };

/** Where files come from, as the form says it now. */
const source = () => Object.fromEntries(FIELDS.map((name) => [name, document.getElementById(name).value.trim() || null]));

/** The lines of files added together stand on top, in their order. */
function take(files) {
  for (const file of files) {
    const known = sendings.find((one) => one.state !== "over" && isAgain(file, one.file));
    if (/\p{Cc}/u.test(file.name)) {
      turnAway(file, _("Its name holds characters that are no text, as a line break; rename the file."));
    } else if (file.size === 0) {
      turnAway(file, _("There is nothing in it. If it is a folder, add the files that are in it."));
    } else if (file.size > limits.bytes) {
      const most = Number((limits.bytes / 2 ** 30).toPrecision(3));
      turnAway(file, _("It is too large: at most {most} GiB are taken.", { most }));
    } else if (known && known.state !== "stopped" && known.state !== "paused") {
      notice(_("{name}: a file of the same name, size and time is on the list already.", { name: file.name }));
    } else {
      const sending = new Sending(file, source(), known?.upload ?? null, () => begunOf(file), changed);
      if (known) replace(known, sending);
      else sendings.push(sending);
      draw(sending);
    }
  }
  const keyOf = (file) => sendings.find((one) => one.file === file) ?? file.name;
  list.prepend(...files.map((file) => lines.get(keyOf(file))).filter(Boolean));
  next();
}

/** A file, or a folder, that is not sent at all: a line of its own says why, once. */
function turnAway(file, why) {
  const shown = lines.get(file.name) ?? line(file.name);
  const { head, bar, said, buttons } = shown.parts;
  shown.classList.add("wrong");
  head.replaceChildren(
    make("strong", { class: "name", title: file.name }, file.name),
    make("span", { class: "faint" }, file.size === undefined ? "" : bytes(file.size)),
    make("span", { class: "chip bad" }, _("not taken")),
  );
  bar.hidden = true;
  said.textContent = why;
  offer(buttons, file.name, [[_("Dismiss"), () => forget(file.name)]]);
}

const isOf = (file, other) => file.name === other.name && file.size === other.size;
const isAgain = (file, other) => isOf(file, other) && file.lastModified === other.lastModified;
const sendingOf = (id) => sendings.find((one) => one.upload?.id === id);

/** What has come of files that are called so, and is not sent here. */
const begunOf = (file) =>
  [...uploads.values()].filter((one) => one.state === "receiving" && one.offset && isOf(file, one) && !sendingOf(one.id));

/** A file added once more takes the place of what was paused or stopped. */
function replace(known, sending) {
  sendings[sendings.indexOf(known)] = sending;
  lines.set(sending, lines.get(known));
  lines.delete(known);
}

/** Begins what is queued, a few at a time. */
function next() {
  for (const one of sendings) {
    if (sendings.filter((each) => each.active).length >= AT_ONCE) return;
    if (one.state === "queued") {
      one.run().catch((error) => notice(String(error), "bad"));
    }
  }
}

function changed(sending) {
  if (!sendings.includes(sending)) return; // another has taken its place
  const { upload } = sending;
  if (upload) {
    uploads.set(upload.id, upload);
    move(upload.id, sending);
  } else {
    part(sending);
  }
  draw(sending);
  sayDesk();
  next();
}

/** One line for a file: that of its upload, where there is one already. */
function move(id, sending) {
  const mine = lines.get(sending);
  const shown = lines.get(id) ?? mine ?? line(sending);
  if (mine !== shown) mine?.remove();
  lines.set(id, shown).set(sending, shown);
}

/** A line of its own for a file that is not, after all, what an upload was begun with. */
function part(sending) {
  const shown = lines.get(sending);
  const id = [...lines].find(([key, other]) => key !== sending && other === shown)?.[0];
  if (!id) return;
  lines.delete(sending);
  draw(id);
}

function line(key) {
  const made = make("li", { class: "upload" });
  const head = make("div", { class: "head" });
  const bar = make("progress", { max: 1, value: 0 });
  const said = make("p", { class: "said" });
  const kept = make("p", { class: "kept faint", hidden: true });
  const buttons = make("div", { class: "row" });
  made.append(head, bar, said, kept, buttons);
  made.parts = { head, bar, said, kept, buttons };
  lines.set(key, made);
  list.prepend(made);
  document.getElementById("none").hidden = true;
  return made;
}

/** Puts what is known into the line of a sending, or of an upload that is not sent here. */
function draw(key) {
  const sending = key instanceof Sending ? key : sendingOf(key);
  const upload = sending ? sending.upload : uploads.get(key);
  const shown = lines.get(sending ?? key) ?? line(sending ?? key);
  const { head, bar, said, kept, buttons } = shown.parts;
  const name = sending?.file.name ?? upload.name;
  const size = sending?.file.size ?? upload.size;
  const told = upload && upload.state !== "receiving" ? ended(upload, sending) : going(sending, upload);
  shown.className = `upload ${told.kind}`;
  head.replaceChildren(
    make("strong", { class: "name", title: name }, name),
    make("span", { class: "faint" }, bytes(size)),
    make("span", { class: `chip ${told.colour ?? ""}` }, told.title),
  );
  bar.hidden = told.part === undefined;
  bar.setAttribute("aria-label", _("Progress of {name}", { name }));
  if (told.part === null) bar.removeAttribute("value");
  else if (told.part !== undefined) bar.value = told.part;
  said.replaceChildren(...told.said.filter(Boolean));
  said.hidden = !said.childNodes.length;
  const known = told.forgotten ? [] : FIELDS.map((field) => (upload ?? sending.said)[field]).filter(Boolean);
  kept.textContent = _("Kept with it: {what}", { what: known.join(" · ") });
  kept.hidden = !known.length;
  offer(buttons, name, told.buttons ?? []);
}

/** Buttons that stay the same are left alone, so that the one in focus keeps it. */
function offer(buttons, name, wanted) {
  const same = [...buttons.children].map((one) => one.textContent).join() === wanted.map((one) => one[0]).join();
  if (!same) {
    buttons.replaceChildren(
      ...wanted.map(([text, action]) =>
        make("button", { type: "button", "aria-label": `${text}: ${name}`, onclick: () => act(action) }, text),
      ),
    );
  }
}

async function act(action) {
  try {
    await action();
  } catch (problem) {
    notice(problem.message, "bad");
  }
}

/** Goes on with a file; one that the server does not know yet, with what the form says now. */
function again(sending) {
  if (!sending.upload) sending.said = source();
  return sending.run();
}

/** Why a file was not taken: without its name, which stands above, and in the form's own words. */
function reason(text, name) {
  const bare = text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text;
  return FIELDS.reduce((told, field) => {
    const label = document.getElementById(field).labels[0].firstChild.textContent.trim();
    return told.replace(new RegExp(`(?<=[:;] )${field}(?=: )`), label);
  }, bare);
}

/** A file whose bytes are on their way. */
function going(sending, upload) {
  const size = sending?.file.size ?? upload.size;
  const offset = sending?.offset ?? upload.offset;
  const came = _("{some} of {all}", { some: bytes(offset), all: bytes(size) });
  const part = offset / size;
  const cancel = [_("Cancel"), () => withdraw(sending, upload)];
  switch (sending?.state) {
    case "queued":
      return { kind: "queued", title: _("waits its turn"), part, said: [], buttons: [cancel] };
    case "sending": {
      const { speed } = sending;
      const left = speed ? _("{speed} a second, {time} left", { speed: bytes(speed), time: clock((size - offset) / speed) }) : "";
      const title = sending.checking || offset === size ? _("being checked") : _("being sent");
      const said = sending.checking ? [] : [came, left ? ` · ${left}` : ""];
      return { kind: "sending", title, part, said, buttons: [[_("Pause"), () => sending.pause()], cancel] };
    }
    case "lost":
      return {
        kind: "lost", title: _("connection lost"), colour: "warn", part,
        said: [`${came}. `, _("It goes on by itself once the server answers.")],
        buttons: [[_("Pause"), () => sending.pause()], cancel],
      };
    case "waits":
      return {
        kind: "lost", title: _("waits"), colour: "warn", part,
        said: [reason(sending.message, sending.file.name)],
        buttons: [[_("Pause"), () => sending.pause()], cancel],
      };
    case "paused":
      return { kind: "paused", title: _("paused"), part, said: [came], buttons: [[_("Go on"), () => sending.run()], cancel] };
    case "stopped":
      return {
        kind: "wrong", title: _("not taken"), colour: "bad", part: upload ? part : undefined,
        said: [reason(sending.message, sending.file.name)], forgotten: !upload, buttons: [[_("Try again"), () => again(sending)], cancel],
      };
    default:
      return {
        kind: "paused", title: _("interrupted"), colour: "warn", part,
        said: offset ? [`${came}. `, _("Add the same file again to go on where it was.")] : [came], buttons: [cancel],
      };
  }
}

/** A file that has come, or was refused or cancelled. */
function ended(upload, sending) {
  const over = { forgotten: true, buttons: [[_("Dismiss"), () => dismiss(upload)]] };
  if (upload.state === "cancelled") {
    return { kind: "over", title: _("cancelled"), said: [localized(upload, "reason") ?? ""], ...over };
  }
  if (upload.state === "refused") {
    const why = reason(sending?.message || localized(upload, "reason"), upload.name);
    return { kind: "wrong", title: _("refused"), colour: "bad", said: [why], ...over };
  }
  const known = upload.duplicate
    ? make("span", { class: "warn" }, FIELDS.some((name) => upload[name]) ? _("The case has this file already. What you said of it stands on its page, beside what was said before.") : _("The case has this file already."), " ")
    : null;
  const look = make("a", { href: upload.page }, _("To the footage"));
  const { state, kind, seconds, found } = upload.analysis;
  if (state === "done") {
    const loss = lost(upload.analysis);
    const [line, colour] = loss?.most ? ["lost", "warn"] : ["done", "good"];
    return { kind: line, title: _("done"), colour, said: [known, ...counts(found, upload.analysis), loss?.said, look] };
  }
  const anew = [_("Look again"), async () => learn(await call("POST", `/api/v1/uploads/${upload.id}/analysis`))];
  if (state === "aside" && kind === "cancelled") {
    return { kind: "over", title: _("analysis cancelled"), said: [known, look], buttons: [anew] };
  }
  if (state === "aside") {
    const title = `${_("set aside")}: ${asides[kind] ?? kind}`;
    const why = make("span", {}, `${localized(upload.analysis, "reason")} `);
    return { kind: "wrong", title, colour: "bad", said: [known, why, look], buttons: [anew] };
  }
  const worker = desk.workers.find((one) => one.footage === upload.footage);
  const length = seconds ? _("{length} of footage", { length: clock(seconds) }) : "";
  const cancel = [_("Cancel"), () => withdraw(null, upload)];
  const buttons = upload.duplicate ? [] : [cancel];
  if (worker) {
    const time = _("for {time}", { time: clock(worker.seconds) });
    const stage = { sweeping: _("looking through"), "looking closer": _("looking closer"), checking: _("checked again") }[worker.stage];
    const said = [known, [length, stage, time].filter(Boolean).join(" · ")];
    return { kind: "working", title: _("being analysed"), part: worker.share, said, buttons };
  }
  return { kind: "waiting", title: _("waits to be analysed"), said: [known, length], buttons };
}

async function withdraw(sending, upload) {
  if (sending && sending.state !== "over") {
    await sending.cancel();
    if (!sending.upload) forget(sending);
  } else {
    learn(await call("DELETE", `/api/v1/uploads/${upload.id}`));
  }
  next();
}

/** What was refused or cancelled leaves the list, on the server too. */
async function dismiss(upload) {
  try {
    await call("DELETE", `/api/v1/uploads/${upload.id}`);
  } catch (problem) {
    if (problem.kind !== "not-found") throw problem;
  }
  forget(sendingOf(upload.id) ?? upload.id);
}

/** Takes away the line of a sending, of an upload by its id, or of a file not sent by its name. */
function forget(key) {
  lines.get(key)?.remove();
  if (key instanceof Sending) sendings.splice(sendings.indexOf(key), 1);
  for (const one of [key, key.upload?.id]) {
    lines.delete(one);
    uploads.delete(one);
  }
  document.getElementById("none").hidden = list.childElementCount > 0;
}

function learn(upload) {
  const sending = sendingOf(upload.id);
  if (sending && sending.state !== "over") return; // its own word is newer
  uploads.set(upload.id, upload);
  if (sending) sending.upload = upload;
  draw(upload.id);
  sayDesk();
}

async function refresh() {
  const { items } = await call("GET", "/api/v1/uploads?limit=100");
  for (const upload of items.reverse()) learn(upload);
}

function watch() {
  const source = new EventSource("/api/v1/events");
  source.addEventListener("open", () => refresh().catch(() => {}));
  source.addEventListener("upload", (event) => {
    const upload = JSON.parse(event.data);
    if (uploads.has(upload.id)) learn(upload);
  });
  source.addEventListener("desk", (event) => {
    desk = JSON.parse(event.data);
    sayDesk();
    for (const upload of uploads.values()) if (upload.analysis?.state === "waiting") draw(upload.id);
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(watchAgain, LISTEN_AGAIN_MS);
  });
}

/** A browser takes up a lost connection by itself, but none that was refused: by a proxy while the
 *  server starts anew, or for the end of a login, to which this call then leads. */
async function watchAgain() {
  try {
    await call("GET", "/api/v1/login");
  } catch (problem) {
    if (problem.kind !== "log-in") setTimeout(watchAgain, LISTEN_AGAIN_MS);
    return;
  }
  watch();
}

function sayDesk() {
  const unseen = [...uploads.values()].filter((one) => one.analysis?.state === "waiting");
  const waiting = new Set(unseen.map((one) => one.footage)).size; // what came twice is looked at once
  const busy = (now, others) => _("Clips being analysed: {now}; waiting: {waiting}.", { now, waiting: others });
  const says = {
    unheard: () => "",
    nobody: () => _("Nobody works on this case now."),
    trouble: () => localized(desk, "message"),
    waiting: () => localized(desk, "message"),
    working: () => busy(desk.workers.length, Math.max(0, desk.waiting - desk.workers.length)),
    // What has just come the desk may not have seen yet.
    idle: () => (waiting ? busy(0, waiting) : _("Nothing waits to be analysed.")),
  };
  const place = document.getElementById("desk");
  const text = says[desk.state]();
  if (place.textContent !== text) place.textContent = text;
  place.classList.toggle("bad", desk.state === "trouble");
}

const zone = document.getElementById("zone");
const picker = document.getElementById("files");
picker.addEventListener("change", () => {
  take([...picker.files]);
  picker.value = "";
});
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) zone.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  zone.classList.remove("over");
  const dropped = [...event.dataTransfer.items].filter((one) => one.kind === "file");
  const folders = dropped.map((one) => one.webkitGetAsEntry()).filter((one) => one?.isDirectory);
  for (const one of folders) turnAway(one, _("It is a folder: add the files that are in it."));
  take(dropped.filter((one) => !one.webkitGetAsEntry()?.isDirectory).map((one) => one.getAsFile()));
});
addEventListener("beforeunload", (event) => {
  if (sendings.some((one) => one.active || one.state === "queued")) event.preventDefault();
});
watch();
