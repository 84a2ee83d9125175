"""Numbers: compiled functions over arrays; they know nothing of the model's words."""
