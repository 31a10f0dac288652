"""One message to everybody, from what is left over of each bot's budget.

The idea: who is to get it stands in PostgreSQL and is read a page at a time, bot by bot. The leader keeps
a few envelopes of it in every shard's stream, in the last lane, and tops them up as they are sent: streams
and memory stay small whatever the audience, and chats never wait behind it (`feeder`, `line`). Before it
runs its admin is shown what it looks like and how many would get it (`announcer`).

Invariants: everybody is fed once, because the append and the cursor are one script, fenced by the leader's
epoch, and everybody stands in one bot's pages; everybody fed is counted once, because the shard counts and
takes the entry out in one script. PostgreSQL has a copy that is some seconds old, for the eye, and for the
day that Redis forgets.

When the leader dies the next one asks Redis for the cursors and goes on. When a shard dies its stream keeps
what was fed. While PostgreSQL is away nothing more is fed; while Redis is away nothing happens at all. A bot
that is not served holds its part back; the broadcast is done without it when it has left the network.
"""
