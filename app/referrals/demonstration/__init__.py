"""The demonstration's year: lists drawn up, pushed and answered, and what waits at every desk today.

By the same program as anybody's, with the demonstration's fictional people: every step, number and message is there.
"""
