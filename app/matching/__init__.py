"""Matching: what a case is eligible for, why, what is missing, and how much interest subsidy it would get."""
