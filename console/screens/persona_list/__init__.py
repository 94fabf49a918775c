"""Pieces of the list of personas."""
