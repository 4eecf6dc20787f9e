"""Tests of hipscan.rules."""
