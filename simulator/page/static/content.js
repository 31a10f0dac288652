// What is inside a bubble: a DOM node for each kind of content of a Bot API message.

import { clock, duration, icon, make, size } from "./dom.js";

const FILE = (file) => `/page/file/${encodeURIComponent(file.file_unique_id)}`;

/** The media of a message as a node, or null for a text or what this page does not know. `phone` is asked to vote. */
export function media(message, phone) {
  const kind = Object.keys(KINDS).find((name) => message[name] !== undefined);
  if (!kind || typeof message[kind] !== "object") return null;
  try {
    return KINDS[kind](message[kind], message, phone);
  } catch {
    return null; // a known kind in a form of the future
  }
}

/** The words of a line that Telegram writes itself, or null for anything else. */
export function serviceWords(message) {
  if (message.pinned_message) return `Pinned: ${summary(message.pinned_message)}`;
  return message.message_auto_delete_timer_changed ? "Messages will delete themselves after a day" : null;
}

/** A few words for a message, where there is room for one line only. */
export function summary(message) {
  const words = message.text ?? message.caption ?? serviceWords(message);
  if (words) return words;
  const kind = Object.keys(NAMES).find((name) => message[name] !== undefined);
  return kind ? `${message[kind].emoji ?? ""} ${NAMES[kind]}`.trim() : "Message";
}

export const isBare = (message) => [message.sticker, message.video_note, message.dice].some((one) => typeof one === "object");
export const isPicture = (message) => Boolean(message.photo || message.video || message.animation || message.live_photo);

const NAMES = {
  sticker: "Sticker", photo: "Photo", live_photo: "Live photo", animation: "GIF", video: "Video", video_note: "Video message", voice: "Voice message",
  audio: "Music", document: "File", poll: "Poll", dice: "Dice", venue: "Place", location: "Location", contact: "Contact",
  game: "Game", invoice: "Invoice", paid_media: "Paid media", story: "Story", giveaway: "Giveaway", checklist: "Checklist",
};

const KINDS = {
  sticker: (sticker) => picture(FILE(sticker), `${stickerKind(sticker)} ${sticker.emoji ?? ""}`.trim(), "sticker", sticker.emoji ?? "🖼", sticker.is_animated || sticker.is_video),
  live_photo: (live, message, phone) => covered(film(live, "Live photo", phone), message),
  photo: (sizes, message) => covered(still(sizes), message),
  animation: (animation, message, phone) => covered(film(animation, "GIF", phone), message),
  video: (video, message, phone) => covered(film(video, "Video", phone), message),
  video_note: (note, message, phone) => make("div", { class: "round" }, film(note, "Round video", phone)),
  voice: (voice) => thing(icon("play"), wave(voice), `Voice · ${duration(voice.duration)}`),
  audio: (audio) => thing(small(audio) ?? icon("play"), make("b", {}, audio.title ?? audio.file_name ?? "Music"), [audio.performer, duration(audio.duration)].filter(Boolean).join(" · ")),
  document: (file) => thing(small(file) ?? icon("file"), make("b", {}, file.file_name ?? "File"), size(file.file_size), FILE(file)),
  poll,
  dice: (dice) => make("span", { class: dice.emoji === "🎰" ? "dice reels" : "dice", role: "img", "aria-label": `${dice.emoji} shows ${shownDice(dice)}` }, shownDice(dice)),
  venue: (venue) => thing(icon("pin"), make("b", {}, venue.title), venue.address),
  location: (place, message) => thing(icon("pin"), make("b", {}, placeKind(place, message)), `${place.latitude.toFixed(4)}, ${place.longitude.toFixed(4)}`),
  contact: (contact) => thing("☎", make("b", {}, [contact.first_name, contact.last_name].filter(Boolean).join(" ")), contact.phone_number),
  game: (game) => thing("🎮", make("b", {}, game.title), game.description),
  invoice: (invoice) => thing("🧾", make("b", {}, invoice.title), [invoice.description, price(invoice)].filter(Boolean).join(" · ")),
  paid_media: (paid) => thing("⭐", make("b", {}, "Paid media"), `${paid.star_count} ⭐ to see it`),
  story: () => thing("📖", make("b", {}, "Story"), "Shared from a profile"),
  giveaway: (giveaway) => thing("🎁", make("b", {}, "Giveaway"), `${giveaway.winner_count} ${giveaway.winner_count === 1 ? "winner" : "winners"}`),
  checklist: (list) => thing("☑", make("b", {}, list.title || "Checklist"), (list.tasks ?? []).map((task) => task.text).join(", ")),
};

const price = ({ currency, total_amount: amount }) => (currency === "XTR" ? `${amount} ⭐` : amount && `${amount / 100} ${currency}`);
const REELS = ["BAR", "🍇", "🍋", "7️⃣"];

function shownDice({ emoji, value }) {
  if (emoji === "🎲") return "⚀⚁⚂⚃⚄⚅"[value - 1];
  if (emoji !== "🎰") return `${emoji} ${value}`;
  return [0, 1, 2].map((reel) => REELS[((value - 1) >> (2 * reel)) & 3]).join(" ");
}

const stickerKind = (sticker) => (sticker.is_animated ? "Animated sticker" : sticker.is_video ? "Video sticker" : "Sticker");
const small = (file) => file.thumbnail && picture(FILE(file.thumbnail), "", "small", "📄");

function placeKind(place, message) {
  if (place.live_period) return message.edit_date ? "Live location, moved" : "Live location";
  return message.edit_date ? "Location, sharing has ended" : "Location";
}

