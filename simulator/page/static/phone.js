// One phone: a person on a bot, with the chat of the two.

import { row } from "./bubbles.js";
import { Composer } from "./composer.js";
import { effectSign } from "./content.js";
import { make } from "./dom.js";
import { call } from "./live.js";
import { chatMenu } from "./menus.js";

const KEPT = 300;

export class Phone {
  /** `index` is 0 or 1; `setup` what the server told the page; `onUnread(index, count)` keeps the badge. */
  constructor(index, setup, onUnread) {
    this.index = index;
    this.setup = setup;
    this.onUnread = onUnread;
    this.unread = 0;
    this.queue = Promise.resolve();
    this.root = document.getElementById("phone").content.firstElementChild.cloneNode(true);
    this.root.querySelector(".person").id = `person-${index}`;
    this.root.setAttribute("aria-labelledby", `person-${index}`);
    this.root.dataset.phone = index;
    this.find = (selector) => this.root.querySelector(selector);
    this.log = this.find(".log");
    this.list = this.find(".messages");
    this.composer = new Composer(this);
    this.forget();
    this.find(".bot").addEventListener("change", (event) => this.use(Number(event.target.value)));
    this.find(".jump").addEventListener("click", () => this.toEnd());
    this.log.addEventListener("scroll", () => this.seen());
    // What is at the end stays in sight when the place for it shrinks or what is there grows.
    this.atEnd = true;
    const watch = new ResizeObserver(() => this.atEnd && this.toEnd(true));
    watch.observe(this.log);
    watch.observe(this.list);
    const options = this.find(".options");
    options.addEventListener("click", () => chatMenu(this, options));
  }

  get visible() {
    return this.root.offsetParent !== null;
  }

  get accent() {
    return getComputedStyle(this.root).getPropertyValue("--accent");
  }

  forget() {
    this.rows = new Map();
    this.chat = { started: false, blocked: false, keyboard: null, voices: true };
    this.unread = 0;
  }

  setPerson(person) {
    this.person = person;
    this.name = person.name;
    this.find(".person").textContent = person.name;
    this.find(".avatar").textContent = person.name.slice(0, 1);
    this.find(".bot").setAttribute("aria-label", `Bot of ${person.name}`);
    this.log.setAttribute("aria-label", `Chat of ${person.name}`);
    this.composer.input.setAttribute("aria-label", `Message from ${person.name}`);
  }

  setBots(bots) {
    this.bots = bots;
    const choose = this.find(".bot");
    const known = [...choose.options].map((option) => option.value).join();
    if (known !== bots.map((bot) => bot.id).join()) choose.replaceChildren(...bots.map((bot) => make("option", { value: bot.id }, bot.name)));
    if (this.bot) choose.value = this.bot;
  }

  botOf(id) {
    return this.bots.find((bot) => bot.id === id);
  }

  botName() {
    return this.botOf(this.bot)?.name ?? "Bot";
  }

  hasBot(username) {
    return this.bots.some((bot) => bot.username.toLowerCase() === username.toLowerCase());
  }

  /** Opens the chat with a bot, as it stands at the server. */
  async use(bot) {
    this.bot = bot;
    this.find(".bot").value = bot;
    localStorage.setItem(`duologue-bot-${this.index}`, bot);
    this.composer.reset();
    await this.load();
  }

  async load() {
    // What happens while the chat is being fetched is put on top of it.
    const meanwhile = (this.meanwhile = []);
    const chat = await call(`/page/chat?person=${this.person.id}&bot=${this.bot}`);
    if (this.meanwhile !== meanwhile) return;
    this.meanwhile = null;
    this.forget();
    this.list.replaceChildren();
    chat.messages.forEach((message) => this.place(message, false));
    this.setChat(chat);
    this.setActing(null);
    meanwhile.forEach((event) => this.hear(event));
    this.toEnd(true);
  }

  /** Shows for a few seconds, as Telegram does, that something is being written or sent. */
  setActing(action) {
    clearTimeout(this.acting);
    const bot = this.botOf(this.bot);
    const words = action ? (action === "typing" ? "somebody is typing…" : "somebody is sending something…") : null;
    this.find(".state").textContent = words ?? `${this.chat.blocked ? "has blocked" : "on"} @${bot?.username}`;
    if (action) this.acting = setTimeout(() => this.setActing(null), 5000);
  }

  setChat({ started, blocked, keyboard, voices }) {
    const turned = blocked !== this.chat.blocked;
    this.chat = { started, blocked, keyboard, voices };
    if (turned) this.setActing(null);
    this.composer.show(this.chat);
    this.list.querySelector(".welcome")?.remove();
    if (!this.rows.size) {
      const words = "An anonymous chat with a stranger. Start both phones before you search, and the two can meet.";
      this.list.append(make("li", { class: "welcome" }, make("b", {}, this.botName()), words));
    }
  }

