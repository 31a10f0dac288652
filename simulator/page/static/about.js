// The bar above the text field: what is answered, perhaps with a quote, or edited, or replaced.

import { summary } from "./content.js";
import { make } from "./dom.js";

export class About {
  /** `onLeave` is called when the person does not want it any more. */
  constructor(phone, onLeave) {
    this.bar = phone.find(".about");
    this.words = phone.find(".about-text");
    this.part = phone.find(".about-part");
    this.pick = phone.find(".about-pick");
    this.whole = this.pick.querySelector("textarea");
    phone.find(".about-close").addEventListener("click", onLeave);
    this.part.addEventListener("click", () => this.showPick(this.pick.hidden));
    this.whole.addEventListener("keydown", (event) => event.key === "Escape" ? onLeave() : event.key === "Enter" && phone.composer.input.focus());
    // Not `readonly`: that would take the caret away, with which the keyboard marks.
    this.whole.addEventListener("beforeinput", (event) => event.preventDefault());
    for (const event of ["select", "keyup", "pointerup"]) this.whole.addEventListener(event, () => this.mark());
    this.clear();
  }

  get open() {
    return !this.bar.hidden;
  }

  clear() {
    this.replying = null;
    this.editing = null;
    this.replacing = null;
    this.quote = null;
    this.bar.hidden = true;
    this.showPick(false);
  }

  /** `quote` is a part that is marked already: `{ text, at }`, or null. */
  replyTo(message, quote) {
    this.clear();
    this.replying = message;
    this.quote = quote;
    this.whole.value = message.text ?? message.caption ?? "";
    this.part.hidden = !this.whole.value;
    this.tell();
  }

  edit(message) {
    this.clear();
    this.editing = message;
    this.say("Edit", summary(message));
  }

  replace(message) {
    this.clear();
    this.replacing = message;
    this.say("Replace the picture", "Choose another one below");
  }

  /** The fields of what is sent as an answer. */
  fields() {
    if (!this.replying) return {};
    return { reply_to: this.replying.message_id, quote: this.quote?.text ?? "", quote_at: this.quote?.at ?? 0 };
  }

  mark() {
    const { selectionStart: at, selectionEnd: end, value } = this.whole;
    const text = value.slice(at, end);
    this.quote = text.trim() ? { text, at } : null;
    this.tell();
  }

  tell() {
    if (this.quote) this.say("Reply with a quote", `“${this.quote.text}”`);
    else this.say("Reply", summary(this.replying));
  }

  say(head, words) {
    this.words.replaceChildren(make("b", {}, head), make("span", {}, words));
    this.part.hidden = !this.replying || !this.whole.value;
    this.bar.hidden = false;
  }

  showPick(shown) {
    this.pick.hidden = !shown;
    this.part.setAttribute("aria-expanded", String(shown));
    if (shown) this.whole.focus();
  }
}