/** `instead` is shown where the picture cannot be drawn, dancing where it would move. */
function picture(source, words, kind, instead, moves = false) {
  const image = make("img", { class: kind, src: source, alt: words, decoding: "async" });
  const sign = make("span", { class: moves ? "dice moves" : "dice", title: words, role: "img", "aria-label": words }, instead);
  image.addEventListener("error", () => image.replaceWith(sign), { once: true });
  return image;
}

function still(sizes) {
  const best = sizes[sizes.length - 1];
  const image = picture(FILE(best), "Photo", "photo", "🖼");
  image.width = best.width;
  image.height = best.height;
  return image;
}

/** Its still picture (a cover of its own before the thumbnail), with the film in its place once it is pressed. */
function film(video, words, phone) {
  const shown = (video.cover ?? video.photo)?.at(-1) ?? video.thumbnail;
  const still = shown ? picture(FILE(shown), "", "photo", "🎬") : make("span", { class: "photo" });
  still.style.aspectRatio = `${video.width || video.length || 16} / ${video.height || video.length || 9}`;
  const sign = make("span", { class: "film-play", "aria-hidden": "true" }, icon("play"));
  const start = video.start_timestamp ? ` from ${duration(video.start_timestamp)}` : "";
  const label = video.duration ? `${words} · ${duration(video.duration)}${start}` : words;
  const cover = make("button", { class: "film", "aria-label": `Play: ${label}` }, still, sign, make("span", { class: "meta-film" }, label));
  cover.addEventListener("click", () => {
    const player = make("video", { class: "photo", src: FILE(video), controls: true, autoplay: true, "aria-label": words });
    player.addEventListener("error", () => (player.replaceWith(cover), phone.toast("There is nothing to see in this film: it was made up.")), { once: true });
    cover.replaceWith(player);
  });
  return cover;
}

function covered(node, message) {
  if (!message.has_media_spoiler) return node;
  const cover = make("button", { class: "covered", "aria-label": "Hidden picture, press to see" }, node);
  cover.addEventListener("click", () => cover.replaceWith(node), { once: true });
  return cover;
}

function thing(sign, head, words, href) {
  const inside = [make("span", { class: "thing-icon", "aria-hidden": "true" }, sign), make("span", { class: "thing-text" }, head, make("small", {}, words ?? ""))];
  return href ? make("a", { class: "thing", href, download: true }, ...inside) : make("div", { class: "thing" }, ...inside);
}

function wave(voice) {
  const bars = Array.from({ length: 26 }, (_, at) => voice.file_unique_id.charCodeAt(at % voice.file_unique_id.length) % 9);
  return make("span", { class: "wave", "aria-hidden": "true" }, ...bars.map((tall, at) => make("i", { style: `height:${20 + tall * 6 + 22 * Math.sin(at / 4) ** 2}%` })));
}

function poll(content, message, phone) {
  const total = content.total_voter_count;
  const quiz = content.type === "quiz";
  const chosen = message.chosen ?? [];
  const closed = content.is_closed || (quiz && chosen.length > 0);
  const options = content.options.map((option, index) => {
    const sign = verdict(content, chosen, index);
    const votes = total ? ` · ${option.voter_count}` : "";
    return make("button", { class: "poll-option", disabled: closed, "aria-pressed": String(chosen.includes(index)),
      onclick: () => phone.act("vote", { message: message.message_id, options: nextVote(content, chosen, index) }) }, sign, option.text, votes);
  });
  const kind = [quiz ? "Quiz" : "Poll", `${total} ${total === 1 ? "vote" : "votes"}`, content.allows_multiple_answers && "several answers", content.is_closed && "closed"];
  const why = quiz && chosen.length ? content.explanation : null;
  return make("div", { class: "poll" }, make("b", {}, content.question), make("div", {}, make("small", {}, kind.filter(Boolean).join(" · "))), ...options, why && make("p", { class: "poll-why" }, why));
}

/** In a quiz right or wrong, once one has answered; in a poll what one has chosen. */
function verdict(content, chosen, index) {
  const right = content.correct_option_ids;
  if (content.type === "quiz" && chosen.length && right?.includes(index)) return "✓ ";
  if (!chosen.includes(index)) return "";
  return content.type === "quiz" && right ? "✗ " : "✓ ";
}

/** What is voted for after a press: a second press on an option takes it back. */
function nextVote(content, chosen, index) {
  if (chosen.includes(index)) return chosen.filter((one) => one !== index);
  return content.allows_multiple_answers ? [...chosen, index] : [index];
}

/** When it was written, and the marks beside that: an effect, protection, an edit. */
export function meta(message) {
  const marks = [
    message.effect_id && make("span", { role: "img", "aria-label": "Sent with an effect", title: "Sent with an effect" }, effectSign(message.effect_id)),
    message.has_protected_content && make("span", { role: "img", "aria-label": "Protected: cannot be copied or forwarded", title: "Protected: cannot be copied or forwarded" }, "🔒"),
  ].filter(Boolean);
  const edited = message.edit_date ? "edited " : "";
  return make("span", { class: "meta" }, ...marks, make("time", { datetime: new Date(message.date * 1000).toISOString() }, edited + clock(message.date)));
}

/** Telegram's free effects: the id and what is seen. */
export const EFFECTS = [
  ["5104841245755180586", "🔥"], ["5107584321108051014", "👍"], ["5104858069142078462", "👎"],
  ["5159385139981059251", "❤"], ["5046509860389126442", "🎉"], ["5046589136895476101", "💩"],
];

export const effectSign = (id) => EFFECTS.find(([one]) => one === id)?.[1] ?? "✨";
