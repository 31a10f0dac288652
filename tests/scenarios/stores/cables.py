"""A network of its own at the end of a cable that can be pulled: packets vanish, nobody is refused."""

import itertools
import os
import shutil
import subprocess
from typing import Self

from tests.scenarios.stores.play import Unable

_numbers = itertools.count(os.getpid() % 100 * 2)


class Cable:
    """A network namespace and a pair of virtual interfaces.

    `here` is our address, `there` the one at its end; `within` goes before a command that is to run there.
    """

    def __init__(self) -> None:
        number = next(_numbers)
        self._name = f"duo{number}"
        self.here, self.there = f"10.213.{number}.1", f"10.213.{number}.2"
        self.within = (shutil.which("ip") or "ip", "netns", "exec", self._name)

    def __enter__(self) -> Self:
        """Raises Unable where no network may be made."""
        name, there = self._name, f"{self._name}b"
        for command in (
            f"netns add {name}",
            f"link add {name} type veth peer name {there} netns {name}",
            f"addr add {self.here}/30 dev {name}",
            f"link set {name} up",
            f"-n {name} addr add {self.there}/30 dev {there}",
            f"-n {name} link set {there} up",
            f"-n {name} link set lo up",
        ):
            done = _ip(command)
            if done.returncode:
                self.__exit__()
                raise Unable(f"only root may make a network, and not everywhere: {done.stderr.strip()}")
        return self

    def __exit__(self, *_: object) -> None:
        _ip(f"link del {self._name}")
        _ip(f"netns del {self._name}")

    def pull(self) -> None:
        """Nothing gets through any more; our own address stays."""
        assert _ip(f"-n {self._name} link set {self._name}b down").returncode == 0

    def plug(self) -> None:
        """As before."""
        assert _ip(f"-n {self._name} link set {self._name}b up").returncode == 0


def _ip(command: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["ip", *command.split()], check=False, capture_output=True, text=True)
    except FileNotFoundError as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))
