"""How commands end, and what a submitted job refuses."""

from __future__ import annotations

import pytest

from jobs.command import require_lasting


def test_a_relative_path_is_refused_inside_a_submitted_job_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_JOB_CONFIG_JSON_ENV_VAR", raising=False)
    require_lasting("--out", "pages")
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}")
    require_lasting("--out", "/shared/pages")
    require_lasting("--out", "s3://bucket/pages")
    with pytest.raises(ValueError, match="--out must be an absolute path or a URL"):
        require_lasting("--out", "pages")
