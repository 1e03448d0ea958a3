"""Multicast is heard on the interface that was named, and on no other."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys

import pytest

from asterix_wire import block
from watchline_sensors.adapters.asterix.adapter import build, check
from watchline_sensors.adapters.asterix.inbox import PortUnavailable
from watchline_sensors.clock import now_us

GROUP = "239.192.86.7"
PLOT = block("f5200007016038400003e80000000c")


def send(group: str, port: int, interface: str, data: bytes = PLOT) -> None:
    """On this interface only, and never off this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
        sender.sendto(data, (group, port))


async def test_a_group_is_heard_on_loopback(radar_config, feed):
    (adapter,) = build([radar_config(listen=f"{GROUP}:0", interface="127.0.0.1")])
    task = asyncio.create_task(adapter.run(feed))
    async with asyncio.timeout(10):
        while not adapter.address[1]:
            await asyncio.sleep(0.01)
    send("239.192.86.8", adapter.address[1], "127.0.0.1")  # another group
    send(GROUP, adapter.address[1], "127.0.0.1")
    await feed.wait_for(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    (health,) = adapter.health(now_us())
    assert health.counters["datablocks_in"] == health.counters["decoded"] == 1


def test_check_tells_what_is_wrong_with_a_group(radar_config):
    assert check([radar_config(listen=f"{GROUP}:0", interface="127.0.0.1")]) == []
    wrong = {
        "needs the IPv4 address of the interface": [
            {"listen": f"{GROUP}:8600"},
            {"listen": f"{GROUP}:8600", "interface": "0.0.0.0"},
            {"listen": f"{GROUP}:8600", "interface": "eth0"},
            {"listen": f"{GROUP}:8600", "interface": GROUP},
        ],
        "is no multicast group": [{"listen": "127.0.0.1:8600", "interface": "127.0.0.1"}],
        "over IPv4 only": [{"listen": "[ff02::1]:8600", "interface": "::1"}],
        "needs no listen or interface": [
            {"connect": "127.0.0.1:8600"},
            {"connect": "127.0.0.1:8600", "listen": None, "interface": "127.0.0.1"},
        ],
        "connect: use an address and a port": [{"connect": "radar", "listen": None}],
        "203.0.113.9": [],
    }
    for words, options in wrong.items():
        for one in options:
            (problem,) = check([radar_config(**one)])
            assert words in problem


async def test_an_interface_that_is_not_here_is_said_so(radar_config, feed):
    config = radar_config(listen=f"{GROUP}:0", interface="203.0.113.9")
    (problem,) = check([config])
    assert GROUP in problem
    with pytest.raises(PortUnavailable):
        await build([config])[0].run(feed)


IN_A_NAMESPACE = """
import socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
pair = ["ip", "link", "add", "wl0", "type", "veth", "peer", "name", "wl1"]
subprocess.run(pair, check=True)
for name, address in (("wl0", "10.77.0.1"), ("wl1", "10.77.1.1")):
    subprocess.run(["ip", "address", "add", address + "/24", "dev", name], check=True)
    subprocess.run(["ip", "link", "set", name, "up"], check=True)
from watchline_sensors.adapters.asterix.endpoint import Endpoint
from watchline_sensors.adapters.asterix.inbox import bound_socket
group, port = "239.192.86.7", 8600
pinned = bound_socket(Endpoint(group, port, "10.77.1.1"))
# Somebody else here has joined the group on the first interface.
other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
other.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                 socket.inet_aton(group) + socket.inet_aton("10.77.0.1"))
for interface in ("10.77.0.1", "10.77.1.1"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
        sender.sendto(interface.encode(), (group, port))
heard = []
while True:
    try:
        heard.append(pinned.recv(100).decode())
    except BlockingIOError:
        break
print(heard)
"""


def test_what_comes_by_another_interface_is_not_heard():
    """In a network namespace of its own, with two interfaces that lead to each other alone."""
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"):
        pytest.skip("NOT TESTED: pinning of multicast to its interface needs root, ip and unshare")
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", IN_A_NAMESPACE],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "Operation not permitted" in done.stderr or "not supported" in done.stderr:
        pytest.skip(f"NOT TESTED: no network namespace here: {done.stderr.strip()[-200:]}")
    assert done.stdout.strip() == "['10.77.1.1']", done.stderr
