"""The clerk's workbook: its columns, the template, reading it in a process of its own, and giving it back marked."""
