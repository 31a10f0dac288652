// The card under a text with an address in it, as its link_preview_options want it. Nothing is fetched.

import { make } from "./dom.js";

/** `text` with the card of the message's address, in the order in which they are shown. */
export function preview(message, text) {
  const options = message.link_preview_options ?? {};
  const address = options.url ?? firstAddress(message);
  if (!address || options.is_disabled || message.text === undefined) return [text];
  let place;
  try {
    place = new URL(/^\w+:/.test(address) ? address : `https://${address}`);
  } catch {
    return [text];
  }
  const card = make("div", { class: options.prefer_large_media ? "preview large" : "preview" },
    make("b", {}, place.host), make("span", {}, place.pathname === "/" ? "Link preview" : decodeURI(place.pathname.slice(1))),
    make("span", { class: "preview-picture", "aria-hidden": "true" }));
  return options.show_above_text ? [card, text] : [text, card];
}

function firstAddress(message) {
  const found = (message.entities ?? []).find(({ type }) => type === "url" || type === "text_link");
  return found && (found.url ?? message.text.slice(found.offset, found.offset + found.length));
}
