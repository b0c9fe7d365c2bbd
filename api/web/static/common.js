// What every page uses: words, calls to the server, notices, the theme and the language.

const words = JSON.parse(document.getElementById("words").textContent);

/** The English text in the reader's language; `{name}` is filled in from `values`. */
export function _(text, values = {}) {
  const said = words[text] ?? text;
  return said.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** What the server says under `name` of `data`, in the reader's language as far as it can. */
export function localized(data, name) {
  return data?.[`${name}_text`] ?? data?.[name];
}

/** One text or the other, by the number it tells of; English alone tells them apart, for the other
 *  catalogues word a count after a colon. */
export function counted(number, one, many) {
  return (number === 1 ? one : many).replace("{number}", number);
}

const countries = new Intl.DisplayNames(document.documentElement.lang, { type: "region" });

/** A country by its name in the reader's language, as the pages have it; of a code of two letters. */
export function country(code) {
  return countries.of(code) ?? code;
}

/** A number in so many decimals, as the reader writes it. */
export function figure(number, places) {
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places, useGrouping: false };
  return new Intl.NumberFormat(document.documentElement.lang, digits).format(number);
}

/** A failed call; `kind` is the stable name of the problem, "offline" where nobody answered. */
export class Problem extends Error {
  constructor(kind, message, status) {
    super(message);
    this.kind = kind;
    this.status = status;
  }
}

/** Calls the server; gives what it answered, as plain data. Throws a Problem. Where the login has run out the
 *  page leaves for it, unless something was `typed` that would be lost: then that is said. */
export async function call(method, path, body = undefined, { typed = false, headers = {}, ...options } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      ...options,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("offline", _("The server does not answer."), 0);
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  const said = answer?.error ?? { kind: "error", message: response.statusText };
  if (said.kind === "log-in") {
    if (typed) throw new Problem(said.kind, _("You are logged out. Log in in another window, then send this again."), response.status);
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  throw new Problem(said.kind, localized(said, "message"), response.status);
}

/** Asks again, some times, for a frame that did not come: the server cuts few at once. */
function again(picture) {
  const tries = Number(picture.dataset.tries ?? 0);
  if (tries > 5 || !picture.src.includes("/frame?")) return;
  picture.dataset.tries = tries + 1;
  setTimeout(() => picture.setAttribute("src", picture.src), 1000 * (1 + Math.random()) * 2 ** tries);
}

document.addEventListener("error", ({ target }) => target instanceof HTMLImageElement && again(target), true);
for (const picture of document.images) if (picture.currentSrc && picture.complete && !picture.naturalWidth) again(picture);

/** Says something at the edge of the page for some seconds; `kind`: "", "good" or "bad". */
export function notice(text, kind = "") {
  const line = document.createElement("p");
  line.textContent = text;
  if (kind) line.className = kind;
  document.getElementById("notices").append(line);
  setTimeout(() => line.remove(), kind === "bad" ? 12000 : 5000);
}

/** An element: `make("a", {href: "/"}, "text", child)`; a property named `on...` listens. */
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Plain data that the page brought in `<script type="application/json" id="ID">`. */
export function brought(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

// Many a screen shows no bar below what is wider than itself: it is said that there is more.
const fitted = new ResizeObserver((seen) => {
  for (const { target } of seen) {
    const part = target.closest(".scroll");
    part.previousElementSibling.hidden = part.scrollWidth <= part.clientWidth + 1;
  }
});

function letScroll(within) {
  for (const part of within.querySelectorAll(".scroll")) {
    part.tabIndex = 0; // what scrolls by itself is reached by the keyboard too
    part.before(make("p", { class: "sideways faint", hidden: true }, "⇆ ", _("There is more to the side: scroll there.")));
    fitted.observe(part);
    if (part.firstElementChild) fitted.observe(part.firstElementChild);
  }
}

letScroll(document);

/** Shows a part of the page, named by its id, as the server tells it now; where it does not, that is said. */
export function renew(id) {
  return new Promise((resolve) => {
    const asked = new XMLHttpRequest(); // makes a page of the answer, where `fetch` gives but a text
    asked.responseType = "document";
    asked.onloadend = () => {
      const now = asked.response?.getElementById(id);
      if (now) {
        letScroll(now);
        document.getElementById(id).replaceWith(now);
      } else {
        notice(_("It is done, but the page shows what was before; load it anew."), "bad");
      }
      resolve();
    };
    asked.open("GET", location.pathname + location.search);
    asked.send();
  });
}

// On a narrow screen the pages' names stand in one line: the current one is brought into sight.
const here = document.querySelector(".top nav [aria-current]");
if (here) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - (here.parentElement.clientWidth - here.offsetWidth) / 2;

document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
});

document.getElementById("language").addEventListener("change", (event) => {
  document.cookie = `language=${event.target.value}; path=/; max-age=31536000; samesite=strict`;
  location.reload();
});

document.getElementById("leave")?.addEventListener("click", async () => {
  try {
    await call("DELETE", "/api/v1/login");
  } finally {
    location.assign("/login");
  }
});

// A page with keys of its own has a list of them; every other has its help.
const help = document.getElementById("help") ?? document.getElementById("about");
document.getElementById("open-help")?.addEventListener("click", () => help.showModal());
if (help?.id === "about") {
  document.addEventListener("keydown", (event) => {
    if (event.key === "?" && !event.target.closest("input, select, textarea, dialog")) help.showModal();
  });
}
