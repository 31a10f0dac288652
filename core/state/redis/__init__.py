"""Everything in motion: leases, streams, who waits, who talks with whom.

The idea: every change is a Lua script (folder `lua`, a file each) that touches one hash slot,
declares its keys, and may be repeated without harm. What spans slots goes through the outbox
of `{match}`: a script writes the events there, whoever ran it carries them to the shards'
streams, and the leading coordinator carries what was left lying.

Invariants:
- A stream holds exactly what is not done yet: an entry is deleted when Telegram said yes.
  So a reader needs no group, only a cursor; after a restart it reads from the beginning.
- An append is known by (source, member): the second one changes nothing.
- A script that writes for an owner gets its epoch and refuses one that is not the newest.

When Redis dies every call raises RedisAway, nothing is confirmed to Telegram, and the same
calls are made again when it is back. When a process dies between two calls, the next one
finds the work in a stream or in the outbox.
"""