  /** Something happened in one of this person's chats. */
  hear(event) {
    if (event.bot !== this.bot) return;
    if (this.meanwhile) return this.meanwhile.push(event);
    if (event.type === "action") return this.setActing(event.action);
    if (event.message && !event.message.out) this.setActing(null);
    if (event.message) this.place(event.message, true);
    this.setChat(event);
  }

  place(message, fresh) {
    const key = message.media_group_id ?? message.message_id;
    const known = this.rows.get(key);
    const others = (known?.messages ?? []).filter((one) => one.message_id !== message.message_id);
    const messages = [...others, ...(message.deleted ? [] : [message])].sort((a, b) => a.message_id - b.message_id);
    if (!messages.length) {
      known?.element.remove();
      this.rows.delete(key);
      return;
    }
    const element = row(messages, this);
    if (known) {
      const focused = known.element.contains(document.activeElement);
      known.element.replaceWith(element);
      if (focused) this.log.focus({ preventScroll: true });
    } else {
      this.list.append(element);
      if (fresh) element.classList.add("fresh");
      if (fresh && message.effect_id) this.celebrate(element, message.effect_id);
    }
    this.rows.set(key, { messages, element });
    const before = element.previousElementSibling;
    element.classList.toggle("turn", !before || before.classList.contains("out") !== element.classList.contains("out"));
    if (this.rows.size > KEPT) this.dropOldest();
    if (!fresh || known) return;
    if (this.atEnd || message.out) this.toEnd();
    else this.find(".jump").hidden = false;
    if (!message.out && !this.visible) this.onUnread(this.index, ++this.unread);
  }

  dropOldest() {
    const [key, oldest] = this.rows.entries().next().value;
    oldest.element.remove();
    this.rows.delete(key);
  }

  toEnd(atOnce = false) {
    this.atEnd = true;
    this.find(".jump").hidden = true;
    this.log.scrollTo({ top: this.log.scrollHeight, behavior: atOnce ? "instant" : "smooth" });
  }

  seen() {
    const below = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight;
    if (below < 60) this.atEnd = true;
    else if (this.log.scrollTop < this.scrolledTo) this.atEnd = false;
    this.scrolledTo = this.log.scrollTop;
    if (this.atEnd) this.find(".jump").hidden = true;
  }

  read() {
    this.unread = 0;
    this.onUnread(this.index, 0);
    this.toEnd(true);
  }

  rowOf(id) {
    return [...this.rows.values()].find(({ messages }) => messages.some((one) => one.message_id === id))?.element;
  }

  goTo(id) {
    this.rowOf(id)?.scrollIntoView({ block: "center", behavior: "smooth" });
  }

  /** Does something as this person, one thing after the other. Resolves to the answer, or null after showing the error. */
  act(deed, details = {}) {
    const body = { person: this.person.id, bot: this.bot, deed, ...details };
    const done = this.queue.then(() => call("/page/act", body)).catch((error) => this.toast(error.message));
    this.queue = done;
    return done;
  }

  async press(message, button, element) {
    element.setAttribute("aria-busy", "true");
    const body = { person: this.person.id, bot: this.bot, deed: "press", message: message.message_id, data: button.callback_data ?? button.text };
    try {
      const answer = await call("/page/act", body);
      if (answer.toast) this.toast(answer.toast, answer.alert);
    } catch (error) {
      this.toast(error.message);
    }
    element.removeAttribute("aria-busy");
  }

  /** Follows a link to another bot of the network. */
  async follow(username, payload) {
    const bot = this.bots.find((one) => one.username.toLowerCase() === username.toLowerCase());
    await this.use(bot.id);
    await this.act("open", { payload });
  }

  toast(words, stays = false) {
    const toast = this.find(".toast");
    toast.textContent = words;
    toast.hidden = false;
    clearTimeout(this.toasting);
    this.toasting = setTimeout(() => (toast.hidden = true), stays ? 7000 : 3500);
    return null;
  }

  /** What is marked of a message's text: `{ text, at }`, or null. */
  marked(message) {
    const body = this.rowOf(message.message_id)?.querySelector(".body");
    const selection = getSelection();
    const range = selection.rangeCount ? selection.getRangeAt(0) : null;
    if (!body || !range || range.collapsed || !body.contains(range.commonAncestorContainer)) return null;
    const before = document.createRange();
    before.setStart(body, 0);
    before.setEnd(range.startContainer, range.startOffset);
    return { text: range.toString(), at: before.toString().length };
  }

  /** Plays the effect of a message that has just come, over its bubble. */
  celebrate(element, effect) {
    const sign = effectSign(effect);
    const sparks = Array.from({ length: 7 }, (_, at) => make("span", { style: `--at:${at}` }, sign));
    const burst = make("span", { class: "burst", "aria-hidden": "true" }, ...sparks);
    element.querySelector(".bubble").append(burst);
    setTimeout(() => burst.remove(), 2500);
  }

  async renew() {
    const person = await call("/page/people", {});
    localStorage.setItem(`duologue-person-${this.index}`, person.id);
    this.setPerson(person);
    this.onRenewed?.();
    await this.load();
  }
}
