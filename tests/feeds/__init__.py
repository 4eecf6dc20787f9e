"""Tests of hipscan.feeds."""
