"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--dist loadgroup` processes share the tests by file, and one of them does all that a cluster is for."""
    for item in items if config.pluginmanager.hasplugin("xdist") else ():
        group = "cluster" if item.get_closest_marker("cluster") else str(item.path.relative_to(ROOT))
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The developers' folder of real documents and reference outputs; users do not have it."""
    folder = ROOT.parent / "shared"
    if not (folder / "design.md").is_file():
        pytest.skip("needs the developers' shared folder beside the project")
    return folder
