// What is inside a bubble: a DOM node for each kind of content of a Bot API message.

import { clock, duration, icon, make, size } from "./dom.js";

const FILE = (file) => `/page/file/${encodeURIComponent(file.file_unique_id)}`;
const CANNOT = "This page cannot show it, but it has arrived.";

/** The media of a message as a node, or null for a text. `phone` is asked to vote. */
export function media(message, phone) {
  const kind = Object.keys(KINDS).find((name) => message[name] !== undefined);
  return kind ? KINDS[kind](message[kind], message, phone) : null;
}

/** A few words for a message, where there is room for one line only. */
export function summary(message) {
  const words = message.text ?? message.caption;
  if (words) return words;
  const kind = Object.keys(NAMES).find((name) => message[name] !== undefined);
  return kind ? `${message[kind].emoji ?? ""} ${NAMES[kind]}`.trim() : "Message";
}

export const isBare = (message) => Boolean(message.sticker || message.video_note || message.dice);
export const isPicture = (message) => Boolean(message.photo || message.video || message.animation || message.live_photo);

const NAMES = {
  sticker: "Sticker", photo: "Photo", live_photo: "Live photo", animation: "GIF", video: "Video", video_note: "Video message", voice: "Voice message",
  audio: "Music", document: "File", poll: "Poll", dice: "Dice", venue: "Place", location: "Location", contact: "Contact",
};

const KINDS = {
  sticker: (sticker) => picture(FILE(sticker), `Sticker ${sticker.emoji ?? ""}`, "sticker", sticker.emoji ?? "🖼"),
  live_photo: (live, message, phone) => covered(film(live, "Live photo", phone), message),
  photo: (sizes, message) => covered(still(sizes), message),
  animation: (animation, message, phone) => covered(film(animation, "GIF", phone), message),
  video: (video, message, phone) => covered(film(video, "Video", phone), message),
  video_note: (note, message, phone) => make("div", { class: "round" }, film(note, "Round video", phone)),
  voice: (voice) => thing(icon("play"), wave(voice), `Voice · ${duration(voice.duration)}`),
  audio: (audio) => thing(icon("play"), make("b", {}, audio.title ?? audio.file_name ?? "Music"), [audio.performer, duration(audio.duration)].filter(Boolean).join(" · ")),
  document: (file) => thing(icon("file"), make("b", {}, file.file_name ?? "File"), size(file.file_size), FILE(file)),
  poll,
  dice: (dice) => make("span", { class: "dice", role: "img", "aria-label": `${dice.emoji} shows ${dice.value}` }, dice.emoji === "🎲" ? "⚀⚁⚂⚃⚄⚅"[dice.value - 1] : `${dice.emoji} ${dice.value}`),
  venue: (venue) => thing(icon("pin"), make("b", {}, venue.title), venue.address),
  location: (place) => thing(icon("pin"), make("b", {}, place.live_period ? "Live location" : "Location"), `${place.latitude.toFixed(4)}, ${place.longitude.toFixed(4)}`),
  contact: (contact) => thing("☎", make("b", {}, [contact.first_name, contact.last_name].filter(Boolean).join(" ")), contact.phone_number),
  game: (game) => thing("🎮", make("b", {}, game.title), CANNOT),
  invoice: (invoice) => thing("🧾", make("b", {}, invoice.title), CANNOT),
  paid_media: () => thing("⭐", make("b", {}, "Paid media"), CANNOT),
  story: () => thing("◎", make("b", {}, "Story"), CANNOT),
  giveaway: () => thing("🎁", make("b", {}, "Giveaway"), CANNOT),
  checklist: (list) => thing("☑", make("b", {}, list.title ?? "Checklist"), CANNOT),
};

function picture(source, words, kind, instead) {
  const image = make("img", { class: kind, src: source, alt: words, decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(make("span", { class: "dice", title: words }, instead)), { once: true });
  return image;
}

function still(sizes) {
  const best = sizes[sizes.length - 1];
  const image = picture(FILE(best), "Photo", "photo", "🖼");
  image.width = best.width;
  image.height = best.height;
  return image;
}

/** Its still picture, with the film itself in its place once it is pressed. */
function film(video, words, phone) {
  const still = video.thumbnail ? picture(FILE(video.thumbnail), "", "photo", "🎬") : make("span", { class: "photo" });
  still.style.aspectRatio = `${video.width || video.length || 16} / ${video.height || video.length || 9}`;
  const sign = make("span", { class: "film-play", "aria-hidden": "true" }, icon("play"));
  const label = `${words} · ${duration(video.duration)}`;
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
  const kind = content.type === "quiz" ? "Quiz" : "Poll";
  const options = content.options.map((option, index) =>
    make("button", { class: "poll-option", disabled: content.is_closed, onclick: () => phone.act("vote", { message: message.message_id, options: [index] }) },
      option.text, total ? ` · ${option.voter_count}` : ""));
  return make("div", { class: "poll" }, make("b", {}, content.question), make("div", {}, make("small", {}, `${kind} · ${total} ${total === 1 ? "vote" : "votes"}${content.is_closed ? " · closed" : ""}`)), ...options);
}

export function meta(message) {
  const edited = message.edit_date ? "edited " : "";
  return make("time", { class: "meta", datetime: new Date(message.date * 1000).toISOString() }, edited + clock(message.date));
}
