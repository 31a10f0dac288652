// A message, or an album of them, as a row of the chat.

import { isBare, isPicture, media, meta, summary } from "./content.js";
import { icon, make } from "./dom.js";
import { render } from "./format.js";

const ONLY_EMOJI = /^(?:\p{Extended_Pictographic}|\p{Emoji_Component}|\s){1,8}$/u;

/** A row for `messages`: one, or the items of one album. `phone` acts on what is pressed. */
export function row(messages, phone) {
  const [message] = messages;
  const said = messages.find((one) => one.caption !== undefined) ?? message;
  const words = said.text ?? said.caption ?? "";
  const bare = isBare(message);
  const picture = isPicture(message);
  const only = !picture && !bare && message.text && ONLY_EMOJI.test(words) && /\p{Extended_Pictographic}/u.test(words);
  const kinds = [message.out ? "out" : "in", bare && "bare", picture && "has-media", picture && !words && "no-words", only && "only-emoji"];
  const bubble = make("div", { class: "bubble" }, quote(message, phone));
  const parts = messages.map((one) => media(one, phone)).filter(Boolean);
  if (parts.length > 1 && picture) bubble.append(make("div", { class: "album" }, ...parts));
  else bubble.append(...parts);
  if (words) bubble.append(make("span", { class: "body", dir: "auto" }, render(words, said.entities ?? said.caption_entities, (text) => phone.act("say", { text }))));
  else if (!parts.length) bubble.append(make("span", { class: "body" }, make("i", {}, "A kind of message that this page does not know")));
  bubble.append(meta(messages[messages.length - 1]));
  const tools = make("button", { class: "icon tools", "aria-label": `More for: ${summary(said).slice(0, 60)}`, "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => phone.openTools(said, tools) }, icon("more"));
  bubble.append(tools);
  const stack = make("div", { class: "stack" }, bubble, reactions(message, phone), inline(message, phone));
  return make("li", { class: `row ${kinds.filter(Boolean).join(" ")}`, "data-id": message.message_id }, stack);
}

function quote(message, phone) {
  const answered = message.reply_to_message;
  if (!answered) return null;
  const who = answered.from?.is_bot ? phone.botName() : phone.name;
  return make("button", { class: "quote", onclick: () => phone.goTo(answered.message_id) }, make("b", {}, who), make("span", {}, message.quote?.text ?? summary(answered)));
}

function reactions(message, phone) {
  const mine = (message.reactions?.mine ?? []).map((one) => [one, true]);
  const theirs = (message.reactions?.theirs ?? []).map((one) => [one, false]);
  if (!mine.length && !theirs.length) return null;
  const shown = [...mine, ...theirs].map(([one, own]) => {
    const sign = one.emoji ?? "⭐";
    if (!own) return make("span", { "aria-label": `Reaction ${sign} by the partner` }, sign);
    return make("button", { class: "mine", "aria-label": `Your reaction ${sign}, press to take it back`, onclick: () => phone.act("react", { message: message.message_id, emoji: "" }) }, sign);
  });
  return make("div", { class: "reactions" }, ...shown);
}

function inline(message, phone) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  return make("div", { class: "inline" }, ...rows.map((buttons) => make("div", { class: "inline-row" }, ...buttons.map((button) => inlineButton(button, message, phone)))));
}

function inlineButton(button, message, phone) {
  const style = { "data-style": button.style };
  if (button.url) {
    const start = /^https?:\/\/t\.me\/(\w+)(?:\?start=([\w-]+))?$/.exec(button.url);
    if (start && phone.hasBot(start[1])) return make("button", { ...style, onclick: () => phone.follow(start[1], start[2] ?? "") }, button.text);
    return make("a", { ...style, href: button.url, target: "_blank", rel: "noreferrer noopener" }, button.text);
  }
  return make("button", { ...style, "data-press": button.callback_data, onclick: (event) => phone.press(message, button, event.currentTarget) }, button.text);
}

export function service(words) {
  return make("li", { class: "service" }, words);
}
