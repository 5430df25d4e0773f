"""Policy documents and their clauses, support programmes, dated parameters and reference rates."""
