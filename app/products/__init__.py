"""Banks and their loan products: typed terms, rules in the same language as programmes, published versions."""
