"""Collecting: probes become one script, its reply becomes a snapshot."""
