"""Console: the marketer's pages. They talk to the server by HTTP alone and never import `server`."""
