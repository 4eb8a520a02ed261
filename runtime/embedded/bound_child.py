"""Run a program as a child that ends when its parent does, even by `kill -9`.

Started by path with the bare interpreter (`python -I -S bound_child.py OPTIONS -- PROGRAM ...`),
so it imports the standard library only. The order matters: dropping privileges clears the death
signal, so it is set after; and a parent that died before it was set sends none, so look again.
"""

import argparse
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PARENT_GONE = 77


def main(arguments: list[str]) -> None:
    """Become the program. Exits 77 when the parent is gone already."""
    split = arguments.index("--")
    options, program = _options(arguments[:split]), arguments[split + 1 :]
    os.setsid()  # a ctrl-c in the terminal is the parent's to handle, in its order
    if options.gid is not None:
        os.setgroups([])
        os.setgid(options.gid)
    if options.uid is not None:
        os.setuid(options.uid)
    if options.directory:
        os.chdir(options.directory)
    if options.umask is not None:
        os.umask(options.umask)
    _end_with_parent(options.signal)
    if os.getppid() != options.parent:
        sys.exit(PARENT_GONE)
    os.execv(program[0], program)  # noqa: S606 (no shell is the point)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bound_child")
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--signal", type=int, required=True)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--umask", type=int)
    parser.add_argument("--directory")
    return parser.parse_args(arguments)


def _end_with_parent(death_signal: int) -> None:
    # The parent blocks signals now and then; an inherited mask would hold the death signal back.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")


if __name__ == "__main__":
    main(sys.argv[1:])
