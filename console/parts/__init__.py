"""Pieces that several screens draw: panes, notices, chips, chat. None but `away` calls the server on its own."""
