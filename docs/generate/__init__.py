"""Writes the pages of docs/ that are found out from the code: `make docs`."""
