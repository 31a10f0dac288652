// The menus of a message, of a chat, and of how the next message is sent.

import { EFFECTS, isPicture } from "./content.js";
import { closeMenu, make, openMenu } from "./dom.js";

const FACES = ["❤", "👍", "😁", "🔥", "😢", "🎉"];

const item = (words, action, kind) => make("button", { role: "menuitem", class: kind, onclick: () => (closeMenu(), action()) }, words);

/** What can be done to one of `messages` (an album has several), `message` to begin with. */
export function messageMenu(phone, messages, message, anchor) {
  const id = message.message_id;
  const act = (deed) => phone.act(deed, { message: id });
  const words = message.text ?? message.caption;
  const free = !message.has_protected_content;
  const quote = phone.marked(message);
  const live = message.out && message.location?.live_period;
  openMenu(anchor, [
    faces(phone, message),
    messages.length > 1 && choice(phone, messages, message, anchor),
    item(quote ? "Reply with what is marked" : "Reply", () => phone.composer.replyTo(message, quote)),
    message.out && words !== undefined && item("Edit", () => phone.composer.edit(message)),
    message.out && isPicture(message) && item("Replace the picture", () => phone.composer.replace(message)),
    live && item("Move on", () => act("move")),
    live && item("Stop sharing", () => act("stop")),
    words && free && item("Copy the text", () => navigator.clipboard?.writeText(words)),
    free && item("Send again", () => act("again")),
    free && item("Forward", () => act("forward")),
    item("Pin", () => act("pin")),
    message.out && item("Take back on both phones", () => phone.act("say", { text: "🗑", reply_to: id })),
    item("Delete on this phone", () => act("delete"), "bad"),
  ].filter(Boolean), phone.accent);
}

function faces(phone, message) {
  const mine = message.reactions?.mine?.[0]?.emoji;
  const face = (emoji) => make("button", {
    role: "menuitemradio", "aria-checked": String(emoji === mine), "aria-label": `React with ${emoji}`,
    onclick: () => (closeMenu(), phone.act("react", { message: message.message_id, emoji: emoji === mine ? "" : emoji })),
  }, emoji);
  return make("div", { class: "faces", role: "group", "aria-label": "Reactions" }, ...FACES.map(face));
}

/** Which item of an album is meant. */
function choice(phone, messages, message, anchor) {
  const number = (one, index) => make("button", {
    role: "menuitemradio", "aria-checked": String(one === message), "aria-label": `Item ${index + 1} of ${messages.length}`,
    onclick: () => messageMenu(phone, messages, one, anchor),
  }, index + 1);
  return make("div", { class: "faces numbers", role: "group", "aria-label": "Item of the album" }, ...messages.map(number));
}

export function chatMenu(phone, anchor) {
  const { blocked, started, voices } = phone.chat;
  openMenu(anchor, [
    item(voices ? "Refuse voice messages" : "Accept voice messages", () => phone.act("voices")),
    blocked && item("Unblock the bot", () => phone.act("unblock")),
    started && !blocked && item("Block the bot", () => phone.act("block"), "bad"),
    item("Be somebody new", () => phone.renew()),
  ].filter(Boolean), phone.accent);
}

/** How the next message is sent: with an effect, protected. `change` gets what was chosen. */
export function manner(phone, anchor, { effect, guarded }, change) {
  const pick = (id, sign) => make("button", {
    role: "menuitemradio", "aria-checked": String(id === effect), "aria-label": `Effect ${sign}`,
    onclick: () => (closeMenu(), change({ effect: id === effect ? "" : id, guarded })),
  }, sign);
  openMenu(anchor, [
    make("p", { class: "menu-head" }, "The next message"),
    make("div", { class: "faces", role: "group", "aria-label": "Effects" }, ...EFFECTS.map(([id, sign]) => pick(id, sign))),
    make("button", { role: "menuitemcheckbox", "aria-checked": String(guarded), onclick: () => (closeMenu(), change({ effect, guarded: !guarded })) },
      guarded ? "Do not protect it" : "Protect it: no copying, no forwarding"),
  ], phone.accent);
}
