"""Nobody writes, or asks, faster for long than a chat may be written to. Pure; the time is handed in.

For messages that is the time at which Telegram took them, for the rest when it came to us: each kind
is counted by one clock.

A partner's chat takes about one message a second. Who writes more builds up a backlog that only
delays their own partner, and fills memory; so each person has a pace of their own (GCRA), with
room for anything that a person types or pastes. Commands and buttons are answered in the person's
own chat, so they have the same pace, counted apart.
"""

from collections import OrderedDict

from core.domain.ids import PersonId, UpdateId
from core.service.generations import Generations

INTERVAL = 0.75
"""Seconds between two messages of one person, sustained."""

BURST = 40
"""Messages that may follow each other at once after a silence."""

ROOM = (BURST - 1) * INTERVAL
"""How far ahead of their pace a person may be, in seconds."""

REMIND = 10.0
"""Seconds between two reminders to the same person."""

KEPT_PEOPLE = 20_000

SWEPT_PEOPLE = 1_000
"""So few are not looked through for those who are back at their pace."""

KEPT_JUDGED = 1_024
"""Updates whose judgement is remembered: more than can be worked on at the same time."""


class Manners:
    """Who writes too fast, and when they were last told."""

    def __init__(self) -> None:
        self._due: dict[PersonId, float] = {}
        """When a person is back at their pace. Who is, need not be known: they begin anew."""
        self._sweep_at = SWEPT_PEOPLE
        self._judged: OrderedDict[UpdateId, bool] = OrderedDict()
        self._told: Generations[PersonId, float] = Generations(KEPT_PEOPLE, 2 * REMIND)

    def allows(self, person: PersonId, update: UpdateId, now: float) -> bool:
        """Whether this message of the person may go. Asked again about it, the answer is the same.

        Otherwise a batch that is tried again and again while Redis is away would use up everybody's room.
        """
        judged = self._judged.get(update)
        if judged is not None:
            return judged
        due = self._due.get(person)
        if due is None or due < now:
            due = now
        judged = self._judged[update] = due - now <= ROOM
        if judged:
            self._due[person] = due + INTERVAL
            if len(self._due) > self._sweep_at:
                self._sweep(now)
        if len(self._judged) > KEPT_JUDGED:
            self._judged.popitem(last=False)
        return judged

    def _sweep(self, now: float) -> None:
        due = {person: at for person, at in self._due.items() if at > now}
        if len(due) > KEPT_PEOPLE // 2:
            # Those who are ahead least begin anew.
            furthest = sorted(due, key=due.__getitem__)[-KEPT_PEOPLE // 4 :]
            due = {person: due[person] for person in furthest}
        self._due = due
        self._sweep_at = max(SWEPT_PEOPLE, 2 * len(due))

    def remind(self, person: PersonId, now: float) -> bool:
        """Whether the person should be told now that a message did not go."""
        told = self._told.get(person, now)
        if told is not None and now - told < REMIND:
            return False
        self._told.put(person, now, now)
        return True
