"""Tests of hipscan.evidence."""
