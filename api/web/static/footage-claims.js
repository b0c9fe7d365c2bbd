// What is claimed of where footage came from, put right.

import { _, call, notice, renew } from "./common.js";

/** clip: what the page brought. Forms are told from changes alone, so that nothing is put right twice. */
export function letCorrect(clip) {
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("#claims form");
    if (!form) return;
    event.preventDefault();
    const shown = (input) => input.defaultValue.replace(/[\r\n]/g, "").trim(); // as the browser shows it
    const changed = [...form.querySelectorAll("input")].filter((input) => input.value.trim() !== shown(input));
    if (!changed.length) {
      notice(_("Nothing was changed."));
      return;
    }
    const claims = Object.fromEntries(changed.map((input) => [input.name, input.value.trim() || null]));
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await call("PATCH", `/api/v1/footage/${clip.sha256}/claims`, { path: form.dataset.path, ...claims }, { typed: true });
      await renew("claims");
      notice(_("Put right."), "good");
    } catch (problem) {
      notice(problem.message, "bad");
    } finally {
      button.disabled = false;
    }
  });
}
