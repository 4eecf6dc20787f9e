"""Tests of hipscan.fleet."""
