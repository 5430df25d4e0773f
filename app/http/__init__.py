"""The edge: requests read strictly, units of work, problems in Chinese, and the schemas that rooms share."""
