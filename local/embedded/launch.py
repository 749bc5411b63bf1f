"""Run another program that ends with its parent and, if requested, is not root.

Run by path in a fresh interpreter: `python -I -S launch.py PARENT SIGNAL UID:GID|- COMMAND…`.
The alternative, a `preexec_fn`, is unsafe in a parent with threads
(https://docs.python.org/3/library/subprocess.html#subprocess.Popen).
Standard library only; imports nothing of this project.
"""

import ctypes
import os
import struct
import sys

# Numbers of linux/prctl.h, linux/securebits.h and linux/capability.h.
PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
LINUX_CAPABILITY_VERSION_3 = 0x20080522


def leave_root(uid: int, gid: int) -> None:
    """Stop being root, but keep the capability to enter directories that only root may enter.

    So the program runs in a home below `/root` or in a directory of mode 700 with unchanged permissions. If the
    capability cannot be kept, the program still starts if it can reach its files.
    See https://man7.org/linux/man-pages/man7/capabilities.7.html.
    """
    linux = sys.platform == "linux"
    libc = ctypes.CDLL(None, use_errno=True)
    if linux:  # without this bit, the capability is lost with the user, and access(2) denies what open(2) permits
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if linux:
        header = struct.pack("=Ii", LINUX_CAPABILITY_VERSION_3, 0)
        kept = 1 << CAP_DAC_OVERRIDE
        if libc.capset(header, struct.pack("=6I", kept, kept, kept, 0, 0, 0)) == 0:
            libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def end_with_parent(parent: int, signal: int) -> None:
    """Make the kernel send this process a signal when the thread that started it ends.

    Linux only. On other systems, the next start in the same home stops leftover processes. Call this after
    `leave_root`, because a change of user clears it (https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html).
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if os.getppid() != parent:  # the parent had ended before
        sys.exit(1)


def main() -> None:
    """Read the arguments, and replace this process by the command."""
    parent, signal, user, *command = sys.argv[1:]
    try:
        if user != "-":
            uid, gid = user.split(":")
            leave_root(int(uid), int(gid))
        end_with_parent(int(parent), int(signal))
        os.execv(command[0], command)  # noqa: S606 - this is the purpose of the module
    except OSError as error:
        sys.exit(f"Cannot run {command[0]}: {error}")


if __name__ == "__main__":
    main()
