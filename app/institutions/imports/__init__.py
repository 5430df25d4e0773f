"""Imports of workbooks: checked first, then written as a whole or in part, and taken back within a day.

POST ─▶ job + operation ─▶ runner (a thread of any server) ─▶ check: rows of the sheet beside the registry
                                                           ├▶ write: checked again, chunk by chunk
                                                           └▶ undo: compensating versions
"""
