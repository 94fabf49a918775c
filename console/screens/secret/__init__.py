"""Parts of the page of secrets."""
