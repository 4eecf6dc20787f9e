"""Probes: for each kind of fact, the shell that reads it and the parser that types it."""
