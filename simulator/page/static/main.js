// Puts the page together: two people, two phones, the stream of what happens, the bots' figures.

import { arrows, make } from "./dom.js";
import { call, listen } from "./live.js";
import { Phone } from "./phone.js";

const setup = JSON.parse(document.getElementById("setup").textContent);
const phonesPlace = document.getElementById("phones");
const lamp = document.querySelector(".lamp");
const pulse = document.getElementById("pulse");
const tabs = document.querySelector(".switch");
const THEMES = ["auto", "light", "dark"];

const phones = [0, 1].map((index) => new Phone(index, setup, unread));
phonesPlace.append(...phones.map((phone) => phone.root));
let close = () => {};
let lost = false;

tabs.append(...phones.map((phone, index) => make("button", { role: "tab", onclick: () => choose(index) }, make("span"), make("span", { class: "badge", hidden: true }))));
arrows(tabs);
theme();
document.getElementById("go-on-open").addEventListener("click", () => document.getElementById("go-on").showModal());
document.getElementById("go-on").addEventListener("click", (event) => event.target === event.currentTarget && event.currentTarget.close());
begin();

async function begin() {
  try {
    const network = await call("/page/network");
    for (const phone of phones) {
      phone.setPerson(await personFor(phone.index));
      phone.setBots(network.bots);
      phone.onRenewed = open;
    }
    figures(network);
    choose(0);
    open();
    await Promise.all(phones.map((phone) => phone.use(botFor(phone.index, network.bots))));
  } catch (error) {
    live("off");
    pulse.textContent = error.message;
    setTimeout(begin, 2000);
  }
}

async function personFor(index) {
  const known = localStorage.getItem(`duologue-person-${index}`);
  const person = await call("/page/people", { id: known ? Number(known) : null });
  localStorage.setItem(`duologue-person-${index}`, person.id);
  return person;
}

function botFor(index, bots) {
  const known = Number(localStorage.getItem(`duologue-bot-${index}`));
  return bots.some((bot) => bot.id === known) ? known : (bots[index % Math.max(1, bots.length)]?.id ?? 0);
}

function open() {
  close();
  close = listen(phones.map((phone) => phone.person.id), hear, live);
  phones.forEach((phone, index) => (tabs.children[index].firstChild.textContent = phone.name));
}

function hear(event) {
  if (event.type === "network") return figures(event);
  phones.find((phone) => phone.person.id === event.person)?.hear(event);
}

function live(state) {
  lamp.dataset.live = state;
  if (state === "off") {
    lost = true;
    pulse.textContent = "Connection lost, trying again…";
  } else if (lost) {
    lost = false;
    begin();
  }
}

function figures({ bots, people }) {
  const chatting = make("span", { class: "wide" }, " online");
  pulse.replaceChildren(`${people} ${people === 1 ? "person" : "people"}`, chatting);
  phones.forEach((phone) => phone.setBots(bots));
  const list = document.getElementById("bots");
  while (list.children.length > bots.length) list.lastChild.remove();
  bots.forEach((bot, index) => card(list.children[index] ?? list.appendChild(emptyCard()), bot));
}

function emptyCard() {
  return make("li", { class: "bot-card" },
    make("div", { class: "bot-line" }, make("span", { class: "bot-name" }), make("span", { class: "bot-rate" }, make("b"), make("span"))),
    make("div", { class: "bar", "aria-hidden": "true" }, make("span")),
    make("div", { class: "bot-facts" }, make("span", { class: "bot-people" }), make("span", { class: "bot-breach" })));
}

function card(element, bot) {
  const find = (selector) => element.querySelector(selector);
  const share = Math.min(1, bot.rate / bot.cap);
  find(".bot-name").textContent = bot.name;
  element.title = `@${bot.username}`;
  find(".bot-rate b").textContent = bot.rate;
  find(".bot-rate span").textContent = ` / ${bot.cap}`;
  find(".bar span").style.width = `${share * 100}%`;
  find(".bar").dataset.full = share > 0.85 ? "much" : "";
  find(".bot-people").textContent = `${bot.people} ${bot.people === 1 ? "person" : "people"}`;
  find(".bot-breach").textContent = bot.breaches ? `${bot.breaches} ${bot.breaches === 1 ? "breach" : "breaches"}` : "no breach";
  find(".bot-breach").dataset.any = bot.breaches ? "yes" : "no";
}

function choose(index) {
  phones.forEach((phone, at) => {
    tabs.children[at].setAttribute("aria-selected", String(at === index));
    tabs.children[at].tabIndex = at === index ? 0 : -1;
    if (at === index) phone.root.dataset.chosen = "yes";
    else delete phone.root.dataset.chosen;
  });
  phones[index].read();
}

function unread(index, count) {
  const badge = tabs.children[index].lastChild;
  badge.hidden = !count;
  badge.textContent = count;
  badge.setAttribute("aria-label", `${count} unread`);
}

function theme() {
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const name = () => {
    const words = { auto: "automatic", light: "light", dark: "dark" }[root.dataset.theme];
    button.setAttribute("aria-label", `Colours: ${words}`);
    button.title = `Colours: ${words}`;
  };
  button.addEventListener("click", () => {
    root.dataset.theme = THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length];
    localStorage.setItem("duologue-theme", root.dataset.theme);
    name();
  });
  name();
}
