"""Probes: for each kind of fact, the shell that reads it and the parser that types it.

Each topic has a folder. What all of them are made of lies here: the contract (`base`), the table,
what follows from facts (`derived`), and shell that several topics share.
"""
