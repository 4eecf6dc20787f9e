"""Fixtures of the transports' tests."""

from tests.sshd import start_sshd

__all__ = ["start_sshd"]
