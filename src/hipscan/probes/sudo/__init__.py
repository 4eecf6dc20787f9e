"""sudo and other ways in which root runs what somebody else says."""
