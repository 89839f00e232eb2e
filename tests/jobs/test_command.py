"""How commands end, and what a submitted job refuses."""

from __future__ import annotations

import pytest

from jobs.command import require_lasting
from pipeline.places import file_system


def test_a_relative_path_is_refused_inside_a_submitted_job_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_JOB_CONFIG_JSON_ENV_VAR", raising=False)
    require_lasting("--out", "pages")
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}")
    require_lasting("--out", "/shared/pages")
    require_lasting("--out", "s3://bucket/pages")
    with pytest.raises(ValueError, match="--out must be an absolute path or a URL"):
        require_lasting("--out", "pages")


@pytest.mark.parametrize("place", ["memory://x", "zip://pages.zip", "simplecache::s3://bucket/x", "zip://a::/b.zip"])
def test_what_does_not_last_is_no_place_for_results(place: str) -> None:
    with pytest.raises(ValueError, match=f"--out must be a folder or the URL of an object store, got '{place}'"):
        require_lasting("--out", place)


@pytest.mark.parametrize(
    "place", ["pages", "a::b", "zip/a", "zip::a", "file:///pages", "s3://bucket/a::b", "nonsense://x"]
)
def test_other_places_are_for_who_opens_them_to_refuse(place: str) -> None:
    require_lasting("--out", place)
    if "nonsense" in place:
        with pytest.raises(ValueError, match="Protocol not known: nonsense"):
            file_system(place)
