"""Who talks with whom.

The idea: a person who asks for a partner gets a ticket, an entry in one stream. The leader reads
that stream by cursor into a pool (`pool`), a pure function finds pairs, and a script fenced by
the leader's epoch commits a hundred of them, each if both still wait with these very tickets
(`matcher`). The stream holds exactly those who wait: matching and cancelling take the ticket out
in the same script that changes the person.

Invariants: nobody is paired with themselves, with somebody who does not wait, or twice; a
conversation's id is never given again, because it begins with the leader's epoch.

When it dies: the next leader reads the tickets from the beginning. Events of pairs that it
committed but did not carry lie in the outbox; the next leader's sweeper carries them at once.
"""
