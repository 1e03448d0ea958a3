"""Two network namespaces, `tower` and `hub`, and a wire that can lose packets or fall silent.

The addresses exist inside the namespaces alone. Packets are dropped where they arrive, at random
with nft, because netem is in few kernels; a partition says nothing to either side.
"""

import os
import re
import subprocess

ADDRESSES = {"tower": "10.213.77.1", "hub": "10.213.77.2"}


class NoNet(Exception):
    """This machine lets us make no namespaces; the text says why."""


class Net:
    """The two namespaces; always `close` them."""

    def __init__(self) -> None:
        if os.geteuid() != 0:
            raise NoNet("network namespaces need root")
        self._names = {side: f"watchline-{os.getpid()}-{side}" for side in ADDRESSES}
        try:
            for name in self._names.values():
                _run("ip", "netns", "add", name)
            _run(
                "ip", "-n", self._names["tower"], "link", "add", "wire", "type", "veth",
                "peer", "name", "wire", "netns", self._names["hub"],
            )  # fmt: skip
            for side, name in self._names.items():
                _run("ip", "-n", name, "address", "add", f"{ADDRESSES[side]}/24", "dev", "wire")
                for device in ("lo", "wire"):
                    _run("ip", "-n", name, "link", "set", device, "up")
            self.lose(0)
        except NoNet:
            self.close()
            raise

    def within(self, side: str) -> list[str]:
        """What to put before a command that shall run there."""
        return ["/usr/bin/env", "ip", "netns", "exec", self._names[side]]

    def lose(self, percent: int) -> None:
        """Lose this share of the packets of either direction from now on; 100 is a partition."""
        rules = f"""
            add table inet faults
            delete table inet faults
            table inet faults {{
                chain arriving {{
                    type filter hook input priority 0;
                    iifname "wire" numgen random mod 100 <= {percent - 1} drop
                }}
            }}"""
        if percent == 0:
            rules = "add table inet faults\ndelete table inet faults"
        for side in ADDRESSES:
            _run(*self.within(side), "nft", "-f", "-", stdin=rules)

    def silent_s(self, side: str) -> list[float]:
        """For how long each established connection of a side has not received anything."""
        said = _run(*self.within(side), "ss", "-tniHO", "state", "established")
        return [int(ms) / 1000 for ms in re.findall(r"lastrcv:(\d+)", said)]

    def close(self) -> None:
        """Remove both namespaces and with them the link."""
        for name in self._names.values():
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def _run(*command: str, stdin: str | None = None) -> str:
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise NoNet(f"there is no {command[0]}") from error
    if done.returncode != 0:
        raise NoNet(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
