// A message, or an album of them, as a row of the chat.

import { isBare, isPicture, media, meta, serviceWords, summary } from "./content.js";
import { icon, make } from "./dom.js";
import { render } from "./format.js";
import { messageMenu } from "./menus.js";
import { preview } from "./preview.js";

const ONLY_EMOJI = /^(?:\p{Extended_Pictographic}|\p{Emoji_Component}|\s){1,8}$/u;

/** A row for `messages`: one, or the items of one album. `phone` acts on what is pressed. */
export function row(messages, phone) {
  const [message] = messages;
  const line = serviceWords(message);
  if (line) return make("li", { class: "service" }, line);
  const said = messages.find((one) => one.caption !== undefined) ?? message;
  const words = said.text ?? said.caption ?? "";
  const bare = isBare(message);
  const picture = isPicture(message);
  const only = !picture && !bare && message.text && ONLY_EMOJI.test(words) && /\p{Extended_Pictographic}/u.test(words);
  const kinds = [message.out ? "out" : "in", bare && "bare", picture && "has-media", picture && !words && "no-words", only && "only-emoji"];
  const bubble = make("div", { class: "bubble" }, origin(message), quote(message, phone));
  const parts = messages.map((one) => media(one, phone)).filter(Boolean);
  const text = words && make("span", { class: "body", dir: "auto" }, render(words, said.entities ?? said.caption_entities, (command) => phone.act("say", { text: command })));
  const shown = parts.length > 1 && picture ? [make("div", { class: "album" }, ...parts)] : parts;
  if (text && said.show_caption_above_media) bubble.append(text, ...shown);
  else bubble.append(...shown, ...(text ? preview(said, text) : []));
  if (!text && !parts.length) bubble.append(make("span", { class: "body" }, make("i", {}, "A kind of message that this page does not know")));
  bubble.append(meta({ ...messages.at(-1), edit_date: messages.find((one) => one.edit_date)?.edit_date }));
  const tools = make("button", { class: "icon tools", "aria-label": `More for: ${summary(said).slice(0, 60)}`, "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => messageMenu(phone, messages, said, tools) }, icon("more"));
  // What is marked in the text stays marked, for a quote.
  tools.addEventListener("pointerdown", (event) => event.preventDefault());
  bubble.append(tools);
  const stack = make("div", { class: "stack" }, bubble, ...messages.map((one) => reactions(one, phone)), inline(message, phone));
  return make("li", { class: `row ${kinds.filter(Boolean).join(" ")}`, "data-id": message.message_id }, stack);
}

/** The header of what was forwarded. */
function origin(message) {
  const from = message.forward_origin;
  if (!from) return null;
  const who = from.sender_user?.first_name ?? from.sender_user_name ?? from.chat?.title ?? "somebody";
  return make("span", { class: "origin" }, "Forwarded from ", make("b", {}, who));
}

function quote(message, phone) {
  const answered = message.reply_to_message;
  if (!answered) return null;
  const who = answered.from?.is_bot ? phone.botName() : phone.name;
  return make("button", { class: "quote", onclick: () => phone.goTo(answered.message_id) }, make("b", {}, who), make("span", { class: message.quote ? "part" : null }, message.quote?.text ?? summary(answered)));
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
  if (button.copy_text) return make("button", { ...style, onclick: () => (navigator.clipboard?.writeText(button.copy_text.text), phone.toast("Copied")) }, button.text);
  return make("button", { ...style, "data-press": button.callback_data, onclick: (event) => phone.press(message, button, event.currentTarget) }, button.text);
}
