// The next items, loaded before they are needed, their pictures decoded.

import { call } from "./common.js";

const HELD = 8;
const LOW = 5;

/** An image that turns to its spare address where the first does not answer. */
export function load(picture) {
  const image = new Image();
  image.decoding = "async";
  image.alt = "";
  const ready = new Promise((resolve) => {
    image.onload = () => image.decode().then(() => resolve(true), () => resolve(true));
    image.onerror = () => {
      if (picture.spare && image.src.endsWith(picture.address)) image.src = picture.spare;
      else resolve(false);
    };
  });
  image.src = picture.address;
  return { image, ready };
}

/** Starts loading all pictures of a card. */
export function loadCard(card) {
  if (card.loaded) return card;
  const { frame, mark, enhanced } = card.pictures;
  card.loaded = {
    frame: load(frame),
    mark: mark && load(mark),
    enhanced: enhanced && load(enhanced),
    alike: card.alike.map((one) => load(one.picture)),
  };
  return card;
}

/** The queue as far as this screen has loaded it. */
export class Ahead {
  #cards = [];
  #filling = null;
  #dry = false;
  #besides;

  /** `besides` gives the keys of what is at hand elsewhere: on the screen, or judged and not sent. */
  constructor(besides) {
    this.#besides = besides;
  }

  get size() {
    return this.#cards.length;
  }

  /** The next card, if one is loaded; more are asked for in time. */
  take() {
    const card = this.#cards.shift() ?? null;
    // Not before the card is on the screen: what is nowhere at hand would be dealt again.
    if (this.#cards.length <= LOW && !this.#dry) queueMicrotask(() => this.fill().catch(() => {}));
    return card;
  }

  /** Puts a card back to the front. */
  back(card) {
    this.#cards.unshift(card);
  }

  /** Asks for more; gives how many came. Throws a Problem. */
  fill() {
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = null;
    });
    return this.#filling;
  }

  async #fill() {
    const query = new URLSearchParams({ n: String(HELD - Math.min(this.#cards.length, HELD - 1)) });
    for (const item of new Set([...this.#besides(), ...this.#cards.map((card) => card.item)])) query.append("held", item);
    const { items } = await call("GET", `/api/v1/review/next?${query}`);
    this.#dry = items.length === 0;
    this.#cards.push(...items.map(loadCard));
    return items.length;
  }
}
