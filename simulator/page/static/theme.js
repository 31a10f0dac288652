// Before anything is drawn: the colours that were chosen last.
document.documentElement.dataset.theme = localStorage.getItem("duologue-theme") || "auto";
