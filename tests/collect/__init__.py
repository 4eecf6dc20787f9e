"""Tests of hipscan.collect."""
