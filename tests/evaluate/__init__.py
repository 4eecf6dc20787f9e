"""Tests of hipscan.evaluate."""
