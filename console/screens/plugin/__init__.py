"""The parts of the page of plugins: state, functions, trying one, last calls, and a sample to begin with."""
