// The page on learning: commands are copied with one press.

import { _, notice } from "./common.js";

for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    const command = document.getElementById(button.dataset.of);
    try {
      await navigator.clipboard.writeText(command.textContent);
      notice(_("Copied."), "good");
    } catch {
      // Browsers let pages of other machines copy only over HTTPS: the text is marked instead.
      getSelection().selectAllChildren(command);
      notice(_("Marked; copy it with Ctrl+C."));
    }
  });
}
