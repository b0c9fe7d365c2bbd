"""Hosts of one's own: network namespaces on a bridge, whose cables can be pulled.

Needs root and iproute2. The addresses are of a private range and lead nowhere but here.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from bench.commands import Unable

NET = "10.213.47"
BRIDGE = "npbr"


def ip(*arguments: str) -> None:
    """One call of iproute2.

    Raises:
        Unable: it failed.
    """
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise Unable(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


class Hosts:
    """`count` namespaces `npw1`..., reached from here by a bridge at `NET`.254.

    A context manager; whatever runs in a namespace must have ended before it is left.
    """

    def __init__(self, count: int) -> None:
        if os.geteuid() != 0:
            raise Unable("network namespaces need root")
        if shutil.which("ip") is None:
            raise Unable("iproute2 is not installed")
        self.names = [f"npw{n + 1}" for n in range(count)]

    def __enter__(self) -> Hosts:
        self._clear()
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("address", "add", f"{NET}.254/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for number, name in enumerate(self.names, 1):
            ip("netns", "add", name)
            ip("link", "add", f"{name}h", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", f"{name}h", "master", BRIDGE, "up")
            ip("-n", name, "address", "add", f"{NET}.{number}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        return self

    def inside(self, name: str) -> list[str]:
        """What goes before a command that shall run on that host."""
        return ["ip", "netns", "exec", name]

    def cut(self, name: str) -> None:
        """Pull the cable: packets are lost, nobody is told."""
        ip("link", "set", f"{name}h", "down")

    def mend(self, name: str) -> None:
        ip("link", "set", f"{name}h", "up")

    def _clear(self) -> None:
        for name in self.names:
            for command in (("link", "del", f"{name}h"), ("netns", "del", name)):
                subprocess.run(["ip", *command], capture_output=True)
        subprocess.run(["ip", "link", "del", BRIDGE], capture_output=True)

    def __exit__(self, *_: object) -> None:
        self._clear()
