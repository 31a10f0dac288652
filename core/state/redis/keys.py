"""The one builder of keys. The part in braces decides the slot in a Redis Cluster."""

from core.domain.ids import BotId, ConversationId, PersonId


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
        self._person = f"{match}person:"
        self._shard = f"{prefix}{{shard:"
        self._user = f"{prefix}{{user:"
        self._conversation = f"{prefix}{{conv:"
        self.people_changed = f"{prefix}people-changed"

    def person(self, person: PersonId) -> str:
        """Hash: the person's standing."""
        return f"{self._person}{person}"

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
        """Hash: newest epoch of each source that appends."""
        return f"{self._shard}{bot}}}:fences"

    def inflight(self, bot: BotId) -> str:
        """Set: entries that are on their way to Telegram."""
        return f"{self._shard}{bot}}}:inflight"

    def poison(self, bot: BotId) -> str:
        """Stream: entries that could not be read or sent, kept to be looked at."""
        return f"{self._shard}{bot}}}:poison"

    def files(self, bot: BotId, generation: str) -> str:
        """Hash: what the bot calls a file that every bot knows by its unique id."""
        return f"{self._shard}{bot}}}:files:{generation}"

    def stats(self, bot: BotId) -> str:
        """String: the shard's last report, expires when it stops reporting."""
        return f"{self._shard}{bot}}}:stats"

    def user(self, person: PersonId) -> str:
        """String: the cached row of a person."""
        return f"{self._user}{person}}}"

    def conversation(self, conversation: ConversationId) -> str:
        """String: which message of one side is which of the other, eight bytes a message."""
        return f"{self._conversation}{conversation}}}"
