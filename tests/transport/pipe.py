"""A ProxyCommand: joins standard input and output to HOST PORT."""

import os
import socket
import sys
import threading


def main() -> None:
    """Copy both ways until either side ends."""
    peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))

    def down() -> None:
        while data := peer.recv(65536):
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    threading.Thread(target=down, daemon=True).start()
    while data := os.read(0, 65536):
        peer.sendall(data)


if __name__ == "__main__":
    main()
