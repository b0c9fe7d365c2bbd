// Verdicts on their way to the server: in order, again and again while it is away.

import { Problem, _, call } from "./common.js";

const UNSENT = "unsent:";
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15000;

/** Whether a call may go well later: nobody answered, too many, or trouble at the server. */
function passing(problem) {
  return problem.status === 0 || problem.status === 408 || problem.status === 429 || problem.status >= 500;
}

/** Names of others for whom something waits in this tab, with how much: they logged in here before. */
export function unsentOfOthers(author) {
  return Object.keys(sessionStorage)
    .filter((key) => key.startsWith(UNSENT) && key !== `${UNSENT}${author}`)
    .map((key) => [key.slice(UNSENT.length), JSON.parse(sessionStorage.getItem(key)).length])
    .filter(([, number]) => number > 0);
}

/**
 * Of one author, whoever is logged in when it is sent: the server takes what an author gave from no
 * other. Entries: {id, item, kind: "verdict" | "doubt" | "skip" | "undo", body, of, number}; `number` is
 * that of the verdict in the log, once the server has told it. What is not sent yet outlives a
 * reload, and a login, of this tab.
 */
export class Outbox {
  #key;
  #queue;
  #running = false;
  #wake = null;
  #author;
  #changed;
  #failed;
  #stopped;

  constructor(author, { changed, failed, stopped }) {
    this.#author = author;
    this.#key = `${UNSENT}${author}`;
    this.#queue = JSON.parse(sessionStorage.getItem(this.#key) ?? "[]");
    this.#changed = changed;
    this.#failed = failed;
    this.#stopped = stopped;
    addEventListener("beforeunload", (event) => {
      if (this.size) event.preventDefault();
    });
    addEventListener("online", () => this.#wake?.());
  }

  get size() {
    return this.#queue.length;
  }

  /** The keys of the items it is about. */
  get items() {
    return this.#queue.map((one) => one.item);
  }

  add(entry) {
    // `crypto.randomUUID` is not there where a page comes over plain HTTP from another machine.
    const whole = { id: crypto.getRandomValues(new Uint32Array(4)).join("-"), ...entry };
    this.#queue.push(whole);
    this.#keep();
    this.run();
    return whole;
  }

  /** Takes an entry back: out of the queue, or by a call to undo it where it was sent. */
  undo(entry) {
    const at = this.#queue.findIndex((one) => one.id === entry.id);
    if (at > 0 || (at === 0 && !this.#running)) {
      this.#queue.splice(at, 1);
      this.#keep();
    } else if (entry.kind !== "skip") {
      this.add({ kind: "undo", item: entry.item, of: entry.id, number: entry.number });
    }
  }

  /** Sends what waits; ends when nothing does. */
  async run() {
    if (this.#running) return;
    this.#running = true;
    let wait = FIRST_WAIT;
    while (this.#queue.length) {
      const entry = this.#queue[0];
      try {
        await this.#send(entry);
        wait = FIRST_WAIT;
      } catch (problem) {
        if (problem.kind === "log-in") break;
        if (problem.kind === "another-person") {
          this.#stopped(problem);
          break;
        }
        if (passing(problem)) {
          this.#changed(this.size, true);
          await this.#pause(wait);
          wait = Math.min(2 * wait, LONGEST_WAIT);
          continue;
        }
        this.#failed(entry, problem);
      }
      this.#queue.shift();
      this.#keep();
    }
    this.#running = false;
  }

  async #send(entry) {
    const item = encodeURIComponent(entry.item);
    const by = { headers: { "Nameplate-Author": encodeURIComponent(this.#author) } };
    if (entry.kind === "verdict" || entry.kind === "doubt") {
      const path = entry.kind === "verdict" ? "/api/v1/verdicts" : `/api/v1/review/items/${item}/doubt`;
      const { verdict } = await call("POST", path, entry.body, by);
      entry.number = verdict.number;
      // An undo that waits is kept with it: after a reload nobody else knows the number.
      for (const one of this.#queue) if (one.of === entry.id) one.number = verdict.number;
    } else if (entry.kind === "skip") {
      await call("POST", `/api/v1/review/items/${item}/skip`, undefined, by);
    } else if (entry.number) {
      await call("DELETE", `/api/v1/verdicts/${entry.number}`, undefined, by);
    } else {
      throw new Problem("not-taken", _("the server never said that it took it"), 409);
    }
  }

  #pause(wait) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #keep() {
    sessionStorage.setItem(this.#key, JSON.stringify(this.#queue));
    this.#changed(this.size, false);
  }
}
