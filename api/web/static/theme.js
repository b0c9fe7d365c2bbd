// Loaded before anything is drawn, so that a page never flashes in the wrong colours.
const chosen = localStorage.getItem("theme");
if (chosen) document.documentElement.dataset.theme = chosen;
