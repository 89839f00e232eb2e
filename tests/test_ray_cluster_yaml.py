"""The cluster file, the KubeRay example and the commands in the documentation: valid, safe, and of this version."""

from __future__ import annotations

import copy
import re
import shlex
from importlib import import_module
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).resolve().parents[1]
CLUSTER_FILE = ROOT / "ray_cluster.yaml"
RAYJOB_FILE = ROOT / "docs/kuberay-rayjob.yaml"
GUIDE = ROOT / "docs/cluster.md"
RAY = version("ray")


@pytest.fixture
def given() -> dict[str, Any]:
    """The file as it is."""
    return dict(yaml.safe_load(CLUSTER_FILE.read_text()))


@pytest.fixture
def config(given: dict[str, Any]) -> dict[str, Any]:
    """The file as `ray up` sees it after filling in its defaults; nothing here asks AWS."""
    return dict(prepare_config(copy.deepcopy(given)))


@pytest.fixture
def rayjob() -> dict[str, Any]:
    """The KubeRay example."""
    return dict(yaml.safe_load(RAYJOB_FILE.read_text()))


def test_ray_accepts_the_file(config: dict[str, Any]) -> None:
    validate_config(config)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("max_worker",), 3),
        (("docker", "imagee"), "x"),
        (("available_node_types", "cpu", "resources"), "16"),
        (("available_node_types", "cpu", "min_workers"), "none"),
        (("setup_commands",), "pip install"),
    ],
)
def test_ray_refuses_a_broken_one(config: dict[str, Any], place: tuple[str, ...], value: object) -> None:
    inner = config
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        validate_config(config)


def test_what_a_cluster_is_made_of(config: dict[str, Any]) -> None:
    assert config["provider"]["type"] == "aws"
    types = config["available_node_types"]
    assert types.keys() == {"head", "cpu", "gpu"}
    assert config["head_node_type"] == "head"
    assert types["head"]["resources"] == {"CPU": 0}, "no work on the node that everything hangs on"
    assert types["head"]["max_workers"] == 0
    assert types["gpu"]["resources"]["GPU"] >= 1
    assert "GPU" not in types["cpu"]["resources"]


def test_growth_has_limits(given: dict[str, Any]) -> None:
    workers = {name: kind for name, kind in given["available_node_types"].items() if name != "head"}
    assert all(kind["min_workers"] == 0 and 0 < kind["max_workers"] <= 64 for kind in workers.values())
    assert given["max_workers"] == sum(kind["max_workers"] for kind in workers.values())
    assert given["upscaling_speed"] > 0
    assert given["idle_timeout_minutes"] > 0


def _images(config: dict[str, Any]) -> list[str]:
    kinds = config["available_node_types"].values()
    return [config["docker"]["image"], *(kind["docker"]["worker_image"] for kind in kinds if "docker" in kind)]


def test_images_are_pinned_to_the_ray_of_the_lock(config: dict[str, Any]) -> None:
    assert f"ray=={RAY}" in (ROOT / "requirements.lock").read_text().splitlines()
    assert len(_images(config)) == 2
    for image in _images(config):
        assert re.fullmatch(rf"rayproject/ray:{re.escape(RAY)}-py311-(cpu|gpu)", image), image


def _start(config: dict[str, Any], who: str) -> list[str]:
    (command,) = [line for line in config[f"{who}_start_ray_commands"] if "ray start" in line]
    return shlex.split(command)


def test_everybody_needs_the_token(config: dict[str, Any]) -> None:
    options = shlex.split(" ".join(config["docker"]["run_options"]))
    env = dict(value.split("=", 1) for flag, value in pairwise(options) if flag == "--env")
    assert env["RAY_AUTH_MODE"] == "token", "in the container of every node, and so in everything started there"
    assert env["RAY_AUTH_TOKEN_PATH"] in config["file_mounts"], "the file is brought to every node"
    assert env["RAY_USAGE_STATS_ENABLED"] == "0"
    for kind in config["available_node_types"].values():
        assert not kind.get("docker", {}).get("worker_run_options"), "nothing that could undo it"
    for who in ("head", "worker"):
        assert not any("RAY_AUTH" in word for word in _start(config, who))


def test_nothing_listens_to_the_world(config: dict[str, Any]) -> None:
    head = _start(config, "head")
    assert "--dashboard-host=127.0.0.1" in head
    assert "--head" in head
    assert "--address=$RAY_HEAD_IP:6379" in _start(config, "worker")
    assert "security_group" not in config["provider"], "no inbound rule beside Ray's own: SSH, and the cluster itself"
    for text in (CLUSTER_FILE.read_text(), str(config)):
        assert "0.0.0.0" not in text
        assert "::/0" not in text


