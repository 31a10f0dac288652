"""The one builder of keys. The part in braces decides the slot in a Redis Cluster."""

from core.domain.conversation import Thread
from core.domain.ids import BotId, BroadcastId, ConversationId, PersonId


class Keys:
    """All key names under one prefix, so that networks (and tests) can share a server."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        match = f"{prefix}{{match}}:"
        self.match_lease = f"{match}lease"
        self.match_epoch = f"{match}epoch"
        self.match_fences = f"{match}fences"
        self.tickets = f"{match}tickets"
        self.outbox = f"{match}outbox"
        self.directory = f"{match}directory"
        self.chatting = f"{match}chatting"
        self.person_prefix = f"{match}person:"
        self._shard = f"{prefix}{{shard:"
        self._user = f"{prefix}{{user:"
        self._conversation = f"{prefix}{{conv:"
        self.people_changed = f"{prefix}people-changed"

    def person(self, person: PersonId) -> str:
        """Hash: the person's standing."""
        return f"{self.person_prefix}{person}"

    def lease(self, bot: BotId) -> str:
        """String `epoch holder`, expires with the lease."""
        return f"{self._shard}{bot}}}:lease"

    def epoch(self, bot: BotId) -> str:
        """The newest epoch of the bot's shard; never expires, so that it fences."""
        return f"{self._shard}{bot}}}:epoch"

    def inbox(self, bot: BotId) -> str:
        """Stream: what the shard has to send."""
        return f"{self._shard}{bot}}}:inbox"

    def seen(self, bot: BotId, source: str) -> str:
        """Sorted set: what `source` has appended lately."""
        return f"{self._shard}{bot}}}:seen:{source}"

    def fences(self, bot: BotId) -> str:
        """Hash: newest epoch of each source that appends; `closed` while the bot is gone."""
        return f"{self._shard}{bot}}}:fences"

    def moved(self, bot: BotId) -> str:
        """Hash: where the people of a bot that is gone are served from now on, 0 = nowhere."""
        return f"{self._shard}{bot}}}:moved"

    def inflight(self, bot: BotId) -> str:
        """Set: entries that are on their way to Telegram."""
        return f"{self._shard}{bot}}}:inflight"

    def poison(self, bot: BotId) -> str:
        """Stream: what could not be read or sent, sealed, kept for some days to be looked at."""
        return f"{self._shard}{bot}}}:poison"

    def replays(self, bot: BotId) -> str:
        """Stream: updates that were put aside and are to be taken in once more."""
        return f"{self._shard}{bot}}}:replays"

    def files(self, bot: BotId, generation: str) -> str:
        """Hash: what the bot calls a file that every bot knows by its unique id."""
        return f"{self._shard}{bot}}}:files:{generation}"

    def vault(self, bot: BotId, channel: int) -> str:
        """Sorted set: what the bot did in a vault channel lately, by the server's milliseconds."""
        return f"{self._shard}{bot}}}:vault:{channel}"

    def stats(self, bot: BotId) -> str:
        """String: the shard's last report, expires when it stops reporting."""
        return f"{self._shard}{bot}}}:stats"

    def cast(self, bot: BotId, broadcast: BroadcastId) -> str:
        """Hash: how far a broadcast has come at the bot: cursor, how many were fed, what became of them."""
        return f"{self._shard}{bot}}}:cast:{broadcast}"

    def lost(self, bot: BotId) -> str:
        """Set: people whom the bot found that it cannot reach, until PostgreSQL knows."""
        return f"{self._shard}{bot}}}:lost"

    def user(self, person: PersonId) -> str:
        """String: the cached row of a person."""
        return f"{self._user}{person}}}"

    def thread(self, thread: Thread) -> str:
        """String: which message of one side is which of the other, eight bytes a message."""
        turn = f":{thread.turn}" if thread.turn else ""
        return f"{self._conversation}{thread.conversation}}}{turn}"

    def agreed(self, conversation: ConversationId) -> str:
        """Set: sides of the conversation that send files which may name their maker."""
        return f"{self._conversation}{conversation}}}:agreed"
