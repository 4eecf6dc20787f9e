"""Accounts: who they are, how they log in, and what a login starts with."""
