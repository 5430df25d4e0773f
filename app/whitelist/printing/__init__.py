"""The list as people hand it on: a spreadsheet, a page to print, a PDF. Each is made from the batch alone."""
