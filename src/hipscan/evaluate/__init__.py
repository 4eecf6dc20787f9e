"""Judging: snapshot, rules and knowledge become findings. Pure."""
