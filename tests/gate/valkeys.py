"""Real Valkey or Redis servers on loopback, one or a cluster of six, to count in."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from broadsheet.plumbing.meter_address import MeterAddress
from tools import valkey

HOST = "127.0.0.1"
MASTERS = 3
SLOTS = 16384
NODE_TIMEOUT = 4000  # Milliseconds after which a silent node is taken for dead.
# A cluster's nodes also talk on the port 10,000 above, so both must be free, and both
# must lie below those that the system gives to whoever asks for any.
BLOCK = 10
BUS = 10_000


def _free(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((HOST, port)) != 0


def _first_port() -> int:
    """Return the first of a block of ports that nobody has. Runs beside others begin apart."""
    begin = 20_000 + BLOCK * (os.getpid() % 200)
    for first in (*range(begin, 22_000, BLOCK), *range(20_000, begin, BLOCK)):
        ports = range(first, first + BLOCK)
        if all(_free(port) and _free(port + BUS) for port in ports):
            return first
    raise RuntimeError("No ten ports are free between 20000 and 22000.")


FIRST_PORT = _first_port()


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class OneServer:
    """A server process in a folder of its own."""

    def __init__(self, folder: Path, port: int, *options: str) -> None:
        self.folder, self.port = folder / str(port), port
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.folder.mkdir()
        self.start()

    @property
    def address(self) -> MeterAddress:
        return MeterAddress(((HOST, self.port),))

    def client(self) -> Redis:
        return Redis(HOST, self.port, protocol=2)

    def start(self) -> None:
        path = valkey.find()
        if path is None:
            pytest.fail(valkey.MISSING)
        self._process = subprocess.Popen(
            [
                *(path, "--port", str(self.port), "--bind", HOST),
                *("--dir", str(self.folder), "--save", "", *self._options),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_die_with_parent,
        )
        until(self._answers)

    def _answers(self) -> bool:
        with self.client() as client:
            return bool(client.ping())

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def empty(self) -> None:
        with self.client() as client:
            client.flushall()

    def rows(self) -> dict[bytes, dict[bytes, bytes]]:
        with self.client() as client:
            return {key: client.hgetall(key) for key in client.keys("*")}


class SixServers:
    """A cluster: three masters, each with a replica."""

    def __init__(self, folder: Path, first_port: int) -> None:
        options = (
            *("--cluster-enabled", "yes"),
            *("--cluster-node-timeout", str(NODE_TIMEOUT)),
            *("--cluster-require-full-coverage", "no"),
        )
        ports = range(first_port, first_port + 2 * MASTERS)
        self.nodes = [OneServer(folder, port, *options) for port in ports]
        self._join()

    @property
    def address(self) -> MeterAddress:
        """Only two of the six; the others must be found."""
        named = tuple((HOST, node.port) for node in self.nodes[:2])
        return MeterAddress(named, cluster=True)

    def _join(self) -> None:
        first = self.nodes[0].port
        for place, node in enumerate(self.nodes):
            with node.client() as client:
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", place + 1)
                client.execute_command("CLUSTER", "MEET", HOST, first)
                if place < MASTERS:
                    share = [SLOTS * n // MASTERS for n in (place, place + 1)]
                    client.execute_command(
                        "CLUSTER", "ADDSLOTSRANGE", share[0], share[1] - 1
                    )
        until(lambda: all(self._sees_all(node) for node in self.nodes))
        for master, replica in zip(
            self.nodes[:MASTERS], self.nodes[MASTERS:], strict=True
        ):
            with master.client() as one, replica.client() as other:
                name = one.execute_command("CLUSTER", "MYID")
                other.execute_command("CLUSTER", "REPLICATE", name)
        self.settle()

    def _sees_all(self, node: OneServer) -> bool:
        with node.client() as client:
            seen = client.execute_command("CLUSTER NODES")
            return len(seen) == len(self.nodes)

    def settle(self) -> None:
        """Wait until every slot is served, and every master has its replica."""
        until(lambda: all(self._whole(node) for node in self.nodes), within=30)

    def _whole(self, node: OneServer) -> bool:
        with node.client() as client:
            role = client.info("replication")
            told = client.execute_command("CLUSTER INFO")
        if role["role"] == "master":
            paired = role["connected_slaves"] == 1
        else:
            paired = role["master_link_status"] == "up"
        return paired and told["cluster_state"] == "ok"

    def master_of(self, key: bytes) -> OneServer:
        """Return the server that has `key`'s slot now."""
        with self.nodes[0].client() as client:
            slot = client.execute_command("CLUSTER", "KEYSLOT", key)
        return next(
            node for node in self.masters() if any(slot in r for r in node_slots(node))
        )

    def masters(self) -> list[OneServer]:
        return [node for node in self.nodes if node_slots(node)]

    def empty(self) -> None:
        for node in self.masters():
            node.empty()

    def rows(self) -> dict[bytes, dict[bytes, bytes]]:
        found: dict[bytes, dict[bytes, bytes]] = {}
        for node in self.masters():
            found |= node.rows()
        return found

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()


def node_slots(node: OneServer) -> list[range]:
    """Return the slots that the node says it serves itself; none if it is dead."""
    try:
        with node.client() as client:
            nodes = client.execute_command("CLUSTER NODES")
    except RedisError:
        return []
    (own,) = [one for one in nodes.values() if "myself" in one["flags"]]
    return [range(int(share[0]), int(share[-1]) + 1) for share in own["slots"]]


def until(answer, within: float = 15.0) -> None:
    began = time.monotonic()
    while True:
        try:
            if answer():
                return
        except RedisError:
            pass
        if time.monotonic() - began > within:
            raise AssertionError("a server of the tests does not answer")
        time.sleep(0.05)