@pytest.mark.parametrize("path", [CLUSTER_FILE, RAYJOB_FILE, GUIDE], ids=lambda path: path.name)
def test_no_secret_is_written_down(path: Path) -> None:
    text = path.read_text()
    assert not re.findall(r"\b[0-9a-fA-F]{32,}\b", text), "a token"
    assert not re.findall(r"\bAKIA[0-9A-Z]{16}\b|aws_secret_access_key|BEGIN [A-Z ]*PRIVATE KEY", text)
    assert not re.findall(r"RAY_AUTH_TOKEN\s*[=:]\s*\S", text), "the token itself, where its path belongs"


def test_what_is_mounted_is_there_and_installs(given: dict[str, Any]) -> None:
    mounts = given["file_mounts"]
    local = [Path(path) for path in mounts.values() if not path.startswith("~")]
    assert local == [Path("requirements.lock")]
    lines = (ROOT / local[0]).read_text().splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pinned if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.]*", line)] == []
    installs = [command for command in given["setup_commands"] if "/home/ray/pagemill/requirements.lock" in command]
    assert len(installs) == len(given["setup_commands"]) == 2
    assert any(line.startswith("opencv-python-headless==") for line in pinned), "the second command looks for it"


def _options(module: str) -> set[str]:
    """Long options of `python -m module`, as its --help lists them."""
    app = typer.Typer()
    app.command()(getattr(import_module(module), module.rpartition(".")[2]))
    command = typer.main.get_command(app)
    return {name for parameter in command.params for name in [*parameter.opts, *parameter.secondary_opts]}


def _commands(text: str) -> list[list[str]]:
    """Every `python -m jobs.<name> ...` of a text, to the end of its line."""
    return [shlex.split(found, comments=True) for found in re.findall(r"python -m (jobs\.\S[^\n`]*)", text)]


@pytest.mark.parametrize("path", [GUIDE, RAYJOB_FILE, ROOT / "README.md"], ids=lambda path: path.name)
def test_commands_that_are_shown_exist(path: Path) -> None:
    commands = [words for words in _commands(path.read_text()) if "<" not in words[0]]
    assert commands
    for module, *words in commands:
        if "..." not in words and "…" not in words:
            assert {word for word in words if word.startswith("--")} <= _options(module), (path.name, module)


def test_an_unknown_option_would_be_found() -> None:
    ((module, *words),) = _commands("run `python -m jobs.ingest IN --out OUT --wrokers 2` now")
    assert {word for word in words if word.startswith("--")} - _options(module) == {"--wrokers"}


def test_rayjob_is_one(rayjob: dict[str, Any]) -> None:
    assert (rayjob["apiVersion"], rayjob["kind"]) == ("ray.io/v1", "RayJob")
    spec = rayjob["spec"]
    cluster = spec["rayClusterSpec"]
    assert cluster["rayVersion"] == RAY
    assert cluster["enableInTreeAutoscaling"] is True
    (group,) = cluster["workerGroupSpecs"]
    assert group["groupName"] == "cpu"
    assert 0 == group["minReplicas"] < group["maxReplicas"]
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    assert cluster["headGroupSpec"]["serviceType"] == "ClusterIP"
    words = shlex.split(spec["entrypoint"])
    assert words[:3] == ["python", "-m", "jobs.ingest"]
    cpus = group["maxReplicas"] * int(_containers(rayjob)[1]["resources"]["limits"]["cpu"])
    assert int(words[words.index("--workers") + 1]) == cpus, "as many workers as the cluster can hold"


def _containers(rayjob: dict[str, Any]) -> list[dict[str, Any]]:
    cluster = rayjob["spec"]["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    return [container for group in groups for container in group["template"]["spec"]["containers"]]


def test_rayjob_containers(rayjob: dict[str, Any]) -> None:
    auth = rayjob["spec"]["rayClusterSpec"]["authOptions"]
    assert auth["mode"] == "token"
    for container in _containers(rayjob):
        assert container["image"].rpartition(":")[2].startswith(f"{RAY}-py311"), container["image"]
        assert container["resources"]["requests"].keys() == container["resources"]["limits"].keys() == {"cpu", "memory"}
        env = {entry["name"]: entry for entry in container["env"]}
        assert env["RAY_AUTH_MODE"]["value"] == "token"
        assert env["RAY_AUTH_TOKEN"]["valueFrom"]["secretKeyRef"] == {"name": auth["secretName"], "key": "auth_token"}
        assert "value" not in env["RAY_AUTH_TOKEN"]
    out = shlex.split(rayjob["spec"]["entrypoint"])
    mounts = [mount["mountPath"] for container in _containers(rayjob) for mount in container["volumeMounts"]]
    assert all(out[out.index("--out") + 1].startswith(mount + "/") for mount in mounts), "every node sees the output"


def test_guide_builds_the_image_of_this_version() -> None:
    text = GUIDE.read_text()
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == [f"rayproject/ray:{RAY}-py311-cpu"]
    copied = set(re.findall(r"^COPY (\S+) ", text, re.MULTILINE))
    assert copied == {"requirements.lock", "schemas", "pipeline", "model", "jobs"}
    (opencv,) = re.findall(r"opencv-python-headless==[0-9.]+", text)
    assert opencv in (ROOT / "requirements.lock").read_text().splitlines()
