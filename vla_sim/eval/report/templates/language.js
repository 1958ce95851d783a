"use strict";
// Texts of the page stand there in both languages; what scripts write is looked up.
const words = JSON.parse(document.getElementById("words-data").textContent);
const root = document.documentElement;
const listeners = [];
const spoken = () => root.dataset.language;
const say = (text) => (spoken() === "zh" && Object.hasOwn(words, text) ? words[text] : text);
function speak(language) {
  root.dataset.language = language;
  root.lang = language === "zh" ? "zh-Hans" : "en";
  for (const button of document.querySelectorAll(".languages button")) {
    button.setAttribute("aria-pressed", String(button.dataset.to === language));
  }
  for (const listener of listeners) listener();
}
for (const button of document.querySelectorAll(".languages button")) {
  button.addEventListener("click", () => speak(button.dataset.to));
}
const asked = new URLSearchParams(location.search).get("lang") || navigator.language || "en";
speak(asked.startsWith("zh") ? "zh" : "en");
