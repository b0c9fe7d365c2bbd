// Loaded before anything is drawn, so that a page never flashes in the wrong colours.
const chosen = localStorage.getItem("theme");
if (chosen) document.documentElement.dataset.theme = chosen;

// Chromium keeps the boxes that it drew while the face for Han was on its way until text is to be
// shaped otherwise. Kerning looks the same asked for by name.
document.fonts.addEventListener("loadingdone", () => {
  document.body.style.fontFeatureSettings = '"kern" 1';
});
