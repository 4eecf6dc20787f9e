"""The table of lifecycles that ships with hipscan: how it is made, and that it is what was made."""
