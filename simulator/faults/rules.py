"""Rules: what goes wrong, for which calls, how often."""

import random
from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What goes wrong.

    Before the call is done: `429` and `disguised` refuse it as Telegram does, `5xx` answers with an HTML
    page, `reset_before` closes the connection, `blackhole` never answers, `revoke` ends the token.
    `slow` waits before the call is done, `slow_answer` after it. `reset_after` does the call and closes the
    connection; `truncated` does it and cuts the JSON, `cut` closes in the middle of it, `strange` does it and
    says yes, but nothing of what came of it. `duplicate` lets getUpdates (or the webhook) repeat what was
    confirmed already, `reorder` turns a batch of getUpdates round.
    """

    TOO_MANY = "429"
    DISGUISED = "disguised"
    SERVER_ERROR = "5xx"
    SLOW = "slow"
    SLOW_ANSWER = "slow_answer"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    TRUNCATED = "truncated"
    CUT = "cut"
    STRANGE = "strange"
    BLACKHOLE = "blackhole"
    REVOKE = "revoke"
    ERROR = "error"


LOSES_ANSWER = frozenset((Kind.RESET_AFTER, Kind.TRUNCATED, Kind.CUT))
"""The call is done and its caller cannot know: whoever tries again shows it twice."""


class Rule(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One rule. What is left out matches everything.

    - `methods`, `chats`, `bots` (ids): which calls.
    - `after`: so many matching calls are spared first; `every`: then each n-th is hit (1 = all);
      `times`: at most so many hits, 0 = no end; `probability` of a hit, 0 to 1.
    - `seconds`: for `429`, `disguised` (the wait told) and the slow ones; `count`: for `duplicate`;
      `status` and `description`: for `5xx` and `error`.
    - `file`: for downloads (`/file/...`) instead of methods.
    """

    kind: Kind
    methods: tuple[str, ...] = ()
    chats: tuple[int, ...] = ()
    bots: tuple[int, ...] = ()
    after: int = 0
    every: int = 1
    times: int = 0
    probability: float = 1.0
    seconds: float = 1.0
    count: int = 1
    status: int = 502
    description: str = ""
    file: bool = False
    seen: int = 0
    hits: int = 0
    id: int = 0


class Faults:
    """The rules in force. The dice are seeded: the same calls are hit again."""

    def __init__(self, seed: str = "duologue") -> None:
        self._rules: list[Rule] = []
        self._dice = random.Random(seed)
        self._made = 0

    def __bool__(self) -> bool:
        return bool(self._rules)

    @property
    def rules(self) -> list[Rule]:
        return list(self._rules)

    def add(self, rule: Rule) -> Rule:
        """Puts a rule in force, behind those that are there; the first that hits counts."""
        self._made += 1
        rule.id = self._made
        rule.methods = tuple(method.lower() for method in rule.methods)
        self._rules.append(rule)
        return rule

    def remove(self, rule_id: int | None = None) -> int:
        """Takes one rule or all of them out of force; returns how many."""
        before = len(self._rules)
        self._rules = [] if rule_id is None else [rule for rule in self._rules if rule.id != rule_id]
        return before - len(self._rules)

    def strike(self, bot: int, method: str, chats: Iterable[int], *, file: bool = False) -> Rule | None:
        """The rule that hits this call, if any. To be asked once a call."""
        method = method.lower()
        for rule in self._rules:
            if self._hits(rule, bot, method, chats, file):
                rule.hits += 1
                return rule
        return None

    def _hits(self, rule: Rule, bot: int, method: str, chats: Iterable[int], file: bool) -> bool:
        if rule.file != file or (rule.methods and method not in rule.methods):
            return False
        if rule.bots and bot not in rule.bots:
            return False
        if rule.chats and not any(chat in rule.chats for chat in chats):
            return False
        if rule.kind is Kind.DUPLICATE and method not in ("getupdates", "webhook"):
            return False
        if rule.times and rule.hits >= rule.times:
            return False
        rule.seen += 1
        if rule.seen <= rule.after or (rule.seen - rule.after - 1) % rule.every:
            return False
        return rule.probability >= 1 or self._dice.random() < rule.probability
