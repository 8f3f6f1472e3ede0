// The map's pointer, the choice of light or dark, and what happens around printing.
for (const figure of document.querySelectorAll("[data-widget=map]")) {
  const say = report.readout(figure.querySelector(".readout"));
  const section = report.sectionOf(figure), prefix = section.id.slice(0, section.id.indexOf("-"));
  for (const link of figure.querySelectorAll(".link")) {
    link.addEventListener("pointerenter", () => say(link.querySelector("title").textContent));
    link.addEventListener("click", () => {
      if (report.noise[prefix]?.(Number(link.dataset.link))) {
        const target = document.querySelector(`#${prefix}-noise .widget`);
        target.scrollIntoView({block: "start"});
        target.querySelector(".pick").focus({preventScroll: true});
      }
    });
  }
  figure.querySelector(".map").addEventListener("pointerleave", () => say(""));
}

const theme = document.querySelector(".theme"), root = document.documentElement;
const isDark = () => root.dataset.theme
  ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
const name = () => { theme.textContent = isDark() ? "Light colours" : "Dark colours"; };
theme.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  name();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
theme.hidden = false;
name();

// A closed chapter would be missing on paper.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details.chapter:not([open])")];
  for (const one of opened) one.open = true;
});
addEventListener("afterprint", () => { for (const one of opened) one.open = false; });

// A link into a closed chapter opens it.
function reveal() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const chapter = target && target.closest("details.chapter");
  if (chapter && !chapter.open) {
    chapter.open = true;
    target.scrollIntoView();
  }
}
addEventListener("hashchange", reveal);
reveal();
document.documentElement.dataset.ready = Math.round(performance.now());
