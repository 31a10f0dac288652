"""The coordinator: makes conversations, assigns newcomers, and knows which bots serve.

The idea: any number of coordinators run; one leads, the others stand by. The leader's rooms
meet only in Redis and PostgreSQL:

- *matchmaking*: tickets of those who wait, from Redis into a pool in memory; pairs out of it,
  committed by a fenced script; and the sweeper, which carries events that others left lying.
- *moves*: people of a bot that is gone, to another that they have opened.
- *membership*: the life of each bot, pending → warming → active → draining → retired.
- *assignment*: each bot's headroom, published once a second as the directory.
- *capacity*: how full the network is.
- *broadcast*: an admin's message to everybody, fed a little at a time to all shards.
- *forgetting*: deletes what was kept long enough.

Invariants: whatever the leader writes is fenced by its epoch, in Redis by the script, in
PostgreSQL by changing a state only from the one it was judged by; all that it knows can be
read again, so it keeps nothing that a crash could lose.

When the leader dies, conversations go on and nobody is matched until a standby leads, which
takes at most the lease (3 s) and a look (half a second) longer. Half-made pairs do not exist: a pair is
committed by one script, and its events lie in the outbox until somebody has carried them. While
PostgreSQL is away the leader leads on with the bots it knows; a new leader cannot rise, because
epochs come from there. While Redis is away everything waits.
"""
