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

  /** Opens it, where a tab is named on that. */
  open(tab) {
    if (!this.root.childElementCount) this.build();
    if (tab) this.show(tab);
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
    const { photos, films, stickers } = this.phone.setup;
    const id = (name) => `tray-${this.phone.index}-${name}`;
    this.pictures = [...photos, ...films.map((name) => `film:${name}`)];
    this.photos = this.pictures.map((name) => this.tile(name));
    const file = make("input", { type: "file", class: "unseen", multiple: true, onchange: () => this.sendFiles(file) });
    const panels = {
      Photos: make("div", { class: "grid photos" }, ...this.photos, make("label", { class: "upload" }, file, "Own files…")),
      Stickers: make("div", { class: "grid stickers" }, ...stickers.map(({ name, emoji }) => make("button", { class: "pick", "aria-label": `Sticker: ${name} ${emoji}`, onclick: () => this.send("sticker", { name }) }, make("img", { src: `/page/sticker/${name}.png`, alt: "", loading: "lazy" })))),
      More: make("div", { class: "things" }, ...this.things()),
    };
    const tabs = make("div", { class: "tabs", role: "tablist", "aria-label": "What to send" });
    const holders = Object.entries(panels).map(([name, content]) => make("div", { class: "panel", role: "tabpanel", id: id(name), "aria-label": name }, content));
    this.show = (name) => {
      for (const tab of tabs.children) {
        tab.setAttribute("aria-selected", String(tab.textContent === name));
        tab.tabIndex = tab.textContent === name ? 0 : -1;
      }
      for (const holder of holders) holder.hidden = holder.id !== id(name);
      this.sending.hidden = name !== "Photos" || !this.chosen.length;
    };
    tabs.append(...Object.keys(panels).map((name) => make("button", { role: "tab", "aria-controls": id(name), onclick: () => this.show(name), onfocus: () => this.show(name) }, name)));
    arrows(tabs);
    this.words = make("span", { class: "words" });
    this.covered = make("input", { type: "checkbox" });
    this.above = make("input", { type: "checkbox" });
    this.hide = make("label", {}, this.covered, " Hide");
    this.sending = make("div", { class: "sending", hidden: true }, this.words, this.hide, make("label", {}, this.above, " Text above"), make("button", { class: "filled", onclick: () => this.sendPhotos() }, "Send"));
    this.root.append(tabs, ...holders, this.sending);
    this.show("Photos");
  }

  /** A photo, or a film by its still picture. */
  tile(name) {
    const still = name.replace("film:", "");
    const words = still === name ? `Photo: ${still}` : `Film: ${still}`;
    return make("button", { class: still === name ? "pick" : "pick a-film", "aria-pressed": "false", "aria-label": words, onclick: () => this.toggle(name) },
      make("img", { src: `/page/photo/${still}.png`, alt: "", loading: "lazy" }));
  }

  /** Everything else, under its headings. */
  things() {
    const groups = Map.groupBy(this.phone.setup.things, (thing) => thing.group);
    return [...groups].map(([group, things]) => make("section", { "aria-label": group }, make("h3", {}, group),
      make("div", { class: "grid" }, ...things.map(({ name, sign, words }) => make("button", { class: "pick", "data-thing": name, onclick: () => this.send("thing", { name }) }, make("span", { "aria-hidden": "true" }, sign), words)))));
  }

  toggle(name) {
    const others = this.phone.composer.about.replacing ? [] : this.chosen;
    this.choose(this.chosen.includes(name) ? this.chosen.filter((one) => one !== name) : [...others, name]);
  }

  choose(names) {
    this.chosen = names;
    this.pictures.forEach((name, index) => {
      this.photos[index].setAttribute("aria-pressed", String(names.includes(name)));
      this.photos[index].dataset.number = names.indexOf(name) + 1;
    });
    this.words.textContent = names.length > 1 ? `${names.length} in one album` : "Your text is the caption";
    this.sending.hidden = !names.length;
    if (!names.length) this.covered.checked = this.above.checked = false;
  }

  sendPhotos() {
    const names = this.chosen;
    const { composer } = this.phone;
    if (!names.length) return this.phone.toast("Choose a picture first");
    const details = { hidden: this.covered.checked, above: this.above.checked };
    this.choose([]);
    const words = composer.takeWords();
    const replaced = composer.about.replacing;
    if (!replaced) return this.send("photos", { names, ...details, ...words });
    composer.leave();
    this.close();
    return this.phone.act("replace", { message: replaced.message_id, name: names[0], ...words });
  }

  send(deed, details) {
    this.close();
    this.phone.composer.input.focus();
    return this.phone.act(deed, { ...details, ...this.phone.composer.takeManner() });
  }

  /** Uploads them all, then sends them, as one album where there are several. */
  async sendFiles(input) {
    const files = [...input.files];
    input.value = "";
    try {
      const names = [];
      for (const file of files) names.push((await upload(file)).file);
      if (names.length) await this.send("files", { names, ...this.phone.composer.takeWords() });
    } catch (error) {
      this.phone.toast(error.message);
    }
  }
}
