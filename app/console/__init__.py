"""The face of the house: pages in Chinese, rendered here, for everybody who works with it.

A page asks the API in its reader's name, within the process, and shows the answer: whoever may not read or do a thing
over the API cannot on a page either, and both say the same. Nothing here knows a table, a rule or a clause.
"""
