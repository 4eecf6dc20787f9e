"""The OpenSSH server, its algorithms and its keys."""
