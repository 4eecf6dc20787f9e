"""Tests of hipscan.cli."""
