"""Records of runs, and tables and figures that are made from records."""
