"""Frameworks: catalogues of controls, and what a run says of them."""
