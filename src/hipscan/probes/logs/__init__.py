"""Logs: where records go, how long they stay."""
