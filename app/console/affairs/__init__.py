"""What civil affairs does: what waits, the register, workbooks, batches and the list."""
