"""The benchmark: the rules kernel and the quote beside other engines, in one run and as ratios."""
