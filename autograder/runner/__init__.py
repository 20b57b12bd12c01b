"""One job a notebook, on any concurrent.futures executor."""
