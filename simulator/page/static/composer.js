// Where one writes: text with formatting, replies and edits, the tray, the bot's own keyboard.

import { summary } from "./content.js";
import { arrows, make } from "./dom.js";
import { parse, toSource } from "./format.js";
import { Tray } from "./tray.js";

const STYLES = [
  ["B", "Bold", "**", "b"], ["I", "Italic", "__", "i"], ["U", "Underline", "--", "u"], ["S", "Strike through", "~~", "s"],
  ["</>", "Code", "`", "span"], ["▒", "Hidden text", "||", "span"], ["❝", "Quote", "> ", "span"], ["🔗", "Link", "[]", "span"],
];
const KEYS = { b: "**", i: "__", u: "--" };

export class Composer {
  constructor(phone) {
    this.phone = phone;
    this.form = phone.find(".composer");
    this.input = phone.find("textarea");
    this.about = phone.find(".about");
    this.format = phone.find(".format");
    this.keyboard = phone.find(".keyboard");
    this.keys = phone.find(".keys");
    this.tray = new Tray(phone, phone.find(".tray"), phone.find(".attach"));
    this.format.append(...STYLES.map(([sign, words, mark, tag]) => make("button", { "aria-label": words, title: words, onclick: () => this.wrap(mark) }, make(tag, {}, sign))));
    arrows(this.format);
    this.form.addEventListener("submit", (event) => (event.preventDefault(), this.send()));
    this.input.addEventListener("input", () => this.grow());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    phone.find(".about-close").addEventListener("click", () => this.leave());
    phone.find(".start").addEventListener("click", () => this.start());
    this.keys.addEventListener("click", () => this.showKeyboard(this.keyboard.hidden));
    this.reset();
  }

  reset() {
    this.replying = null;
    this.editing = null;
    this.about.hidden = true;
    this.input.value = "";
    this.tray?.close();
    this.shownKeyboard = null;
    this.grow();
  }

  grow() {
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight + 2}px`;
    this.format.hidden = !this.input.value.trim();
    this.phone.find(".send").disabled = !this.input.value.trim();
  }

  onKey(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape" && !this.about.hidden) {
      this.leave();
    } else if ((event.ctrlKey || event.metaKey) && event.key in KEYS) {
      event.preventDefault();
      this.wrap(KEYS[event.key]);
    }
  }

  /** Puts the marks of a style around what is selected, or around the place where one writes. */
  wrap(mark) {
    const { selectionStart: from, selectionEnd: to, value } = this.input;
    const words = value.slice(from, to);
    const made = { "> ": `> ${words.replaceAll("\n", "\n> ")}`, "[]": `[${words || "words"}](https://)` }[mark] ?? mark + words + mark;
    const caret = { "> ": made.length, "[]": made.length - 1 }[mark] ?? mark.length + words.length;
    this.input.setRangeText(made, from, to);
    this.input.focus();
    this.input.setSelectionRange(from + caret, from + caret);
    this.grow();
  }

  async send() {
    const { text, entities } = parse(this.input.value.trim());
    if (!text.trim()) return;
    const deed = this.editing ? "edit" : "say";
    const details = { text, entities, message: this.editing?.message_id, reply_to: this.replying?.message_id };
    const source = this.input.value;
    this.input.value = "";
    this.leave(false);
    this.grow();
    if ((await this.phone.act(deed, details)) === null && !this.input.value) {
      this.input.value = source;
      this.grow();
    }
  }

  start() {
    return this.phone.act(this.phone.chat.blocked ? "unblock" : "open");
  }

  replyTo(message) {
    this.editing = null;
    this.replying = message;
    this.tell("Reply", summary(message));
  }

  edit(message) {
    this.replying = null;
    this.editing = message;
    this.input.value = toSource(message.text ?? message.caption, message.entities ?? message.caption_entities);
    this.tell("Edit", summary(message));
    this.grow();
  }

  tell(head, words) {
    this.about.querySelector(".about-text").replaceChildren(make("b", {}, head), make("span", {}, words));
    this.about.hidden = false;
    this.input.focus();
  }

  leave(focus = true) {
    if (this.editing && focus) this.input.value = "";
    this.replying = null;
    this.editing = null;
    this.about.hidden = true;
    this.grow();
    if (focus) this.input.focus();
  }

  /** Takes the reply that is being written, for something else than a text. */
  takeReply() {
    const to = this.replying?.message_id;
    if (to) this.leave(false);
    return to;
  }

  /** Takes what is written, as the caption of something else. */
  takeWords() {
    if (this.editing || !this.input.value.trim()) return {};
    const words = parse(this.input.value.trim());
    this.input.value = "";
    this.grow();
    return words;
  }

  show({ started, blocked, keyboard }) {
    const open = started && !blocked;
    const start = this.phone.find(".start");
    const pressed = document.activeElement === start;
    start.hidden = open;
    start.textContent = blocked ? "Unblock" : "Start";
    this.phone.find(".line").hidden = !open;
    if (open && pressed) this.input.focus();
    if (!open) {
      this.tray.close();
      this.format.hidden = true;
    }
    const known = JSON.stringify(keyboard);
    if (known === this.shownKeyboard) return;
    this.shownKeyboard = known;
    const rows = keyboard?.keyboard ?? [];
    this.keyboard.replaceChildren(...rows.map((buttons) => make("div", { class: "keyboard-row" }, ...buttons.map((button) => {
      const text = button.text ?? button;
      return make("button", { onclick: () => this.phone.act("key", { text }) }, text);
    }))));
    this.keys.hidden = !rows.length;
    this.input.placeholder = keyboard?.input_field_placeholder ?? "Message";
    this.showKeyboard(rows.length > 0 && open);
  }

  showKeyboard(shown) {
    this.keyboard.hidden = !shown;
    this.keys.setAttribute("aria-expanded", String(shown));
    if (shown) this.tray.close();
  }
}
