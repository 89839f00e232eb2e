"""The parent: whatever becomes of the child, the next request is answered; whose fault it was decides what happens."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pipeline.limited.process
from pipeline.limited import LimitedProcess, PageError
from schemas.manifest import Reason

Limited = Callable[..., LimitedProcess]
S = signal


def once(process: LimitedProcess, op: str, value: Any = None, body: bytes = b"", most: int = 1 << 20) -> Any:
    """One request without any second chance: (value, how many were asked of this child), or the body."""

    def parse(head: dict[str, Any], payload: bytes | bytearray) -> Any:
        return bytes(payload) if op == "echo" and body else (head["value"], head["asked"])

    return process.ask({"op": op, "value": value}, body, parse, most)


def asked(process: LimitedProcess, op: str, value: Any = None, own: int = 1) -> Any:
    return process.insist(lambda: once(process, op, value), own)


def failure(process: LimitedProcess, op: str, value: Any = None) -> PageError:
    with pytest.raises(PageError) as caught:
        asked(process, op, value)
    assert caught.value.detail.isprintable()
    return caught.value


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(min_size=1, max_size=100), value=st.text(max_size=20))
def test_any_body_comes_back_as_it_was(limited: Limited, body: bytes, value: str) -> None:
    with limited() as process:
        assert once(process, "echo", value, body) == body
        assert once(process, "echo", value) == (value, 2)


def test_a_body_of_many_pieces_comes_back_as_it_was(limited: Limited) -> None:
    body = os.urandom(5_000_001)
    assert once(limited(), "echo", None, body, most=len(body)) == body


def test_an_answer_larger_than_it_may_be_is_not_believed(limited: Limited) -> None:
    with pytest.raises(PageError, match="killed: its process answered nonsense: ValueError: a message of"):
        once(limited(), "echo", None, b"12345", most=4)


@pytest.mark.parametrize("number", [S.SIGSEGV, S.SIGABRT, S.SIGBUS, S.SIGILL, S.SIGFPE, S.SIGTRAP, S.SIGSYS])
def test_what_a_page_does_to_its_process_is_its_own_fault(limited: Limited, number: int) -> None:
    process = limited()
    error = failure(process, "signal", number)
    assert (error.reason, error.detail) == (Reason.KILLED, f"its process died of {S.Signals(number).name}")
    assert asked(process, "echo") == (None, 1)
    assert process.incarnation == 2, "it was alone: one death is enough"


def test_a_death_in_a_child_with_a_past_is_tried_again_alone(limited: Limited) -> None:
    process = limited()
    asked(process, "echo")
    assert failure(process, "signal", S.SIGSEGV).reason is Reason.KILLED
    asked(process, "echo")
    assert process.incarnation == 3
    assert asked(process, "echo", own=3) == (None, 2)
    with pytest.raises(PageError):
        asked(process, "signal", S.SIGSEGV, own=3)
    asked(process, "echo")
    assert process.incarnation == 4, "its past was what the job would have done itself"


def test_what_an_earlier_request_has_spoilt_is_made_good(limited: Limited) -> None:
    """A job that fails in a used child and succeeds in a new one is no failure."""
    process = limited()
    asked(process, "echo")

    def job() -> Any:
        return once(process, "signal", S.SIGABRT) if process.incarnation == 1 else once(process, "echo", "good")

    assert process.insist(job) == ("good", 1)


@pytest.mark.parametrize("number", [S.SIGKILL, S.SIGTERM])
def test_a_child_that_is_ended_from_outside_is_replaced(limited: Limited, number: int) -> None:
    process = limited()

    def job() -> Any:
        child = process.ready()["pid"]
        if process.incarnation < 3:
            os.kill(child, number)
        return once(process, "echo", "here")

    assert process.insist(job) == ("here", 1)
    assert process.incarnation == 3


def test_a_machine_without_memory_stops_the_run_and_rejects_no_page(limited: Limited) -> None:
    process = limited()

    def job() -> Any:
        os.kill(process.ready()["pid"], signal.SIGKILL)
        return once(process, "sleep", 20)

    with pytest.raises(RuntimeError, match=r"3 processes in a row were ended by SIGKILL.*out of memory: use fewer"):
        process.insist(job)
    assert process.incarnation == 0
    assert asked(process, "echo") == (None, 1)


def test_a_child_that_died_between_two_requests_is_replaced(limited: Limited) -> None:
    process = limited()
    asked(process, "echo")
    os.kill(process.ready()["pid"], signal.SIGSEGV)
    deadline = time.monotonic() + 10
    while process._child is not None and process._child.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    assert asked(process, "echo") == (None, 1)


def test_the_clock_gives_a_second_chance_alone_and_twice_as_long(limited: Limited) -> None:
    process = limited(wall_seconds=0.4)
    asked(process, "echo")
    began = time.monotonic()
    error = failure(process, "sleep", 30)
    assert (error.reason, error.detail) == (Reason.TIMEOUT, "no answer in 0.8 s")
    assert 1.2 <= time.monotonic() - began < 15
    assert asked(process, "sleep", 0.6) == (None, 1), "too slow at first, and just in time alone"
    assert process.incarnation == 4


def test_the_cpu_is_counted_for_each_request(limited: Limited) -> None:
    process = limited(cpu_seconds=1)
    error = failure(process, "spin")
    assert (error.reason, error.detail) == (Reason.TIMEOUT, "more than 1 s of CPU")
    assert asked(process, "echo") == (None, 1)


def test_memory_is_limited_and_the_process_not_used_again(limited: Limited) -> None:
    process = limited(address_space=400 << 20)
    assert asked(process, "allocate", 1 << 20) == (1 << 20, 1)
    for op in ("allocate", "stumble"):
        error = failure(process, op, 1 << 30)
        assert (error.reason, error.detail) == (Reason.KILLED, "out of the memory it may use")
        assert process.incarnation == 0


def test_a_refusal_costs_no_process(limited: Limited) -> None:
    process = limited()
    assert failure(process, "refuse", "damaged").reason is Reason.DAMAGED
    assert asked(process, "echo") == (None, 2)


def test_a_fault_of_ours_is_no_fault_of_a_page(limited: Limited) -> None:
    process = limited()
    with pytest.raises(RuntimeError, match=r"a_service_of_the_tests ended with 1: .*KeyError: 'no such thing'"):
        asked(process, "no such thing")
    with pytest.raises(RuntimeError, match="ended with 3: it said nothing"):
        asked(process, "exit", 3)


def test_a_child_that_cannot_start_says_why(limited: Limited, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match=r"could not start, it ended with 1: .*the model is missing") as e:
        asked(limited({"start": "fail"}), "echo")
    assert str(e.value).isprintable()
    with pytest.raises(RuntimeError, match=r"could not start, it ended with SIGSEGV"):
        asked(limited({"start": "signal", "signal": signal.SIGSEGV}), "echo")
    with pytest.raises(RuntimeError, match=r"3 processes in a row were ended by SIGKILL"):
        asked(limited({"start": "signal", "signal": signal.SIGKILL}), "echo")
    with pytest.raises(RuntimeError, match=r"3 processes in a row were ended by SIGKILL"):
        limited({"start": "signal", "signal": signal.SIGKILL}).ready()
    monkeypatch.setattr(pipeline.limited.process, "_STARTING", 0.5)
    with pytest.raises(RuntimeError, match=r"was not ready after 0.5 s"):
        asked(limited({"start": "sleep"}), "echo")


def test_a_child_is_recycled(limited: Limited) -> None:
    process = limited(recycle_after=2)
    assert [asked(process, "echo")[1] for _ in range(5)] == [1, 2, 1, 2, 1]
    assert process.incarnation == 3


def test_complaints_and_prints_stop_nothing(limited: Limited) -> None:
    process = limited()
    assert asked(process, "complain", 3_000_000) == (None, 1)
    assert asked(process, "print", "what a library says") == (None, 2)
    assert asked(process, "echo", "in step") == ("in step", 3)
    with pytest.raises(RuntimeError, match="ended with 7: .*what a library says") as caught:
        asked(process, "exit", 7)
    assert len(str(caught.value)) < 1000


def test_nothing_secret_is_inherited_or_shown(limited: Limited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    process = limited({"passwords": ["open-sesame"]})
    found, _ = asked(process, "environment")
    assert set(found) <= {
        "CUDA_VISIBLE_DEVICES", "LC_ALL", "LD_LIBRARY_PATH", "MKL_NUM_THREADS", "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS", "PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH",
    }  # fmt: skip
    for name in ("environ", "cmdline"):
        shown = Path(f"/proc/{process.pid}/{name}").read_bytes()
        assert b"very-secret" not in shown
        assert b"sesame" not in shown


def test_a_parent_with_many_files_open_can_still_ask(limited: Limited) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2000:
        pytest.skip("this machine allows fewer files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        assert asked(limited(), "echo") == (None, 1)
    finally:
        for handle in files:
            os.close(handle)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_files_and_no_processes_are_left(limited: Limited) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    pids = []
    for _ in range(5):
        process = limited()
        pids.append(process.ready()["pid"])
        process.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
