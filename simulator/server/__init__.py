"""The HTTP side: the Bot API (`bot_api`), whose plain calls are answered at the `door`, and the control API
(`control`) through which tests, benchmarks and the page play people and look at what happened.

The control API speaks JSON. A mistake is answered with 400 and `{"error": "what is wrong"}`. A bot is named
by its id or its @username.

- `POST /control/bots` `{count, named: [{name, username}]}` → `{bots: [{id, token, username, name}]}`;
  `GET` the same, all of them.
- `POST /control/people` `{count, first_name, language, refuses: ["voice"], …}` → `{people: [id]}`.
- `POST /control/send` `{person, bot, start | text | media | album | poll | dice | body, entities, reply_to,
  quote, extra}` → `{message_id}` (and `message_ids` of an album). A list of such gives a list.
- `POST /control/press` `{person, bot, message_id, data | text}` → `{query_id}`, `{message_id}` or `{url}`;
  `GET /control/callback?id=` → `{answered, text, alert}`.
- `POST /control/edit` `{person, bot, message_id, text | media}`; `react` `{…, emoji | reaction}`;
  `vote` `{…, options: [0]}`; `delete` `{person, bot, message_ids}`.
- `POST /control/block`, `unblock` `{person, bot}`; `vanish` `{person}`: the account is deleted.
- `GET /control/chat?person=&bot=&after=` → `{started, blocked, keyboard, entries}`.
- `GET /control/events?after=&wait=&person=` (repeat `person`) → `{last, events}`; as server-sent events with
  `Accept: text/event-stream`; `after=-1` means from now on.
- `GET /control/report` → calls, held, refused, breaches per bot and in all; `DELETE` begins to count anew.
- `GET`, `POST /control/limits` `{cap, chat_rate, chat_burst, channel, hold, new_tokens, paid, …}`, or
  `{bot, cap}`.
- `POST /control/faults` a rule (`faults.rules.Rule`) or a list → `{rules}` with their ids; `GET`;
  `DELETE ?id=` for one.
- `POST /control/revoke` `{bot}` → `{token}`, the new one; `freeze` `{bot, frozen}`.
- `POST /control/restart` → `{ended}`: every call that waits is answered with 500, as by a server that
  is started anew.
- `POST /control/channels` `{title, username, bots: [administrators], readers: [members],
  protected}` → `{id}`.
- `POST /control/sticker_sets` `{name, title, emoji: ["😀"], kind, form}` → `{unique_ids, custom_emoji_ids}`.
- `GET /control/file?unique_id=` → the bytes; with `&digest` `{sha256, size}`.

`media` is `{kind, size | data (Base64) | sticker_set + index | unique_id, name, caption, spoiler, …}`: see
`requests.MediaSpec`. An *entry* is a message as its person sees it: `{message_id, mine, at, message, edits,
deleted, pinned, reactions, file}`.
"""
