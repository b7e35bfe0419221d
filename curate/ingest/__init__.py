"""Reading sources: every input format becomes the same documents, with their origin."""
