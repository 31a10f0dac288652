"""From Telegram into Redis: poll or be brought, understand, append, and only then confirm.

A batch is worked through with one chain a chat, so that a person's updates keep their order
and nobody waits for another's slow command. Relayed messages of the whole batch are appended
in one round trip.

When it dies in the middle: the whole batch comes again, and each part of it is known by its
update id wherever it was already done.
"""

from shard import lightly as lightly  # before anything imports aiogram
