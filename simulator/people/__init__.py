"""The virtual people: company for the demo, crowds for tests and benchmarks.

**Idea.** A `Crowd` of chatters keeps a demo alive: they talk with each other, and when somebody who
plays waits for a partner, one of them goes and searches too. A load (`load`) plays many pairs fast
and keeps a ledger of what was accepted and what was shown. Both live inside the simulator's process
and see only what people see; they know of the network no more than its commands and buttons.

**Rooms.** `buttons` reads what a bot offers, `topics` and `talk` find the words, `chatter` decides,
`crowd` acts; `gallery`, `things`, `pictures`, `paint` make what can be sent.

**Invariants.** What people say and do follows from the seed and from what they are shown. Chatters
never search while a load runs, so the two never meet.

**When it dies** the simulator dies with it; nothing is kept.
"""
