"""Moves: people of a bot that is gone go on at another bot that they have opened.

A bot is gone when it is quarantined (Telegram refuses its token, or an operator removes it), or has
retired and people came to it all the same before its last process ended. Each of
its people who talks or waits, or has something in its stream, is given a bot out of those that they
have opened (a bot may write only to people who did), the one with room first. They are told there,
what waited for them follows in order, then their conversation goes on. Whoever has opened no other
bot is lost to us: the conversation ends, the partner is told and may find somebody else.

The steps, by whoever leads and holds the bot's own lease:
1. its last process is fenced off: nothing that it still asks for counts;
2. who goes where is written down (core.state.redis.estates), and said to those who go: what they write
   after these words their new shard takes in, what they wrote there before was not meant for the partner;
3. the stream is emptied into the streams of their new bots, while partners still write into it;
4. the stream is shut, for as long as it takes to empty what came meanwhile;
5. it is opened as an address: what comes from now on is sent on by whoever brings it
   (core.state.redis.forwarding), so order holds whatever the writer believes;
6. standings change: each person's and the partner's in one script, with an event for both shards.

Invariants: an entry leaves the old stream only after it is safe in the new one, and is known there
by its number, so it arrives once; one person's entries all go to the same bot; the old stream takes
nothing between its being empty and its being an address.

When it dies, the next leader begins again and finds the plan and what is left. While the stream is
shut (milliseconds) writers to these people wait; a leader that dies just then makes them wait until
another leads. While PostgreSQL is away nobody knows who has opened what: nothing is begun.
"""
