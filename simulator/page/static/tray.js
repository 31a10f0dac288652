// The tray under the text field: photos, stickers and everything else one can send.

import { arrows, make } from "./dom.js";
import { upload } from "./live.js";

export class Tray {
  constructor(phone, root, button) {
    this.phone = phone;
    this.root = root;
    this.button = button;
    this.chosen = [];
    button.addEventListener("click", () => (root.hidden ? this.open() : this.close()));
    root.addEventListener("keydown", (event) => event.key === "Escape" && (this.close(), button.focus()));
  }

  open() {
    if (!this.root.childElementCount) this.build();
    this.phone.composer.showKeyboard(false);
    this.root.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.phone.toEnd(true);
  }

  close() {
    this.root.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    if (this.chosen.length) this.choose([]);
  }

  build() {
    const { photos, stickers, things } = this.phone.setup;
    const id = (name) => `tray-${this.phone.index}-${name}`;
    this.photos = photos.map((name) => make("button", { class: "pick", "aria-pressed": "false", "aria-label": `Photo: ${name}`, onclick: () => this.toggle(name) }, make("img", { src: `/page/photo/${name}.png`, alt: "", loading: "lazy" })));
    const file = make("input", { type: "file", class: "unseen", multiple: true, onchange: () => this.sendFiles(file) });
    const panels = {
      Photos: make("div", { class: "grid photos" }, ...this.photos, make("label", { class: "upload" }, file, "Own file…")),
      Stickers: make("div", { class: "grid stickers" }, ...stickers.map(({ name, emoji }) => make("button", { class: "pick", "aria-label": `Sticker: ${name} ${emoji}`, onclick: () => this.send("sticker", { name }) }, make("img", { src: `/page/sticker/${name}.png`, alt: "", loading: "lazy" })))),
      More: make("div", { class: "grid things" }, ...things.map(({ name, sign, words }) => make("button", { class: "pick", onclick: () => this.send("thing", { name }) }, make("span", { "aria-hidden": "true" }, sign), words))),
    };
    const tabs = make("div", { class: "tabs", role: "tablist", "aria-label": "What to send" });
    const holders = Object.entries(panels).map(([name, content]) => make("div", { class: "panel", role: "tabpanel", id: id(name), "aria-label": name }, content));
    const show = (name) => {
      for (const tab of tabs.children) {
        tab.setAttribute("aria-selected", String(tab.textContent === name));
        tab.tabIndex = tab.textContent === name ? 0 : -1;
      }
      for (const holder of holders) holder.hidden = holder.id !== id(name);
      this.sending.hidden = name !== "Photos" || !this.chosen.length;
    };
    tabs.append(...Object.keys(panels).map((name) => make("button", { role: "tab", "aria-controls": id(name), onclick: () => show(name), onfocus: () => show(name) }, name)));
    arrows(tabs);
    this.words = make("span", { class: "words" });
    this.covered = make("input", { type: "checkbox" });
    this.hide = make("label", {}, this.covered, " Hide");
    this.sending = make("div", { class: "sending", hidden: true }, this.words, this.hide, make("button", { class: "filled", onclick: () => this.sendPhotos() }, "Send"));
    this.root.append(tabs, ...holders, this.sending);
    show("Photos");
  }

  toggle(name) {
    this.choose(this.chosen.includes(name) ? this.chosen.filter((one) => one !== name) : [...this.chosen, name]);
  }

  choose(names) {
    this.chosen = names;
    this.phone.setup.photos.forEach((name, index) => {
      this.photos[index].setAttribute("aria-pressed", String(names.includes(name)));
      this.photos[index].dataset.number = names.indexOf(name) + 1;
    });
    this.words.textContent = names.length > 1 ? `${names.length} photos, one album` : "Your text becomes the caption";
    this.sending.hidden = !names.length;
    this.hide.hidden = names.length > 1;
    if (names.length !== 1) this.covered.checked = false;
  }

  sendPhotos() {
    const names = this.chosen;
    const hidden = this.covered.checked;
    this.choose([]);
    return this.send("photos", { names, hidden, ...this.phone.composer.takeWords() });
  }

  send(deed, details) {
    this.close();
    this.phone.composer.input.focus();
    return this.phone.act(deed, { ...details, reply_to: this.phone.composer.takeReply() });
  }

  async sendFiles(input) {
    const files = [...input.files];
    input.value = "";
    this.close();
    for (const file of files) {
      try {
        await upload(this.phone.person.id, this.phone.bot, file);
      } catch (error) {
        this.phone.toast(error.message);
      }
    }
  }
}
