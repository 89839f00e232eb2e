"""A Ray cluster of two nodes on loopback, as real as one machine can have it.

Each node is `ray start` in a session of its own, with its own loopback address, temporary folder and working
directory, one CPU, token authentication, and a virtual environment that holds the dependencies and no checkout.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import psutil
import pytest
from support.processes import kill_tree

ROOT = Path(__file__).resolve().parents[2]
HEAD, SECOND = "127.0.0.2", "127.0.0.3"  # Ray takes 127.0.0.1 for a mistake and uses the host's address instead
_STARTED = 120.0  # seconds that a node may take on a busy machine
_STOPPED = 30.0
_COMMON = ("--block", "--num-cpus=1", "--object-store-memory=100000000", "--dashboard-agent-listen-port=0")


@dataclass(frozen=True)
class Submitted:
    """A job that `ray job submit` waited for."""

    id: str
    code: int
    output: str


@dataclass
class Cluster:
    """Two nodes and what a client needs to use them; everything of theirs lies in `folder`."""

    folder: Path
    ports: dict[str, int] = field(
        default_factory=lambda: dict(zip(("gcs", "dashboard", "client"), _free(3), strict=True))
    )
    nodes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{HEAD}:{self.ports['gcs']}"

    @property
    def dashboard(self) -> str:
        return f"http://127.0.0.1:{self.ports['dashboard']}"

    @property
    def token(self) -> Path:
        return self.folder / "token"

    @property
    def python(self) -> Path:
        """The nodes' interpreter: all dependencies, no project."""
        return self.folder / "venv" / "bin" / "python"

    def env(self, *, token: bool = True) -> dict[str, str]:
        """The environment of a client of the cluster, with nothing of the test's own."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "PYTHON", "PYTEST", "VIRTUAL_ENV"))}
        auth = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(self.token)}
        return kept | {"RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"} | (auth if token else {})

    def get(self, path: str, *, token: bool = True) -> Any:
        """JSON that the dashboard's HTTP interface gives for `path`."""
        headers = {"Authorization": f"Bearer {self.token.read_text()}"} if token else {}
        with urlopen(Request(self.dashboard + path, headers=headers), timeout=30) as answer:
            return json.load(answer)

    def alive(self) -> dict[str, str]:
        """Node id -> address of the nodes that are there."""
        rows = self.get("/api/v0/nodes")["data"]["result"]["result"]
        return {row["node_id"]: row["node_ip"] for row in rows if row["state"] == "ALIVE"}

    def worked(self, job: Submitted) -> set[str]:
        """Addresses of the nodes on which actors of `job` held a CPU."""
        number = self.get(f"/api/jobs/{job.id}")["job_id"]
        rows = self.get("/api/v0/actors?detail=1&limit=1000")["data"]["result"]["result"]
        nodes = self.alive()
        # In a placement group the resource is called CPU_group_..., and Ray's own helpers hold none.
        mine = [row for row in rows if row["job_id"] == number and "CPU" in "".join(row["required_resources"])]
        return {nodes[row["node_id"]] for row in mine}

    def submit(self, *entrypoint: object, wait: bool = True) -> Submitted:
        """`ray job submit` of the checkout, exactly as a person types it."""
        name = f"test-{secrets.token_hex(6)}"
        head = [_program("ray"), "job", "submit", "--address", self.dashboard, "--working-dir", str(ROOT)]
        options = ["--submission-id", name, *([] if wait else ["--no-wait"])]
        done = run([*head, *options, "--", *map(str, entrypoint)], env=self.env(), cwd=self.folder, timeout=280)
        return Submitted(name, done.returncode, done.stdout)

    def stop_job(self, job: str) -> str:
        """`ray job stop`; the state that the job is in after it."""
        run([_program("ray"), "job", "stop", "--address", self.dashboard, job], env=self.env(), timeout=120)
        return str(self.get(f"/api/jobs/{job}")["status"])

    def start(self) -> None:
        """Bring both nodes up and wait until each has joined."""
        ports = [f"--port={self.ports['gcs']}", f"--ray-client-server-port={self.ports['client']}"]
        board = ["--dashboard-host=127.0.0.1", f"--dashboard-port={self.ports['dashboard']}", "--disable-usage-stats"]
        self._node("head", "--head", f"--node-ip-address={HEAD}", *ports, *board, *_COMMON)
        self._until(lambda: HEAD in self.alive().values(), "the head answers")
        self.start_second()

    def start_second(self) -> None:
        """Bring the second node up, for the first time or after it was killed."""
        self._node("second", f"--address={self.address}", f"--node-ip-address={SECOND}", *_COMMON)
        self._until(lambda: sorted(self.alive().values()) == [HEAD, SECOND], "the second node joins")

    def kill_second(self) -> None:
        """SIGKILL for the second node and all that it started, as when a machine loses power."""
        kill_tree(psutil.Process(self.nodes.pop().pid))
        left = _living_in(self.folder / "second") + _living_in(self.folder / "s")
        for pid in left:
            os.kill(pid, signal.SIGKILL)

    def join(self, name: str, address: str, *wrapped: str) -> subprocess.Popen[bytes]:
        """One more node, whose command is wrapped in another one; it ends with the cluster at the latest."""
        self._node(name, f"--address={self.address}", f"--node-ip-address={address}", *_COMMON, wrapped=wrapped)
        self._until(lambda: address in self.alive().values(), f"{name} joins")
        return self.nodes[-1]

    def leave(self, node: subprocess.Popen[bytes], name: str, address: str) -> None:
        """End a node that joined, and wait until the cluster knows."""
        self.nodes.remove(node)
        kill_tree(psutil.Process(node.pid))
        for pid in _living_in(self.folder / name) + _living_in(self.folder / name[0]):
            os.kill(pid, signal.SIGKILL)
        self._until(lambda: address not in self.alive().values(), f"{name} leaves")

    def _node(self, name: str, *options: str, wrapped: Sequence[str] = ()) -> None:
        place = self.folder / name
        place.mkdir(exist_ok=True)
        env = self.env() | {"PATH": f"{self.python.parent}:{os.environ['PATH']}"}
        env["RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"] = "3"
        env["RAY_memory_monitor_refresh_ms"] = "0"  # it counts the memory of everybody on this machine
        start = [str(self.python), "-m", "ray.scripts.scripts", "start", f"--temp-dir={self.folder / name[0]}"]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.nodes.append(
                subprocess.Popen(
                    [*wrapped, *start, *options],
                    cwd=place,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _STARTED
        while time.monotonic() < deadline and all(node.poll() is None for node in self.nodes):
            try:
                if holds():
                    return
            except (URLError, TimeoutError, ConnectionError):
                pass  # not listening yet
            time.sleep(0.5)
        logs = "\n".join(log.read_text(errors="replace")[-2000:] for log in sorted(self.folder.glob("*.log")))
        raise RuntimeError(f"gave up waiting until {what}:\n{logs}")

    def stop(self) -> list[str]:
        """End exactly this cluster's processes; what had to be killed the hard way, and what is left behind."""
        shared = {name for pid in _living_in(self.folder) for name in _shared_memory(pid)}
        for node in reversed(self.nodes):
            node.send_signal(signal.SIGTERM)
            try:
                node.wait(_STOPPED)
            except subprocess.TimeoutExpired:
                os.killpg(node.pid, signal.SIGKILL)  # the session that this test opened for it
                node.wait()
        deadline = time.monotonic() + 15
        while (left := _living_in(self.folder)) and time.monotonic() < deadline:
            time.sleep(0.2)
        names = [f"process {pid}: {_title(pid)}" for pid in left]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return names + [f"shared memory {name}" for name in shared if Path(name).exists()]


def run(command: list[Any], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, both outputs in one."""
    return subprocess.run(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _free(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def _living_in(folder: Path) -> list[int]:
    """Processes whose working directory is in `folder`: all of the cluster's, whatever they call themselves."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                here = str((entry / "cwd").readlink())
            except OSError:
                continue  # gone, or another user's
            if here.startswith(f"{folder}/"):
                found.append(int(entry.name))
    return found


def _shared_memory(pid: int) -> set[str]:
    try:
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    except OSError:
        return set()
    return {line.split(maxsplit=5)[5].removesuffix(" (deleted)") for line in lines if "/dev/shm/" in line}


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")[:120]
    except OSError:
        return "gone"


def _bare_environment(folder: Path) -> None:
    """A virtual environment with this one's packages but not its editable installs.

    Python reads `.pth` files of its own site-packages alone; of a folder that one of them names it imports packages.
    """
    run([sys.executable, "-m", "venv", "--without-pip", folder], timeout=120).check_returncode()
    (own,) = folder.glob("lib/python*/site-packages")
    installed = [path for path in sys.path if Path(path).name == "site-packages"]
    (own / "installed.pth").write_text("\n".join(installed) + "\n")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """The cluster, for all tests of a module; nothing of it is left when it ends."""
    if sys.platform != "linux":
        pytest.skip("needs Linux: every address of 127.0.0.0/8 is loopback there")
    folder = Path(tempfile.mkdtemp(prefix="rc", dir="/tmp"))  # short: sockets have 107 bytes for their path
    made = Cluster(folder)
    try:
        made.token.write_text(secrets.token_hex(32))
        made.token.chmod(0o600)
        _bare_environment(folder / "venv")
        made.start()
        yield made
    finally:
        left = made.stop()
        shutil.rmtree(folder, ignore_errors=True)
    assert not left
