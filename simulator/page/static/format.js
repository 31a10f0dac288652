// Text and its entities. Offsets are UTF-16 code units, which is what JavaScript strings count in.

const MARKS = [
  ["```", "pre"], ["`", "code"], ["**", "bold"], ["__", "italic"], ["--", "underline"], ["~~", "strikethrough"], ["||", "spoiler"],
];
const TAGS = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote", expandable_blockquote: "blockquote" };
const BLOCKS = new Set(["PRE", "BLOCKQUOTE"]);
const SAFE = /^(https?|tg|mailto|tel):/i;

/** Reads `**bold** __italic__ --underline-- ~~strike~~ ||spoiler|| `code` ```pre``` [words](address)` and lines with `> `. */
export function parse(source) {
  const out = { text: "", entities: [] };
  const lines = source.split("\n");
  for (let at = 0; at < lines.length; ) {
    let end = at;
    while (end < lines.length && lines[end].startsWith("> ")) end++;
    if (end > at) {
      const start = out.text.length;
      inline(lines.slice(at, end).map((line) => line.slice(2)).join("\n"), out);
      out.entities.push({ type: "blockquote", offset: start, length: out.text.length - start });
    } else {
      while (end < lines.length && !lines[end].startsWith("> ")) end++;
      inline(lines.slice(at, end).join("\n"), out);
    }
    if (end < lines.length) out.text += "\n";
    at = end;
  }
  return out;
}

function inline(source, out) {
  for (let at = 0; at < source.length; ) {
    const link = /^\[([^\]\n]+)\]\(([^)\s]+)\)/.exec(source.slice(at));
    const mark = MARKS.find(([sign]) => source.startsWith(sign, at));
    const close = mark ? source.indexOf(mark[0], at + mark[0].length) : -1;
    const start = out.text.length;
    if (link) {
      inline(link[1], out);
      const url = SAFE.test(link[2]) ? link[2] : `https://${link[2]}`;
      out.entities.push({ type: "text_link", offset: start, length: out.text.length - start, url });
      at += link[0].length;
    } else if (close > at + mark?.[0].length) {
      const inner = source.slice(at + mark[0].length, close);
      if (mark[1] === "code") out.text += inner;
      else if (mark[1] === "pre") out.text += inner.replace(/^\n/, "").replace(/\n$/, "");
      else inline(inner, out);
      if (out.text.length > start) out.entities.push({ type: mark[1], offset: start, length: out.text.length - start });
      at = close + mark[0].length;
    } else {
      const step = mark ? mark[0].length : 1;
      out.text += source.slice(at, at + step);
      at += step;
    }
  }
}

/** The other way round, for editing what was sent. */
export function toSource(text, entities = []) {
  const signs = Object.fromEntries(MARKS.map(([sign, type]) => [type, sign]));
  const inserts = [];
  entities.forEach((entity, order) => {
    const { type, offset, length, url } = entity;
    const [open, close] = type === "text_link" ? ["[", `](${url})`] : [signs[type], signs[type]];
    if (open) inserts.push([offset, 1, order, open], [offset + length, 0, -order, close]);
  });
  inserts.sort((a, b) => b[0] - a[0] || b[1] - a[1] || b[2] - a[2]);
  let source = text;
  for (const [at, , , sign] of inserts) source = source.slice(0, at) + sign + source.slice(at);
  return source;
}

/** DOM nodes for a text; `onCommand(text)` is called when a command in it is clicked. */
export function render(text, entities = [], onCommand = () => {}) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const fragment = document.createDocumentFragment();
  nest(fragment, text, 0, text.length, sorted, onCommand);
  return fragment;
}

function nest(parent, text, from, to, entities, onCommand) {
  let at = from;
  for (let index = 0; index < entities.length; ) {
    const entity = entities[index];
    const start = Math.max(entity.offset, at);
    const end = Math.min(entity.offset + entity.length, to);
    const inside = [];
    for (index++; index < entities.length && entities[index].offset < end; index++) inside.push(entities[index]);
    if (end <= start) continue;
    parent.append(text.slice(at, start));
    const [outer, inner] = element(entity, text.slice(start, end), onCommand);
    nest(inner, text, start, end, inside, onCommand);
    parent.append(outer);
    // A block ends its line by itself.
    const ends = BLOCKS.has(outer.tagName) && text[end] === "\n" && end < to;
    if (ends) parent.append(gap());
    // What reaches beyond this entity goes on behind it.
    const beyond = inside.filter((one) => one.offset + one.length > end);
    entities.splice(index, 0, ...beyond.map((one) => ({ ...one, offset: end, length: one.offset + one.length - end })));
    at = ends ? end + 1 : end;
  }
  parent.append(text.slice(at, to));
}

function element(entity, words, onCommand) {
  if (entity.type === "spoiler") return spoiler();
  if (entity.type === "bot_command") {
    const command = document.createElement("button");
    command.type = "button";
    command.className = "command";
    command.addEventListener("click", () => onCommand(words));
    return [command, command];
  }
  const address = { text_link: entity.url, url: /^\w+:/.test(words) ? words : `https://${words}`, email: `mailto:${words}`, phone_number: `tel:${words}` }[entity.type];
  if (address && SAFE.test(address)) {
    const link = document.createElement("a");
    link.href = address;
    link.target = "_blank";
    link.rel = "noreferrer noopener";
    return [link, link];
  }
  const made = document.createElement(TAGS[entity.type] ?? "span");
  made.dataset.entity = entity.type;
  if (entity.language) made.dataset.language = entity.language;
  if (entity.type === "custom_emoji") made.title = "Custom emoji";
  return [made, made];
}

/** A line's end that is there and not shown, so that offsets count as in the text. */
function gap() {
  const made = document.createElement("span");
  made.className = "gap";
  made.textContent = "\n";
  return made;
}

function spoiler() {
  const cover = document.createElement("button");
  const words = document.createElement("span");
  cover.type = "button";
  cover.className = "spoiler";
  cover.setAttribute("aria-label", "Hidden text, press to read");
  cover.append(words);
  cover.addEventListener("click", () => {
    cover.classList.add("shown");
    cover.removeAttribute("aria-label");
  });
  return [cover, words];
}
