"""A Bot API server of our own, with virtual people behind it.

**Idea.** What stands here answers on HTTP as Telegram's Bot API does (`/bot<token>/<method>`,
`/file/bot<token>/<path>`), and behind it lives a small world in memory: people, bots, channels,
messages, files, updates. Everything that is Telegram's and that a network of bots has to live
with is played: limits that hold a call or refuse it, a `file_id` for every bot, offsets and
expiry, conflicts, webhooks with retries, albums, reactions, blocks, Telegram's own error words.
What people do and see is reached through `World.people` or over HTTP under `/control`.

**Rooms.** `world` knows nothing of HTTP and nothing of limits; `tables` says which fields a
method takes; `methods` plays one method after the other upon the world; `limits` judges arrivals;
`faults` breaks things on purpose, by rule; `webhooks` carries updates out; `server` is the HTTP
side; `people` has virtual people who act by themselves, `page` lets one play them in a browser;
`client` is how tests and benchmarks reach a simulator in another process.

**Invariants.**
- A `file_id` works for the bot it was given to and for no other; a `file_unique_id` is the same
  for every bot and for ever.
- Every arrival that makes a sliding window hold more than its cap is counted as a breach, whether
  the call is then held, refused or lucky.
- Nothing is ever shown to a person but what a bot sent to that person.
- The same seed makes the same bots, tokens and people.
- It imports neither the network's code nor a bot library, so the two cannot share a misreading.

**When it dies** all of the world is gone, as it lives in memory; a new one with the same seed has
the same bots, and people have to open them again.
"""
