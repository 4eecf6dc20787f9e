"""Real hosts to scan, made and thrown away by the tests; see `hosts.py`."""
