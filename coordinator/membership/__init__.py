"""The life of each bot: pending → warming → active → draining → retired, and quarantined.

The idea: the table `bots` in PostgreSQL holds the state of every bot, so that operators, the
supervisor and any leader agree; Redis says who is alive. Once a second the leader looks at both,
a pure function (`life`) says which state follows, and the table is changed only from the
state that was judged, so that an operator's word is never overwritten. Two states are written by
others: draining by an operator, quarantined by the shard whose token Telegram refuses.

Invariants: a bot takes people only after it has been served without a break for a few
seconds; a draining bot retires only when nobody talks or waits there and nothing is undelivered;
retired and quarantined bots stay so until an operator says otherwise.

When it dies, states stay as they are; the next leader counts its seconds anew.
"""
