"""What a bank does: candidates, borrowers, follow-up, products with their rules, deliveries."""
