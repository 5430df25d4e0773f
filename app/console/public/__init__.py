"""What anybody may see: the start page, the self-check, the calculator, policies, the published list."""
