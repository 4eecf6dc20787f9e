"""Tests of hipscan.report."""
