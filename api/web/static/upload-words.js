// Sizes, times and counts as the reader writes them.

import { _, make } from "./common.js";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
const language = document.documentElement.lang;

/** `48.2 MB`. */
export function bytes(number) {
  const step = number < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(number) / 3));
  // "6 byte" is no plural: bytes are written out, "6 bytes".
  const format = { style: "unit", unit: UNITS[step], unitDisplay: step ? "short" : "long", maximumFractionDigits: step > 1 ? 1 : 0 };
  return new Intl.NumberFormat(language, format).format(number / 1000 ** step);
}

/** `1:02:03`, `2:03`. */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Of an analysis, what could not be decoded: `said`, an element, and whether that is `most` of the
 *  footage; null where nothing was lost. */
export function lost({ frames_expected: all, frames_decoded: decoded }) {
  const number = all - decoded;
  if (!(number > 0)) return null;
  const most = 2 * number > all;
  const share = new Intl.NumberFormat(language, { style: "percent" }).format(Math.floor((100 * number) / all) / 100);
  const text = most
    ? _("{share} of its frames are lost: what was found says little.", { share })
    : _("frames lost: {number} of {all}", { number, all });
  return { most, said: make("span", { class: most ? "warn" : "chip warn" }, text) };
}

/** What was found, as elements. */
export function counts(found, { frames_decoded: some, frames_total: all } = {}) {
  if (!found.sightings) {
    const parts = [_("No machine was found.")];
    if (all > 1) parts.push(_("{some} of {all} frames were looked at.", { some, all }));
    return [make("span", { class: "faint" }, parts.join(" ")), " "];
  }
  const said = [
    _("machines: {number}", { number: found.machines ?? found.sightings }),
    _("builder named: {number}", { number: found.named }),
    _("unknown: {number}", { number: found.unknown }),
    found.concealed ? _("marks possibly concealed: {number}", { number: found.concealed }) : "",
  ];
  return said.filter(Boolean).map((text) => make("span", { class: "chip" }, text));
}
