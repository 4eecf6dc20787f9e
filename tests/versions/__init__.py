"""Tests of hipscan.versions, against what the package managers themselves said."""
