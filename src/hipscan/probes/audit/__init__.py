"""Audit rules: what they would record, in the files and in the kernel."""
