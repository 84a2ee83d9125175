"""Order books: one folder for each dialect."""
