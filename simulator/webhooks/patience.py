"""How long to wait before an update is brought once more."""

_LONGEST = 60.0
_SPREAD = 60.0


def delay(failures: int, retry_after: float | None, dice: float) -> float:
    """Seconds to wait after so many failures (1 = the first); `dice` (0 to 1) spreads the longest waits."""
    if retry_after is not None:
        return retry_after
    if failures <= 1:
        return 0.0
    wait: float = 2.0 ** min(failures - 1, 20)
    return wait if wait < _LONGEST else _LONGEST + _SPREAD * dice


def read_retry_after(header: str | None) -> float | None:
    """The seconds of a Retry-After header; None where there is none that can be read."""
    if header is None or not header.strip().isdigit():
        return None
    return float(header)
