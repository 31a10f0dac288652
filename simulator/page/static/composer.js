// Where one writes: text with formatting, replies and edits, the tray, the bot's own keyboard.

import { About } from "./about.js";
import { effectSign } from "./content.js";
import { arrows, make } from "./dom.js";
import { parse, toSource } from "./format.js";
import { manner } from "./menus.js";
import { Tray } from "./tray.js";

const STYLES = [
  ["B", "Bold", "**", "b"], ["I", "Italic", "__", "i"], ["U", "Underline", "--", "u"], ["S", "Strike through", "~~", "s"],
  ["</>", "Code", "`", "span"], ["▒", "Hidden text", "||", "span"], ["❝", "Quote", "> ", "span"], ["🔗", "Link", "[]", "span"],
];
const PLAIN = { effect: "", guarded: false };
const KEYS = { b: "**", i: "__", u: "--" };

export class Composer {
  constructor(phone) {
    this.phone = phone;
    this.form = phone.find(".composer");
    this.input = phone.find(".input");
    this.about = new About(phone, () => this.leave());
    this.how = phone.find(".how");
    this.format = phone.find(".format");
    this.keyboard = phone.find(".keyboard");
    this.keys = phone.find(".keys");
    this.tray = new Tray(phone, phone.find(".tray"), phone.find(".attach"));
    this.format.append(...STYLES.map(([sign, words, mark, tag]) => make("button", { "aria-label": words, title: words, onclick: () => this.wrap(mark) }, make(tag, {}, sign))));
    arrows(this.format);
    this.form.addEventListener("submit", (event) => (event.preventDefault(), this.send()));
    this.input.addEventListener("input", () => this.grow());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.how.addEventListener("click", () => manner(phone, this.how, this.manner, (chosen) => this.setManner(chosen)));
    phone.find(".start").addEventListener("click", () => this.start());
    this.keys.addEventListener("click", () => this.showKeyboard(this.keyboard.hidden));
    this.reset();
  }

  reset() {
    this.about.clear();
    this.setManner(PLAIN);
    this.input.value = "";
    this.tray.close();
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
    } else if (event.key === "Escape" && this.about.open) {
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
    if (this.about.replacing || this.tray.chosen.length) return this.tray.sendPhotos();
    const { text, entities } = parse(this.input.value.trim());
    if (!text.trim()) return;
    const edited = this.about.editing;
    const deed = edited ? "edit" : "say";
    const details = edited ? { message: edited.message_id } : this.takeManner();
    const source = this.input.value;
    this.input.value = "";
    this.leave(false);
    this.grow();
    if ((await this.phone.act(deed, { text, entities, ...details })) === null && !this.input.value) {
      this.input.value = source;
      this.grow();
    }
  }

  start() {
    return this.phone.act(this.phone.chat.blocked ? "unblock" : "open");
  }

  /** `quote` is the part of it that is marked, if any. */
  replyTo(message, quote = null) {
    this.about.replyTo(message, quote);
    this.input.focus();
  }

  edit(message) {
    this.about.edit(message);
    this.fill(message);
  }

  replace(message) {
    this.about.replace(message);
    this.fill(message);
    this.tray.open("Photos");
  }

  fill(message) {
    this.input.value = toSource(message.text ?? message.caption ?? "", message.entities ?? message.caption_entities);
    this.grow();
    this.input.focus();
  }

  leave(focus = true) {
    if ((this.about.editing || this.about.replacing) && focus) this.input.value = "";
    this.about.clear();
    this.grow();
    if (focus) this.input.focus();
  }

  setManner(chosen) {
    this.manner = chosen;
    const words = [chosen.effect && `effect ${effectSign(chosen.effect)}`, chosen.guarded && "protected 🔒"].filter(Boolean).join(", ");
    this.phone.find(".how-words").textContent = words && `The next message: ${words}`;
    this.phone.find(".how-words").hidden = !words;
    this.how.dataset.any = words ? "yes" : "no";
  }

  /** Takes what the next message answers and how it is sent: fields for any deed that sends something. */
  takeManner() {
    const { effect, guarded } = this.manner;
    const fields = { ...this.about.fields(), effect, protected: guarded };
    this.setManner(PLAIN);
    if (this.about.replying) this.leave(false);
    return fields;
  }

  /** Takes what is written, as the caption of something else. */
  takeWords() {
    if (this.about.editing || !this.input.value.trim()) return {};
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
