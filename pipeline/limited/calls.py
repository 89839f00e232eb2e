"""A filter on system calls (seccomp): no new process, no network, no file written or changed, no other process touched.

It holds for root as well, which a limit on the number of processes does not, needs no privilege, and cannot be taken
off again. Where the kernel or the processor is another, the child runs with its other limits alone.
"""

from __future__ import annotations

import ctypes
import errno
import os
from typing import NamedTuple

_LOAD, _AND_JUMP, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x45, 0x15, 0x35, 0x06  # BPF
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in what the filter sees; eight bytes an argument
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2  # prctl
_OTHER_ABI = 0x40000000  # x32: the same calls under other numbers
_THREAD = 0x00010000  # of clone's flags
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class _Machine(NamedTuple):
    """Numbers of the calls on one kind of processor."""

    audit: int  # how the kernel names the processor
    refused: tuple[int, ...]
    opening: tuple[tuple[int, int], ...]  # calls that open a file: number, argument that has the flags
    clone: int
    tgkill: int
    prlimit: int


# pidfd_send_signal, io_uring_setup, pidfd_open, pidfd_getfd, process_madvise, fchmodat2, setxattrat, removexattrat
_COMMON = (424, 425, 434, 438, 440, 452, 463, 466)
_TOO_NEW = (435, 437)  # clone3, openat2: their flags lie where no filter sees them; libraries fall back
_MACHINES = {
    "x86_64": _Machine(
        0xC000003E,
        (
            *(41, 42, 49, 50, 53, 44, 46),  # socket, connect, bind, listen, socketpair, sendto, sendmsg
            *(57, 58, 59, 322),  # fork, vfork, execve, execveat
            *(62, 200, 129, 297, 101, 310, 311),  # kill, tkill, sigqueue (2), ptrace, process_vm_readv and _writev
            *(76, 82, 264, 316, 83, 258, 84, 85, 86, 265, 87, 263, 88, 266),  # truncate, rename, mkdir, ..., symlink
            *(90, 91, 268, 92, 93, 94, 260, 133, 259, 132, 235, 261, 280),  # chmod, chown, mknod, utime
            *(165, 272, 321, 323),  # mount, unshare, bpf, userfaultfd
            *(141, 144, 314),  # setpriority, sched_setscheduler, sched_setattr
            *(188, 189, 190, 197, 198, 199),  # setxattr, removexattr
            *(29, 30, 31, 64, 65, 66, 68, 69, 71, 240, 241),  # shared memory, semaphores, message queues
            *(248, 249, 250),  # keys of the kernel
        ),
        ((2, 1), (257, 2)),
        56,
        234,
        302,
    ),
    "aarch64": _Machine(
        0xC00000B7,
        (
            *(198, 203, 200, 201, 199, 206, 211),
            *(221, 281),
            *(129, 130, 138, 240, 117, 270, 271),
            *(45, 38, 276, 34, 37, 35, 36),
            *(52, 53, 54, 55, 33, 88),
            *(40, 97, 280, 282),
            *(140, 119, 274),
            *(5, 6, 7, 14, 15, 16),
            *(194, 195, 196, 190, 191, 193, 186, 187, 188, 180, 181),
            *(217, 218, 219),
        ),
        ((56, 2),),
        220,
        131,
        261,
    ),
}


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def forbid_calls() -> bool:
    """Put the filter on this process for good; whether it is on."""
    machine = _MACHINES.get(os.uname().machine)
    if machine is None:
        return False
    rows = _program(machine)
    program = _Program(len(rows), (_Instruction * len(rows))(*(_Instruction(*row) for row in rows)))
    call = ctypes.CDLL(None, use_errno=True).prctl
    if call(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(call(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


_Row = tuple[int, int, int, int]


def _program(machine: _Machine) -> list[_Row]:
    """Rows of (code, jump if true, jump if false, constant)."""
    deny, allow = _refuse(errno.EPERM), (_RETURN, 0, 0, _ALLOW)
    rows: list[_Row] = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, machine.audit), deny, (_LOAD, 0, 0, _NUMBER)]
    rows += [(_AT_LEAST, 0, 1, _OTHER_ABI), deny]
    for number in (*machine.refused, *_COMMON):
        rows += [(_EQUAL, 0, 1, number), deny]
    for number in _TOO_NEW:
        rows += [(_EQUAL, 0, 1, number), _refuse(errno.ENOSYS)]
    for number, argument in machine.opening:
        rows += _unless(number, argument, (_AND_JUMP, 0, 1, _WRITES))
    rows += _unless(machine.clone, 0, (_AND_JUMP, 1, 0, _THREAD))  # a thread is no process
    rows += _unless(machine.tgkill, 0, (_EQUAL, 1, 0, os.getpid()))  # abort() sends itself a signal
    rows += _unless(machine.prlimit, 0, (_EQUAL, 1, 0, 0))  # its own limits
    return [*rows, allow]


def _unless(number: int, argument: int, test: _Row) -> list[_Row]:
    """Refuse call `number` where `test` of the low half of its `argument` goes to the next row."""
    low = _ARGUMENTS + 8 * argument
    return [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, low), test, _refuse(errno.EACCES), (_RETURN, 0, 0, _ALLOW)]


def _refuse(number: int) -> _Row:
    return (_RETURN, 0, 0, _ERRNO | number)
