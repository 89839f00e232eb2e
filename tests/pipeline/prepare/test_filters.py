"""Which pages are worth a sample."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.prepare.filters import SCRIPTS, Unfit, check_page, script_share
from schemas.manifest import Reason


def test_script_shares() -> None:
    assert script_share(["Hello", "world"], ["latin"]) == 1.0
    assert script_share(["привет", "мир", "a"], ["latin"]) == 0.1
    assert script_share(["привет", "мир", "a"], ["latin", "cyrillic"]) == 1.0
    assert script_share(["漢字", "かな"], ["cjk"]) == 0.5
    assert script_share(["\uff46\uff55"], ["latin"]) == 1.0
    assert script_share(["12.5", "%", "\ufffd"], ["latin"]) == 1.0  # no letters: not of another script
    assert script_share([], ["latin"]) == 1.0


def test_every_script_has_letters() -> None:
    """A name that Unicode does not know would leave every page out."""
    letters = [chr(code) for code in range(0x30000) if chr(code).isalpha()]
    for script in SCRIPTS:
        assert any(script_share([letter], [script]) == 1.0 for letter in letters), script


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ((5, 1, ()), Reason.TOO_FEW_WORDS),
        ((4, 241, ()), Reason.PAGE_TOO_SMALL),
        ((4, 240, ("cyrillic", "greek")), Reason.OTHER_SCRIPT),
    ],
)
def test_what_is_left_out(make_document: Any, rules: Any, reason: Reason) -> None:
    page = make_document("one", [["ka", "lo", "mi", "жук"]]).page(0).record
    assert page.size == (240, 320)
    with pytest.raises(Unfit) as unfit:
        check_page(page, *rules)
    assert unfit.value.reason is reason
    check_page(page, 4, 240, ("latin",))
