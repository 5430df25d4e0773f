"""Cases: an institution, one of its projects, needs or loans, as the facts that rules ask and where they stand."""
