"""Filters that judge a document on its own."""
