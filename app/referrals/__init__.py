"""Pushes of the white list to banks, what each bank does about each entry, and what becomes of it."""
