// Choosing a builder by a few letters of its name.

import { _, call, country, make, notice } from "./common.js";

const SOON = 70; // milliseconds after the last letter

export class BuilderChoice {
  #dialog = document.getElementById("builders");
  #input = document.getElementById("builder-word");
  #list = document.getElementById("builder-list");
  #none = document.getElementById("builder-none");
  #found = [];
  #leads = [];
  #at = 0;
  #timer = null;
  #asked = 0;
  #shown = "";
  #chosen = null;

  constructor() {
    this.#input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#search(), SOON);
    });
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    // It is told of a moment later: by then the dialog may be open again.
    this.#dialog.addEventListener("close", () => this.#dialog.open || this.#settle());
  }

  get open() {
    return this.#dialog.open;
  }

  /** Asks for a builder; gives {id, name, origin}, or null where nobody was chosen. `leads` are listed first. */
  ask(leads = []) {
    this.#settle();
    this.#leads = leads;
    this.#input.value = "";
    this.#shown = "";
    this.#show(leads);
    this.#dialog.showModal();
    this.#input.focus();
    return new Promise((resolve) => {
      this.#chosen = { resolve };
    });
  }

  async #search() {
    const word = this.#input.value.trim();
    const asked = (this.#asked += 1);
    if (!word) {
      this.#shown = word;
      return this.#show(this.#leads);
    }
    try {
      const { items } = await call("GET", `/api/v1/builders?q=${encodeURIComponent(word)}`);
      if (asked !== this.#asked) return;
      this.#shown = word;
      this.#show(items.filter((one) => one.type !== "control").slice(0, 8));
    } catch (problem) {
      notice(problem.message, "bad");
    }
  }

  #show(found) {
    this.#found = found;
    this.#at = 0;
    this.#list.replaceChildren(
      ...found.map((one, index) =>
        make(
          "li",
          { role: "option", id: `builder-${index}`, "aria-selected": String(index === 0), onclick: () => this.#take(index) },
          make("b", {}, one.name),
          " ",
          make("span", { class: "faint" }, [one.origin ? country(one.origin) : "", ...(one.type === "rebadger" ? [_("a seller's badge")] : [])].join(" · ")),
        ),
      ),
    );
    this.#none.textContent = this.#shown && !found.length ? _("No builder of that name in the registry.") : "";
    this.#input.setAttribute("aria-expanded", String(found.length > 0));
    this.#point();
  }

  #point() {
    [...this.#list.children].forEach((one, index) => one.setAttribute("aria-selected", String(index === this.#at)));
    if (this.#found.length) this.#input.setAttribute("aria-activedescendant", `builder-${this.#at}`);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  async #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.#found.length) {
      event.preventDefault();
      this.#at = (this.#at + step + this.#found.length) % this.#found.length;
      this.#point();
    } else if (event.key === "Escape") {
      event.preventDefault(); // which would only empty a field for searching
      this.#leave();
    } else if (event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      clearTimeout(this.#timer);
      if (this.#shown === this.#input.value.trim()) return this.#take(this.#at);
      // What is listed is not yet for these letters: only what is beyond doubt is taken unseen.
      await this.#search();
      const word = this.#shown.toLowerCase();
      const exact = this.#found.findIndex((one) => [one.id, one.name.toLowerCase()].includes(word));
      if (exact >= 0) this.#take(exact);
      else if (this.#found.length === 1) this.#take(0);
    }
  }

  #take(index) {
    if (!this.#found[index] || !this.#chosen) return;
    this.#chosen.builder = this.#found[index];
    this.#leave();
  }

  /** Gives what was chosen to who asked last. */
  #settle() {
    clearTimeout(this.#timer);
    const done = this.#chosen;
    this.#chosen = null;
    done?.resolve(done.builder ?? null);
  }

  /** Closes. A field that is hidden keeps the keys until the page is drawn anew: the next one pressed would be lost. */
  #leave() {
    this.#input.blur();
    this.#dialog.close();
  }
}
