"""What a process has for itself, and how little of it lies on pages that it shares with others."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection

from core.service import memory

MIB = 1_048_576


def test_private_memory_is_what_this_process_has() -> None:
    before = memory.private_mib()
    block = b"x" * 32 * MIB
    assert memory.private_mib() - before > 24
    assert len(block) == 32 * MIB


def _made_after(prepare: Callable[[], None], answer: Connection) -> None:
    """How many objects come to lie on pages full of gaps."""
    old = [bytes(31) for _ in range(20_000)]
    pages = {id(one) // 4096 for one in old}
    del old[::2]
    prepare()
    new = [bytes(31) for _ in range(2_000)]
    answer.send(sum(id(one) // 4096 in pages for one in new))


def _nothing() -> None:
    pass


def _in_gaps(prepare: Callable[[], None]) -> int:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_made_after, args=(prepare, there))
    process.start()
    process.join(30)
    found: int = here.recv()
    return found


def test_what_is_made_after_sharing_lies_on_pages_of_its_own() -> None:
    assert _in_gaps(_nothing) == 2_000
    assert _in_gaps(memory.share) == 0


def test_what_is_not_used_goes_back_to_the_system() -> None:
    # Too small for pages of their own, so they lie among what stays.
    blocks = [bytearray(4_000) for _ in range(16_000)]
    kept = blocks[::100]
    del blocks
    before = memory.private_mib()
    memory.give_back()
    assert memory.private_mib() < before - 30
    assert len(kept) == 160
