"""Tests of hipscan.documents."""
