"""Which way files went, and how many of their bytes passed through us, by the shards' own figures."""

from dataclasses import dataclass, field

from tests.harness.network import Network

STEPS = {
    "own": "the bot's own id, one bot",
    "remembered": "this bot's id, remembered",
    "set": "by the sticker set's name",
    "vault": "copied out of a vault",
    "forwarded": "forwarded inside a vault",
    "path": "by path, local Bot API server",
    "streamed": "streamed",
    "cleaned": "streamed and cleaned",
}


@dataclass(slots=True)
class Ladder:
    """Added up over networks."""

    files: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STEPS, 0.0))
    sent_bytes: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STEPS, 0.0))
    handed_out: float = 0.0
    hits: float = 0.0
    misses: float = 0.0

    async def add(self, network: Network) -> None:
        """What the shards of this network have counted so far."""

        async def total(metric: str) -> float:
            shards = [name for name in network.processes if name.startswith("shard:")]
            return sum([max(0.0, await network.figure(name, metric)) for name in shards])

        for step in STEPS:
            self.files[step] += await total(f'duologue_media_total{{step="{step}"}}')
            self.sent_bytes[step] += await total(f'duologue_media_bytes_total{{step="{step}"}}')
        self.handed_out += await total('duologue_media_bytes_total{step="handed_out"}')
        self.hits += await total('duologue_media_lookups_total{answer="hit"}')
        self.misses += await total('duologue_media_lookups_total{answer="miss"}')

    @property
    def hit_rate(self) -> float:
        """Share of the files from another bot whose id was remembered."""
        return self.hits / (self.hits + self.misses) if self.hits + self.misses else 0.0

    def table(self) -> list[str]:
        """A row a step; bytes that were sent on, those handed out between shards in a line of their own."""
        lines = ["| step | files | MB through us |", "|---|---|---|"]
        for step, words in STEPS.items():
            lines.append(f"| {words} | {self.files[step]:.0f} | {self.sent_bytes[step] / 1e6:.1f} |")
        lines.append(f"| handed out by the other shard | | {self.handed_out / 1e6:.1f} |")
        return lines
