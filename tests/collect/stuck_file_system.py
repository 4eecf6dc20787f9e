"""A FUSE file system that takes every request and never answers, for one command.

    unshare --mount --propagation private python -m tests.collect.stuck_file_system DIR COMMAND...

Needs root and /dev/fuse. The first request, INIT, is answered, because a process that waits for
an earlier one can still be killed; one that waits for any later answer cannot.
"""

import ctypes
import os
import struct
import subprocess
import sys
import threading

_INIT = 26
_INIT_OUT = struct.Struct("<IIIIHHIIHH28x")  # fuse_init_out, minor version 31
_MAX_REQUEST = 1 << 20


def mount(folder: str) -> int:
    """Mount the file system on `folder`; return the descriptor that keeps it."""
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"stuck", folder.encode(), b"fuse.stuck", 0, options.encode()):
        raise OSError(ctypes.get_errno(), "mount")
    return device


def serve(device: int) -> None:
    """Answer INIT and nothing else."""
    while True:
        request = os.read(device, _MAX_REQUEST)
        opcode, unique = struct.unpack_from("<IQ", request, 4)
        if opcode == _INIT:
            body = _INIT_OUT.pack(7, 31, 0, 0, 12, 9, 4096, 1, 1, 0)
            os.write(device, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)


def main() -> int:
    """Run a command while the file system is mounted; standard input and output are its own."""
    folder, *command = sys.argv[1:]
    device = mount(folder)
    threading.Thread(target=serve, args=(device,), daemon=True).start()
    status = subprocess.run(command, check=False).returncode
    sys.stdout.flush()
    os._exit(status)  # the descriptor closes with us, which frees whoever is stuck


if __name__ == "__main__":
    main()
