// Small helpers for building the page.

/** Makes an element: `make("p", { class: "x", onclick: f }, "text", child)`; null and false children are left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (tag === "button") element.type = "button";
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export const clock = (unix) => new Date(unix * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

export function size(bytes = 0) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

export const duration = (seconds = 0) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

/** Lets arrow keys, Home and End move the focus among the buttons of a menu or a list of tabs. */
export function arrows(container, selector = "button") {
  container.addEventListener("keydown", (event) => {
    const all = [...container.querySelectorAll(selector)];
    const at = all.indexOf(document.activeElement);
    const steps = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 };
    if (at < 0 || !(event.key in steps)) return;
    event.preventDefault();
    all[(steps[event.key] + all.length) % all.length].focus();
  });
}

let opened = null;

/** Opens a menu at `anchor`; it closes on a choice, a click elsewhere, Escape or scrolling. */
export function openMenu(anchor, content, accent) {
  closeMenu();
  const menu = make("div", { class: "menu", role: "menu", style: `--accent:${accent};--mark:${accent}` }, ...content);
  document.body.append(menu);
  const at = anchor.getBoundingClientRect();
  const wide = menu.offsetWidth;
  const tall = menu.offsetHeight;
  const frame = anchor.closest(".phone")?.getBoundingClientRect() ?? { left: 0, right: innerWidth };
  menu.style.left = `${Math.max(frame.left + 8, Math.min(at.left, frame.right - wide - 8))}px`;
  menu.style.top = `${at.bottom + tall + 8 < innerHeight ? at.bottom + 4 : Math.max(8, at.top - tall - 4)}px`;
  arrows(menu);
  anchor.setAttribute("aria-expanded", "true");
  opened = { menu, anchor };
  menu.querySelector("button")?.focus();
}

export function closeMenu() {
  if (!opened) return;
  const { menu, anchor } = opened;
  opened = null;
  if (menu.contains(document.activeElement)) anchor.focus();
  anchor.setAttribute("aria-expanded", "false");
  menu.remove();
}

addEventListener("pointerdown", (event) => opened && !opened.menu.contains(event.target) && closeMenu());
addEventListener("keydown", (event) => event.key === "Escape" && closeMenu());
addEventListener("resize", closeMenu);
